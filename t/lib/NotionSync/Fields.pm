package NotionSync::Fields;
# What NotionSyncFields auto create=both does with a database server.
#
#     my $sync = fields_with(pgsql => $server, table => 'SELECT 1');
#     column_and_property($sync, 'text[]', '{x,y}', ['x', 'y']);
use strict;
use warnings;
use Exporter qw(import);
use NotionSync::Sync;

our @EXPORT = qw(fields_with column_and_property);

# A sync whose table is not there: it is made, and filled with the pages.
sub fields_with {
    my (%opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $sync = start_sync(
        fields   => qq{  NotionSyncField "E-mail" <-> email\n  NotionSyncField "Created" -> made\n  NotionSyncFields auto create=both\n},
        external => 'timezone=Europe/Berlin',
        mapping  => qq{NotionSyncMatch "E-mail" email\nNotionSyncFilter notion Name != "Nobody"},
        before   => sub {
            $_[0]->add_pages({ name => 'Ada', notes => "a\nb \x{1f600}", score => 1.5, kind => 'person', tags => [qw(old vip)], stage => 'Won',
                due => '2026-03-01', vip => 1, site => 'https://example.org/', email => 'ada@example.org', phone => '+44 1' },
                map { { name => "Page $_", score => $_ } } 1 .. 10);
        },
        %opt,
    );
    wait_ok { eval { $sync->sql('SELECT * FROM contacts'); 1 } } 30, 'the table is made';
    $sync->wait_equal(what => 'and filled');
    $sync->add_row(name => 'From the table', kind => 'company', due => '2026-04-01');
    $sync->wait_page('From the table', kind => 'company', due => '2026-04-01', what => 'a row gets its page');
    $sync->wait_quiet;
    $sync->verify_ok(equal => 12);
    return $sync;
}

# A property that comes later gets its column; a column of @$type becomes a multi-select that shows @$choices.
sub column_and_property {
    my ($sync, $type, $value, $choices) = @_;
    my ($sim, $source) = ($sync->sim, $sync->source);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $sim->sim(PATCH => "data_source/$source", { properties => { 'Next step!' => { type => 'rich_text' } } });
    wait_ok { my $row = eval { $sync->sql("SELECT * FROM contacts WHERE name = 'Ada'")->[0] }; $row && exists $row->{next_step} } 30,
        'a new property gets its column';
    $sync->wait_quiet;
    $sync->sql("UPDATE contacts SET next_step = 'call' WHERE name = 'Page 2'");
    wait_ok { grep { ($_->{properties}{'Next step!'} // '') eq 'call' } $sync->raw_pages } 30, 'and is synced';
    $sync->wait_quiet;
    my $httpd = $sync->httpd;
    $httpd->stop;
    $sync->sql("ALTER TABLE contacts ADD COLUMN labels $type");
    $sync->sql("UPDATE contacts SET labels = '$value' WHERE name = 'Page 3'");
    $httpd->start;
    my ($page, $property);
    wait_ok {
        ($page) = grep { ($_->{properties}{Name} // '') eq 'Page 3' } $sync->raw_pages;
        @{ $page->{properties}{labels} // [] } == @$choices;
    } 30, 'a new column gets its property, with its values';
    NotionSync::Test::is_deeply([sort @{ $page->{properties}{labels} }], $choices, 'all of them');
    $property = $sim->sim(GET => "data_source/$source")->{properties}{labels};
    NotionSync::Test::is($property->{type}, 'multi_select', 'it is a multi-select');
    NotionSync::Test::is_deeply([sort map { $_->{name} } @{ $property->{options} }], $choices, 'with these choices');
    $sync->wait_quiet;
    $sync->verify_ok(equal => 12);
    return;
}

1;

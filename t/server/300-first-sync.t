# The first sync: what only one side has is created on the other, in both directions, with every type of property; what
# both sides have is paired by the match fields and not doubled; what Notion makes itself arrives in the table. Then
# nothing more is asked or written.
use strict;
use warnings;
use NotionSync::Sync;

my %full = (
    notes => "Two lines,\nwith \"quotes\", 'apostrophes', <markup> and \x{00e4}\x{1f600}", score => 12.5, kind => 'person',
    tags => [qw(old vip)], stage => 'Won', due => '2026-03-01', vip => 1, site => 'https://example.org/?a=1&b=2',
    email => 'ada@example.org', phone => '+44 20 7946 0000',
);
my %empty = map { $_ => undef } @NotionSync::Sync::TWO_WAY;

# --- Notion to an empty table

{
    my $sync = start_sync(before => sub {
        my ($s) = @_;
        $s->add_pages({ name => 'Ada', %full }, { name => 'Bea' }, map { { name => "Page $_", score => $_ } } 1 .. 120);
    });
    my $mark = 0;
    $sync->wait_equal(what => 'an empty table is filled from Notion');
    my $ada = $sync->row('Ada');
    is_deeply({ map { $_ => $ada->{$_} } keys %full }, \%full, 'every type of property arrives');
    is($ada->{no}, 'CON-1', 'the unique id too');
    like($ada->{made}, qr/\A\d{4}-\d\d-\d\d \d\d:\d\d/, 'and the time of creation');
    my $bea = $sync->row('Bea');
    is_deeply({ map { $_ => $bea->{$_} } 'notes', 'score', 'kind', 'due', 'site' },
        { map { $_ => undef } 'notes', 'score', 'kind', 'due', 'site' }, 'empty properties are NULL');
    $sync->wait_quiet;
    my $classes = $sync->classes_since($mark);
    is($classes->{query}, 2, '122 pages were read by two queries');
    is($classes->{page_read} // 0, 0, 'and none singly');
    is($classes->{page_update} // 0, 0, 'and nothing was written to Notion');
    is($sync->status->{active}, 122, 'all are linked');
    $sync->verify_ok(equal => 122);

    $mark = $sync->mark;
    $sync->must('reconcile', 'contacts', '--full');
    is_deeply([grep { $_->{class} !~ /^(?:query|data_source|users_me)$/ } $sync->requests_since($mark)], [],
        'a full reconciliation of what is equal writes nothing');
    $sync->verify_ok(equal => 122);
}

# --- a table to an empty data source

{
    my $sync = start_sync(before => sub {
        my ($s) = @_;
        $s->add_rows({ name => 'Ada', %full }, { name => 'Bea' }, map { { name => "Row $_", tags => ['paid'], vip => $_ % 2 } } 1 .. 20);
    });
    $sync->wait_equal(what => 'an empty data source is filled from the table');
    my $ada = $sync->page('Ada');
    is_deeply({ map { $_ => $ada->{$_} } keys %full }, \%full, 'every type of column arrives');
    is($sync->row('Ada')->{no}, $ada->{no}, 'the number that Notion gave comes back');
    $sync->wait_quiet;
    my $classes = $sync->classes_since(0);
    is($classes->{page_create}, 22, 'each was created once');
    is($classes->{page_update} // 0, 0, 'and not touched again');
    is(scalar(() = $sync->raw_pages), 22, 'no page more');
    $sync->verify_ok(equal => 22);
}

# --- both, with match fields

{
    my $sync = start_sync(
        mapping => "NotionSyncMatch E-mail email",
        before  => sub {
            my ($s) = @_;
            $s->add_pages(
                { name => 'Ada', email => 'ada@example.org', score => 1 },
                { name => 'Ben', email => 'ben@example.org', notes => 'from Notion' },
                { name => 'Only there', email => 'there@example.org' },
                { name => 'Twin 1', email => 'twin@example.org' },
                { name => 'Twin 2', email => 'twin@example.org' },
            );
            $s->add_rows(
                { name => 'Ada', email => 'ada@example.org', score => 1 },
                { name => 'Ben', email => 'ben@example.org', phone => '123' },
                { name => 'Only here', email => 'here@example.org' },
                { name => 'Twin', email => 'twin@example.org' },
            );
        },
    );
    $sync->wait_row('Only there');
    $sync->wait_page('Only here');
    $sync->wait_row('Ben', notes => 'from Notion', what => 'what one side of a pair lacks comes from the other');
    $sync->wait_page('Ben', phone => '123', what => 'and the other way round');
    $sync->wait_quiet;
    my @skip = ('Twin', 'Twin 1', 'Twin 2');
    $sync->wait_equal(skip => \@skip, what => 'all but the ambiguous are equal');
    is(scalar(() = $sync->rows), 5,  'no row was doubled');
    is(scalar(() = $sync->pages), 6, 'no page was doubled');
    my $status = $sync->status;
    is($status->{active}, 4, 'four pairs are linked');
    cmp_ok($status->{held}, '>=', 1, 'the ambiguous ones are held for a person');
    $sync->httpd->log_expect(qr/match\.ambiguous/);
    $sync->verify_ok(equal => 4, excused => 3);
    $sync->must('reconcile', 'contacts', '--full');
    is(scalar(() = $sync->pages), 6, 'also after a full reconciliation');
    $sync->edit_page('Twin 2', email => 'unique@example.org');
    $sync->edit_row('Twin', name => 'Twin 1');
    $sync->wait_quiet;
    is(scalar(() = $sync->rows), 5, 'an edit alone does not tell which of the others belong together');
    $sync->wait_listed;
    $sync->must('reconcile', 'contacts', '--full');
    $sync->wait_equal(what => 'once they are unique a full reconciliation pairs them');
    is(scalar(() = $sync->pages), 6, 'and makes no page');
    is(scalar(() = $sync->rows), 6, 'but the row that was missing');
    $sync->wait_quiet;
    $sync->verify_ok(equal => 6);
}

# --- both, without match fields: a person must decide

{
    my $sync = start_sync(before => sub {
        my ($s) = @_;
        $s->add_pages({ name => 'Ada' });
        $s->add_rows({ name => 'Ada' });
    });
    my $status = $sync->wait_state('waiting');
    like($status->{outcome}{advice} // '', qr/NotionSyncMatch/, 'and the reason says what to do');
    is(scalar(() = $sync->pages), 1, 'nothing was created in Notion');
    is(scalar(() = $sync->rows), 1,  'nor in the table');
    is($sync->ctl('status')->{exit}, 1, 'the tool reports it as a failure');
    $sync->httpd->log_expect(qr/NotionSyncMatch/);
}

finish();

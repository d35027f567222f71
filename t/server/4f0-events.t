# Each of the 31 types of events, of either version of the payload, costs what docs/design/events.md says; what concerns nobody costs nothing. Pages that
# move out of the data source and into it, that are made and trashed at once, a database that goes to the trash.
use strict;
use warnings;
use NotionSync::Hooks;
use NotionSync::Sync;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $sync = start_sync(before => sub { $_[0]->add_pages(map { { name => $_, notes => 'before' } } qw(Moves Stays Other), map { "Page $_" } 1 .. 9) });
my $sim = $sync->sim;
$sync->wait_equal;
$sync->wait_quiet;
my $page = $sync->page_id('Stays');
my $world = $sim->sim(GET => 'world');
my ($ada) = map { $_->{id} } grep { $_->{type} eq 'person' } @{ $world->{users} };
my ($bot, $integration) = @{ $world->{tokens}[0] }{qw(bot_id integration_id)};
my ($source) = grep { $_->{id} eq $sync->source } @{ $world->{data_sources} };
my %id_of = %{ $sim->sim(GET => 'data_source/' . $sync->source)->{properties} };
$id_of{$_} = $id_of{$_}{id} for grep { ref $id_of{$_} } keys %id_of;

# {class => requests} that an event costs, once as many as are expected have been sent and a moment has passed.
sub cost {
    my ($expected, %event) = @_;
    my $mark = $sync->mark;
    is(post_event($sync->httpd, '/notionsync/hook/work', $NotionSync::Sync::HOOK_SECRET, make_event(authors => [{ id => $ada, type => 'person' }], %event))->{status},
        200, "$event{type} is acknowledged");
    for (1 .. 600) {
        last if $sync->requests_since($mark) >= $expected && !$sync->status->{waiting};
        select undef, undef, undef, 0.1;
    }
    select undef, undef, undef, 0.3;
    return $sync->classes_since($mark);
}

# --- the table

my %entity = (page => $page, data_source => $sync->source, database => $source->{database_id});
my @rows = read_file(build_info('srcdir') . '/docs/design/events.md') =~ /^\| `([a-z_.]+)` \| .* \| (\d) \|$/mg;
is(@rows / 2, 31, 'the table has all types');
while (my ($type, $requests) = splice @rows, 0, 2) {
    my ($of) = $type =~ /\A(\w+)/;
    for my $version ('2025-09-03', '2026-03-11') {
        my %data = (parent => { id => $source->{database_id}, type => 'database', $of eq 'page' ? (data_source_id => $sync->source) : () });
        $data{updated_properties} = ['title'] if $type eq 'page.properties_updated';
        $data{updated_blocks} = [{ id => $page, type => 'page' }] if $type eq 'page.content_updated';
        my $asked = cost($requests, type => $type, api_version => $version, entity => { id => $entity{$of} // page_id(7), type => $of }, data => \%data);
        my $class = $of eq 'page' ? 'page_read' : 'data_source';
        is_deeply($asked, $requests ? { $class => 0 + $requests } : {}, "$version: $type costs $requests");
    }
}
is($sync->status->{state}, 'running', 'and the mapping goes on');

# --- what is looked at, and what is not

# An event of nearly three minutes ago: its minute can be listed once more at once (S3.10), so that a request for that is seen, too.
my $edit = sub {
    my ($expected, $properties, @authors) = @_;
    return cost($expected, type => 'page.properties_updated', entity => { id => $page, type => 'page' }, timestamp => utc(time - 172),
        data => { parent => { id => $source->{database_id}, type => 'database', data_source_id => $sync->source }, updated_properties => $properties },
        authors => [map { { id => $_, type => $_ eq $ada ? 'person' : 'bot' } } @authors ? @authors : $ada]);
};
is_deeply($edit->(0, [$id_of{Unmapped}]), {}, 'an event that names an unmapped property costs nothing, not even later');
is_deeply($edit->(2, [$id_of{Unmapped}, $id_of{Notes}]), { page_read => 1, query => 1 }, 'one that names a mapped one beside it is looked at, and its minute');
my $asked = $edit->(0, [$id_of{Notes}], $bot);
is($asked->{page_read} // 0, 0, 'by our own bot: not looked at');
is($edit->(1, [$id_of{Notes}], $bot, $ada)->{page_read}, 1, 'by our bot and a person: looked at');
is($edit->(1, [$id_of{Notes}], $integration)->{page_read}, 1, 'the id of the integration is not that of its bot');

# --- moved out, and in

my $elsewhere = $sim->sim(POST => 'data_source', { name => 'Elsewhere' })->{id};
my $moves = $sync->page_id('Moves');
$sync->patch_page($moves, { move_to => $elsewhere });
wait_ok { ($sync->must('explain', 'contacts', $moves)->{outcome}{code} // '') eq 'notion.moved' } 20, 'a page that moves out is no delete: its record waits, and says why';
ok($sync->row('Moves'), 'its row stays');
my $stranger = $sim->sim(POST => 'page', { data_source => $elsewhere, properties => { Name => 'Stranger' } })->{id};
$sync->patch_page($_, { move_to => $sync->source }) for $moves, $stranger;
$sync->wait_row('Stranger', what => 'a page that moves in becomes a row');
$sync->edit_page($moves, notes => 'is back');
$sync->wait_row('Moves', notes => 'is back', what => 'one that moves back goes on with its row');
$sync->wait_quiet;
is($sync->must('explain', 'contacts', $moves)->{trouble}, undef, 'and nothing is wrong with it any more');

# --- made and trashed at once, told and not told

for my $cancel ($true, $false) {
    $sim->sim(POST => 'settings', { cancel => $cancel });
    $sync->trash_page($sync->add_page(name => 'In vain'));
    wait_for { $sim->sim(GET => 'idle')->{idle} } 20, 'its events have come';
    $sync->wait_quiet;
    ok(!$sync->row('In vain'), 'a page that was made and trashed leaves nothing' . ($cancel ? '' : ', though both was told'));
}
$sync->wait_equal;

# --- the database goes to the trash: told of by either

for my $told (qw(data_source database)) {
    my $rows = () = $sync->rows;
    $sim->sim(POST => 'settings', { trash_event => $told });
    $sim->sim(PATCH => 'data_source/' . $sync->source, { in_trash => $true });
    $sync->wait_state('blocked', code => qr/^notion\.data_source_trashed$/, what => "$told.deleted: the mapping is blocked");
    is(scalar(() = $sync->rows), $rows, 'and no row is deleted');
    $sim->sim(PATCH => 'data_source/' . $sync->source, { in_trash => $false });
    my $back = time;
    $sync->wait_state('running', what => "$told.undeleted: it goes on");
    cmp_ok(time - $back, '<', 25, 'without waiting for the next time that it would have been looked at');
}
$sync->wait_equal;
$sync->httpd->log_expect(qr/data_source_trashed/, qr/notion\.moved/);

finish();

# Notion's limits: of the connection, the workspace, an endpoint, an overloaded service - all is silent until Retry-After has passed, then it goes on; a
# connection that is blocked for good asks no more until a person says so; queries that are too large ask for less; a full plan and a full data source
# stop creates only; too many properties stop what would be made only.
use strict;
use warnings;
use NotionSync::Sync;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $sync = start_sync(mapping => 'NotionSyncReconcile off', before => sub { $_[0]->add_pages(map { { name => "Record $_" } } 1 .. 60) });
my $sim = $sync->sim;
$sync->httpd->log_allow(qr/notion\.|limit/i);
$sync->wait_equal;
$sync->wait_quiet;

# --- waiting

# The first request that is hit, and the ms from then to the next one of any kind.
sub silence_after {
    my ($id) = @_;
    my @log = $sync->requests_since(0);
    my ($at) = grep { ($log[$_]{fault} // 0) == $id } 0 .. $#log;
    return $at == $#log ? undef : $log[ $at + 1 ]{ms} - $log[$at]{ms};
}

my $number = 0;
for my $case (['the connection', { status => 429, retry_after => 2 }, 2],
    ['the workspace', { status => 429, retry_after => 3, reason => 'public_api_space_request_rate_limit' }, 3],
    ['an endpoint', { status => 429, retry_after => 2, reason => 'public_api_endpoint_rate_limit' }, 2],
    ['a tool', { status => 429, retry_after => 2, reason => 'mcp_tool_rate_limit' }, 2],
    ['overload', { status => 529, retry_after => 2 }, 2], ['overload without Retry-After', { status => 529 }, 1]) {
    my ($what, $action, $seconds) = @$case;
    $sim->sim(DELETE => 'log');
    my $id = $sync->fault('PATCH', '^/v1/pages/', $action);
    my $text = 'edit ' . ++$number;
    $sync->edit_row('Record 1', notes => $text);
    wait_for { $sync->fault_hits($id) } 20, 'it is hit';
    $sync->edit_row("Record $_", notes => $text) for 2 .. 4;
    $sync->wait_page("Record $_", notes => $text, what => "$what: record $_ arrives all the same") for 1 .. 4;
    $sync->wait_quiet;
    my $silence = silence_after($id);
    cmp_ok($silence, '>=', 1000 * $seconds - 5, "$what: nothing at all was asked for $seconds s");
}

# Limits that the service keeps by itself.
for my $set ({ workspace_limit => 3, workspace_wait => 1500 }, { endpoint_limit => 1, limited_endpoint => 'page_update' }) {
    my ($what) = sort keys %$set;
    my $text = 'edit ' . ++$number;
    $sim->sim(POST => 'settings', { %$set, window_ms => 1000, log_responses => $true });
    $sim->sim(DELETE => 'log');
    $sync->edit_row("Record $_", notes => $text) for 1 .. 5;
    $sync->wait_page("Record $_", notes => $text, what => "$what: record $_ arrives", seconds => 40) for 1 .. 5;
    $sync->wait_quiet;
    my @log = $sync->requests_since(0);
    cmp_ok(scalar(grep { $_->{status} == 429 } @log), '>', 0, "$what: it was hit");
    my @early;
    for my $refused (grep { $_->{status} == 429 } @log) {
        my $wait = decode($refused->{response})->{additional_data}{retry_after};
        push @early, grep { $_->{ms} > $refused->{ms} + 150 && $_->{ms} < $refused->{ms} + 1000 * $wait - 5 } @log;
    }
    is(scalar @early, 0, "$what: nothing but what was under way is sent before Retry-After has passed");
    $sim->sim(POST => 'settings', { workspace_limit => 0, workspace_wait => 0, endpoint_limit => 0, window_ms => 60_000 });
}
$sync->verify_ok(equal => 60);

# --- queries that are too large

$sim->sim(POST => 'settings', { query_rows_max => 20 });
$sim->sim(DELETE => 'log');
$sync->must('reconcile', 'contacts', '--full');
my @queries = grep { $_->{class} eq 'query' } $sync->requests_since(0);
is_deeply([map { decode($_->{request})->{page_size} } @queries[0 .. 3]], [100, 50, 25, 12], 'after a 504 a query asks for less');
is($queries[-1]{status}, 200, 'and gets to its end');
is(scalar(grep { $_->{status} == 504 } @queries), 3, 'larger ones are not tried soon: ' . join ' ', map { decode($_->{request})->{page_size} } @queries);
$sim->sim(POST => 'settings', { query_rows_max => 0 });

# --- blocked for good

$sim->sim(POST => 'fault', { action => { status => 429, reason => 'public_api_request_blocked', retry_after => 1 }, times => -1 });
$sync->edit_row('Record 9', notes => 'while it is blocked');
my $status = $sync->wait_state('blocked', code => qr/^notion\.access_blocked$/, what => 'a connection that Notion has blocked');
is($status->{outcome}{retry_at}, undef, 'is not tried again by itself');
like($status->{outcome}{advice}, qr/support.*resume/, 'and says what to do');
my $mark = $sync->mark;
select undef, undef, undef, 2.5;
is(scalar(() = $sync->requests_since($mark)), 0, 'nothing is asked');
$sync->ctl('resume', 'contacts');
wait_ok { () = $sync->requests_since($mark) } 10, 'who resumes it has it asked once more';
$sync->wait_state('blocked', code => qr/^notion\.access_blocked$/, what => 'still blocked');
$sim->sim(DELETE => 'faults');
$sync->ctl('resume', 'contacts');
$sync->wait_page('Record 9', notes => 'while it is blocked', what => 'lifted: it goes on, and nothing was lost');
$sync->wait_quiet;

# --- a full plan, a full data source

for my $case (['block_limit', 'notion.block_limit'], ['row_limit', 'notion.row_limit']) {
    my ($setting, $code) = @$case;
    my $before = () = $sync->pages;
    my $limit = $setting eq 'row_limit' ? 2 + $sync->raw_pages : 2;
    $sim->sim(POST => 'settings', { $setting => $limit });
    $sync->add_rows(map { { name => "$setting $_" } } 1 .. 4);
    wait_ok { my $s = $sync->status; $s->{parked} == 2 && !$s->{waiting} && !$s->{pending} } 30, "$setting: two of four creates are parked";
    my @failed = @{ $sync->must('failures', 'contacts') };
    is_deeply([map { $_->{outcome}{code} // $_->{code} } @failed], [$code, $code], 'with the reason') or diag encode(\@failed);
    is(scalar(() = $sync->pages) - $before, 2, 'the others are there');
    $sync->edit_row('Record 10', notes => "edited at $setting");
    $sync->wait_page('Record 10', notes => "edited at $setting", what => "$setting: edits of pages go on");
    my $gone = $setting eq 'row_limit' ? 'Record 12' : 'Record 11';
    $sync->delete_row($gone);
    wait_ok { !$sync->page($gone) } 20, "$setting: and deletes";
    is($sync->status->{state}, 'running', 'the mapping is not blocked');
    $sim->sim(POST => 'settings', { $setting => $setting eq 'row_limit' ? 250_000 : 0 });
    $sync->must('retry', 'contacts');
    $sync->wait_page("$setting $_", what => "$setting lifted: page $_") for 1 .. 4;
    $sync->wait_quiet;
}
$sync->wait_equal;
$sync->verify_ok;

# --- properties

my $full = start_sync(
    sim    => { property_limit => 2 },
    table  => 'CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, one TEXT, two TEXT)',
    source => { properties => { Name => { type => 'title' } } },
    notion => 'NotionSyncProvision auto',
    fields => qq{  NotionSyncField Name <-> name\n  NotionSyncFields auto create=notion\n},
    before => sub { $_[0]->sql("INSERT INTO contacts (name, one, two) VALUES ('Ada', 1, 2)") },
);
$full->httpd->log_expect(qr/goes on without the fields that are lacking/);
wait_ok { () = $full->raw_pages } 30, 'a data source with no room for more properties: its records are synced without';
like($full->httpd->log_text, qr/cannot have more than 2 properties/, 'in its own words');

finish();

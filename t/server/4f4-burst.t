# A burst of edits costs few requests (S7.1), under Notion's own budget and with queries that lag behind; an edit of the other side that comes while they are
# gathered and read does not wait for them. So does one on the external side of a mapping, where that is a data source: beside the other, in
# another workspace, whose two data sources one service leads to.
use strict;
use warnings;
use NotionSync::Sync;
use Time::HiRes qw(time);

my $away = start_sim();
$away->sim(POST => 'reset', { rate_limit => 180, stale_ms => 300, delay_ms => 20, aggregate_ms => 50, webhook_retry_ms => 200 });
my ($left, $right) = map { $away->sim(POST => 'data_source', { name => $_, properties => { Name => { type => 'title' }, Notes => { type => 'rich_text' } } })->{id} } qw(Left Right);
my $OUTSIDE = 45;
sub pages_away { my ($source) = @_; return grep { !$_->{in_trash} } @{ $away->sim(GET => "pages?data_source=$source&limit=1000")->{pages} } }
sub reads_away { my ($source) = @_; my %of = map { $_->{id} => 1 } pages_away($source); return scalar grep { $_->{class} eq 'page_read' && $of{ $_->{page} } } @{ $away->sim(GET => 'log?limit=10000')->{log} } }
$away->sim(POST => 'page', { data_source => $right, properties => { Name => "Record $_" }, created_ago_ms => 600_000, stale_ms => 0 }) for 1 .. $OUTSIDE;

my $sync = start_sync(notion => 'NotionSyncBudget 180/60s', mapping => 'NotionSyncReconcile off', sim => { rate_limit => 180, stale_ms => 5000, created_stale_ms => 0 }, config => <<'CONF', define => { AWAY => $away->url, LEFT => $left, RIGHT => $right },
<NotionSyncService away notion>
  NotionSyncToken "file:${ROOT}/conf/token"
  NotionSyncEndpoint ${AWAY}
  NotionSyncBudget 180/60s
  NotionSyncHookSecret file:${ROOT}/conf/hook-secret
</NotionSyncService>
<NotionSyncMapping mirror>
  NotionSyncNotion away ${LEFT}
  NotionSyncExternal away ${RIGHT}
  NotionSyncField Name <-> Name
  NotionSyncField Notes <-> Notes
  NotionSyncReconcile off
  NotionSyncDebounce 20ms
</NotionSyncMapping>
CONF
    before => sub { $_[0]->add_pages(map { { name => "Record $_" } } 1 .. 150) });
$away->sim(POST => 'webhook', { url => $sync->httpd->url('/notionsync/hook/away'), token => $NotionSync::Sync::HOOK_SECRET, active => JSON::PP::true() });
$sync->wait_equal;
wait_ok { pages_away($left) == $OUTSIDE } 30, 'what is on the external side is made on the other';
$sync->wait_quiet;
wait_ok { my $s = $sync->status('mirror'); !$s->{waiting} && !$s->{pending} && $away->sim(GET => 'idle')->{idle} } 30, 'nothing is left to do there either';
is(reads_away($right), 0, 'by what its listing shows: none of its pages was read');
my $mark = $sync->mark;
$away->sim(PATCH => "page/$_->{id}", { properties => { Notes => 'burst' } }) for pages_away($right);
$sync->patch_page($_->{page}, { properties => { Notes => 'burst' } }) for $sync->pages;
$sync->edit_row('Record 7', phone => 'meanwhile');
my $edited = time;
$sync->wait_page('Record 7', phone => 'meanwhile', what => 'a row that is edited meanwhile');
cmp_ok(time - $edited, '<', 5 * patience(), 'does not wait for the burst');
my $missing = sub { return scalar grep { ($_->{notes} // '') ne 'burst' } $sync->rows };
cmp_ok($missing->(), '>', 100, 'which is still waited for');
wait_ok { !$missing->() } 60, 'all 150 edits arrive';
$sync->wait_quiet;
my $asked = $sync->classes_since($mark);
cmp_ok($asked->{query} // 0, '>=', 2, 'read by queries');
my $sum = 0;
$sum += $_ for values %$asked;
cmp_ok($sum, '<=', 20, 'with few requests: ' . encode($asked));
is(scalar(grep { $_->{status} != 200 } $sync->requests_since($mark)), 0, 'none of which was refused');
$sync->wait_equal;
$sync->verify_ok(equal => 150);

# --- the other workspace

wait_ok { !grep { ($_->{properties}{Notes} // '') ne 'burst' } pages_away($left) } 120, "all $OUTSIDE edits of the external side arrive";
cmp_ok(reads_away($right), '<=', 20, 'most of them by a query: ' . reads_away($right) . ' pages were read');

finish();

# A burst of edits costs few requests (S7.1), under Notion's own budget and with queries that lag behind; an edit of the other side that comes while they are
# gathered and read does not wait for them.
use strict;
use warnings;
use NotionSync::Sync;
use Time::HiRes qw(time);

my $sync = start_sync(notion => 'NotionSyncBudget 180/60s', mapping => 'NotionSyncReconcile off', sim => { rate_limit => 180, stale_ms => 5000, created_stale_ms => 0 },
    before => sub { $_[0]->add_pages(map { { name => "Record $_" } } 1 .. 150) });
$sync->wait_equal;
$sync->wait_quiet;
my $mark = $sync->mark;
my $start = time;
$sync->patch_page($_->{page}, { properties => { Notes => 'burst' } }) for $sync->pages;
$sync->edit_row('Record 7', phone => 'meanwhile');
my $edited = time;
$sync->wait_page('Record 7', phone => 'meanwhile', what => 'a row that is edited meanwhile');
cmp_ok(time - $edited, '<', 5 * patience(), 'does not wait for the burst');
my $left = sub { return scalar grep { ($_->{notes} // '') ne 'burst' } $sync->rows };
cmp_ok($left->(), '>', 100, 'which is still waited for');
wait_ok { !$left->() } 60, 'all 150 edits arrive';
$sync->wait_quiet;
my $asked = $sync->classes_since($mark);
cmp_ok($asked->{query} // 0, '>=', 2, 'read by queries');
my $sum = 0;
$sum += $_ for values %$asked;
cmp_ok($sum, '<=', 20, 'with few requests: ' . encode($asked));
is(scalar(grep { $_->{status} != 200 } $sync->requests_since($mark)), 0, 'none of which was refused');
$sync->wait_equal;
$sync->verify_ok(equal => 150);

finish();

# Notion ends a query after 10,000 rows. With a cap of 100: the first sync of 130 pages loses none, nor does a reconciliation; and where more pages are edited in one
# minute than a query shows, a full run finds them, and nothing stands still.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = new_sync(sim => { query_cap => 100, short_pages => 0.2 });
my $sim = $sync->sim;
$sim->sim(POST => 'pages', { data_source => $sync->source, count => 130, first => 1, per_minute => 20, properties => { Name => 'Record {n}', Notes => 'before' } });
my $mark = $sync->mark;
$sync->start;
$sync->wait_equal(what => 'all 130 are there', seconds => 60);
$sync->wait_quiet;
is(scalar(() = $sync->rows), 130, 'one row for each page');
my @queries = grep { $_->{class} eq 'query' } $sync->requests_since($mark);
cmp_ok(scalar(grep { ($_->{request} // '') =~ /"on_or_after"/ && $_->{request} =~ /created_time/ } @queries), '>', 0, 'by a second window');
$sync->verify_ok(equal => 130);

# More edits in one minute than a query shows, of which no event told.
$sim->sim(POST => 'settings', { loss => 1 });
my ($minute, $after);
for my $try (1 .. 5) {
    wait_for { (gmtime)[0] < 35 } 30, 'a minute is young';
    ($minute, $after) = (int(time / 60), "after $try");
    $sync->patch_page($_->{page}, { properties => { Notes => $after } }) for $sync->pages;
    last if int(time / 60) == $minute;
}
is(int(time / 60), $minute, 'all were edited within one minute');
$sync->wait_listed;
my $asked = $sync->ctl('reconcile', 'contacts', '--json');
isnt($asked->{exit}, 0, 'an incremental run cannot see them all');
like(encode($asked->{json}) . $asked->{err}, qr/notion\.listing_cut.*a full run sees all of them/, 'and says so');
$sync->wait_equal(what => 'the full run that follows by itself finds them', seconds => 60);
is(scalar(grep { ($_->{notes} // '') eq $after } $sync->rows), 130, 'every one');
$sync->wait_quiet;
is($sync->status->{state}, 'running', 'the mapping was not blocked');
unlike($sync->httpd->log_text, qr/is blocked|: blocked/, 'nor ever');
$sync->verify_ok(equal => 130);

# More pages made in one minute than a query shows cannot be listed: that is said, and nothing is taken for deleted.
$sim->sim(POST => 'pages', { data_source => $sync->source, pages => [map { { properties => { Name => "Import $_" }, created_ago_ms => 6_000_000 } } 1 .. 101] });
$sync->wait_listed;
$asked = $sync->ctl('reconcile', 'contacts', '--full', '--json');
isnt($asked->{exit}, 0, 'a minute with more pages than a query shows cannot be listed to its end');
$sync->wait_state('blocked', code => qr/^notion\.listing_cut$/, what => 'the mapping says so');
is(scalar(() = $sync->trashed), 0, 'no page is trashed');
cmp_ok(scalar(() = $sync->rows), '>=', 130, 'no row is deleted');
$sync->httpd->log_expect(qr/notion\.listing_cut/);

finish();

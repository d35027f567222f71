# Graceful restarts under load: no hook fails, nothing is lost, nothing is made twice, and the request budget holds over
# all generations, as the simulator counts it. Then a full stop and start, and a reload with another configuration.
use strict;
use warnings;
use NotionSync::Sync;

my ($budget, $window) = (60, 4);
my $sync = start_sync(
    notion  => "NotionSyncBudget $budget/${window}s",
    sim     => { rate_limit => $budget, window_ms => 1000 * $window, latency_ms => 20 },
    before  => sub { $_[0]->add_pages(map { { name => "Record $_", notes => 'before' } } 1 .. 60) },
);
$sync->wait_equal;
$sync->wait_quiet;
my $events = $sync->sim->sim(GET => 'events?since=999999999')->{last};
my $mark   = $sync->mark;
my %id     = map { $_->{name} => $_->{page} } $sync->pages;
my %key    = map { $_->{name} => $_->{key} } $sync->rows;
my $generations = 0;

for my $round (1 .. 4) {
    for my $n (1 .. 20) {
        $sync->edit_page($id{"Record $n"}, notes => "page $round");
    }
    $sync->sql("UPDATE contacts SET phone = 'row $round' WHERE id IN (" . join(', ', map { $key{"Record $_"} } 21 .. 60) . ')');
    $sync->add_row(name => "Row $round");
    $sync->add_page(name => "Page $round");
    my @before = $sync->workers;
    $sync->httpd->graceful;
    $generations++;
    # All the while both generations may be running: neither waits for the other to end.
    wait_ok { my %old = map { $_ => 1 } @before; grep { !$old{$_} } $sync->workers } 20, "generation $round has workers of its own";
}
is($generations, 4, 'four graceful restarts');
$sync->wait_equal(seconds => 120, what => 'both sides are equal');
$sync->wait_quiet(seconds => 60);
is(scalar(grep { $_->{notes} eq 'page 4' } map { $sync->row("Record $_") } 1 .. 20), 20, 'every last edit in Notion arrived');
is(scalar(grep { $_->{phone} eq 'row 4' } map { $sync->page("Record $_") } 21 .. 60), 40, 'and every one in the table');
my %count;
$count{ $_->{properties}{Name} }++ for $sync->raw_pages;
is_deeply([grep { $count{$_} > 1 } sort keys %count], [], 'nothing was made twice');
is(scalar keys %count, 68, 'and all is there');

my @failed = map { my $e = $_; map { "$e->{type} " . ($_->{status} // 0) . ' ' . ($_->{error} // '') } grep { ($_->{status} // 0) != 200 } @{ $e->{attempts} } }
    @{ $sync->sim->sim(GET => "events?since=$events&limit=20000")->{events} };
is_deeply(\@failed, [], 'no hook failed');

# Any window of that length, wherever it begins.
my @times = map { $_->{ms} } $sync->requests_since($mark);
my ($most, $from) = (0, 0);
for my $to (0 .. $#times) {
    $from++ while $times[$to] - $times[$from] >= 1000 * $window;
    $most = $to - $from + 1 if $to - $from + 1 > $most;
}
cmp_ok($most, '<=', $budget, "at most $budget requests in any $window seconds");
cmp_ok($most, '>', $budget / 2, 'and the budget was used');
is(scalar(grep { $_->{status} == 429 } $sync->requests_since($mark)), 0, 'none was refused for being one too many');
# The simulator refuses an update that comes while another of the same page is under way.
is(scalar(grep { $_->{status} == 409 } $sync->requests_since($mark)), 0, 'and no page was worked on twice at once');
wait_ok { scalar(() = $sync->workers) == 2 } 60, 'the workers of earlier generations have ended';
$sync->verify_ok;

# --- a new configuration by graceful restart: another field is mapped

my $config = $sync->httpd->config;
$config =~ s{(<NotionSyncMapping contacts>\n)}{$1  NotionSyncField Unmapped <-> extra initial=notion\n};
$sync->httpd->config($config);
$sync->edit_page($id{'Record 1'}, extra => 'not yet');
$sync->httpd->graceful;
$sync->edit_page($id{'Record 2'}, extra => 'mapped now');
$sync->wait_row('Record 2', extra => 'mapped now', seconds => 40, what => 'an added field is synced from then on');
$sync->wait_row('Record 1', extra => 'not yet', seconds => 60, what => 'and what it held before');
$sync->httpd->restart;
$sync->edit_row('Record 3', extra => 'after a restart');
$sync->wait_page('Record 3', extra => 'after a restart', seconds => 40, what => 'a stop and a start');
$sync->wait_quiet(seconds => 60);
$sync->wait_equal;
$sync->secrets_ok;

finish();

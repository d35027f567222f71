# R4, the clock: it is set forward by an hour, back by three, and forward again by a day, while both sides are edited (D56). Edits go
# on arriving in seconds each way, nothing spins, hooks are taken, and both sides are equal. Also across a restart after the
# clock was set back: what is stored then lies in the future.
use strict;
use warnings;
use NotionSync::Clock;
use NotionSync::Sync;
use Time::Piece ();

my $clock = NotionSync::Clock->new(DONT_FAKE_MONOTONIC => 1);
my $sync = start_sync(
    env    => $clock->env,
    before => sub { $_[0]->add_pages(map { { name => "Record $_", notes => 'before' } } 1 .. 6) },
);
$sync->wait_equal(what => 'equal at first');
$sync->wait_quiet;

sub clock_of { my ($answer) = @_; return Time::Piece->strptime($answer->{headers}{date}, '%a, %d %b %Y %T GMT')->epoch }

sub processor_seconds {
    my $ticks = 0;
    for my $pid ($sync->workers) {
        my @stat = split ' ', read_file("/proc/$pid/stat") =~ s/\A\d+ \(.*\) //sr;
        $ticks += $stat[11] + $stat[12];
    }
    return $ticks / 100;
}

my $n = 0;
sub both_ways {
    my ($what) = @_;
    $n++;
    my $before = processor_seconds();
    $sync->edit_page('Record 1', notes => "page $n");
    $sync->edit_row('Record 2', notes => "row $n");
    $sync->add_page(name => "Page $n");
    $sync->add_row(name => "Row $n");
    $sync->wait_row('Record 1', notes => "page $n", what => "$what: an edit in Notion arrives");
    $sync->wait_page('Record 2', notes => "row $n", what => "$what: an edit of the table arrives");
    $sync->wait_row("Page $n", what => "$what: a new page");
    $sync->wait_page("Row $n", what => "$what: a new row");
    $sync->wait_equal(what => "$what: both sides are equal");
    cmp_ok(processor_seconds() - $before, '<', 5, "$what: no worker spins");
    return;
}

both_ways('the right time');
for my $step (['+1h', 1, 'an hour ahead'], ['-2h', -2, 'three hours back'], ['+1d', 24, 'a day ahead'], ['-1d', -24, 'two days back']) {
    my ($offset, $hours, $what) = @$step;
    $clock->set($offset);
    wait_ok {
        my $answer = $sync->httpd->get('/notionsync?auto');
        $answer->{status} == 200 && abs(clock_of($answer) - time - 3600 * $hours) < 60;
    } 10, "$what: the dashboard is there, and tells that time";
    both_ways($what);
}
$sync->httpd->restart;
both_ways('restarted, with a state from the future');
$clock->set('+0');
both_ways('the right time again');
$sync->wait_quiet(seconds => 60, what => 'nothing is left to do');
$sync->verify_ok;
is($sync->status->{parked} + $sync->status->{held}, 0, 'nothing waits for a person');
my @failed = grep { $_->{state} =~ /failed|lost/ } @{ $sync->sim->sim(GET => 'events?since=0&limit=20000')->{events} };
is(scalar @failed, 0, 'every event was taken');
$sync->httpd->log_allow(qr/clock|notion\.|record\./i);
finish();

# Processes die at the worst moment: workers by SIGKILL while a write is in Notion's hands, workers at random instants while
# both sides are edited, an httpd child that is taking hooks, the parent. Nothing acknowledged is lost, nothing is made
# twice, both sides are equal in the end, and no process is left behind. The three servers run side by side, because a
# write of unknown fate is judged only after 90 s (S3.7).
# Takes minutes.
use strict;
use warnings;
use NotionSync::Sync;
use Time::HiRes qw(time);

sub seed { my ($s) = @_; $s->add_pages(map { { name => "Record $_", notes => 'before', score => 0 } } 1 .. 12); return }
my %sync = map { $_ => start_sync(before => \&seed) } qw(write random parent);
for my $name (sort keys %sync) {
    $sync{$name}->wait_equal(what => "$name: equal at first");
    $sync{$name}->wait_quiet;
}
my $start = time;

# --- workers killed while writes are held open, before and after they are performed

my $w = $sync{write};
my %held = (
    'update before' => [PATCH => '^/v1/pages/' . $w->page_id('Record 1') . '$', { delay_ms => 40_000 }],
    'update after'  => [PATCH => '^/v1/pages/' . $w->page_id('Record 2') . '$', { delay_after_ms => 40_000 }],
    'trash before'  => [PATCH => '^/v1/pages/' . $w->page_id('Record 3') . '$', { delay_ms => 40_000 }],
    'create before' => [POST  => '^/v1/pages$', { delay_ms => 40_000 }, body_regex => '"New 1"'],
    'create after'  => [POST  => '^/v1/pages$', { delay_after_ms => 40_000 }, body_regex => '"New 2"'],
    'create cut'    => [POST  => '^/v1/pages$', { delay_ms => 4000, cut_before => JSON::PP::true() }, body_regex => '"New 3"'],
);
my %fault;
for my $case (sort keys %held) {
    my ($method, $path, $action, @match) = @{ $held{$case} };
    $fault{$case} = $w->fault($method, $path, $action, @match);
}
# The new rows first: SQLite gives the number of a last row that is deleted to the next one, which would be an edit of it (S4.4).
$w->add_rows({ name => 'New 1' }, { name => 'New 2' }, { name => 'New 3' });
$w->sql("UPDATE contacts SET notes = 'after' WHERE name IN ('Record 1', 'Record 2'); DELETE FROM contacts WHERE name = 'Record 3'");
wait_ok { !grep { !$w->fault_hits($_) } values %fault } 10, 'six writes are in Notion\'s hands';
my @killed = $w->kill_workers;
cmp_ok(scalar @killed, '>=', 2, 'the workers are killed');
wait_ok { my @now = $w->workers; @now >= 2 && !grep { my $pid = $_; grep { $_ == $pid } @killed } @now } 20, 'others take their place';
$w->edit_row('Record 4', notes => 'by the new ones');
$w->wait_page('Record 4', notes => 'by the new ones', what => 'which work');
$w->edit_page('Record 5', notes => 'by the new ones');
$w->wait_row('Record 5', notes => 'by the new ones', what => 'in both directions');
$w->edit_page('Record 1', score => 11);       # while the fate of our own write is unknown
is($w->status->{pending}, 6, 'the six writes are known to be of unknown fate');
$w->httpd->log_expect(qr/was ended by signal 9/);

# --- workers killed at random instants while both sides are edited

my $r = $sync{random};
my %last;
for my $round (1 .. 8) {
    for my $n (1 .. 4) {
        my $value = 10 * $round + $n;
        $r->edit_page("Record $n", score => $value);
        $last{"Record $n"}{score} = $value;
        my $other = $n + 4;
        $r->edit_row("Record $other", notes => "value $value");
        $last{"Record $other"}{notes} = "value $value";
    }
    $r->add_row(name => "Row $round");
    $r->add_page(name => "Page $round");
    select undef, undef, undef, rand 0.25;       # the instant is to be random: there is nothing to wait for
    $r->kill_workers if $r->workers;
    # A new generation now and then, whose back-off begins anew: it would come to four minutes.
    $r->httpd->graceful unless $round % 2;
    wait_for { scalar(() = $r->workers) >= 1 } 60, 'a worker again';
}
wait_ok { $r->sim->sim(GET => 'idle')->{idle} } 60, 'random: every event was acknowledged';
$r->httpd->log_expect(qr/was ended by signal 9/);

# An httpd child dies while it takes hooks.
my @children = grep { my $pid = $_; !grep { $_ == $pid } $r->workers } $r->httpd->children;
$r->edit_page("Record $_", phone => "p$_") for 9 .. 12;
kill 'KILL', $children[0];
wait_ok { $r->sim->sim(GET => 'idle')->{idle} } 60, 'an httpd child killed: its events are delivered again';
wait_ok { ($r->row('Record 12')->{phone} // '') eq 'p12' } 60, 'and arrive';

# --- the parent killed

my $p = $sync{parent};
my $slow = $p->fault(PATCH => '^/v1/pages/' . $p->page_id('Record 1') . '$', { delay_ms => 3000 });
$p->edit_row('Record 1', notes => 'after');
wait_ok { $p->fault_hits($slow) } 10, 'a write is in Notion\'s hands';
my @orphans = $p->workers;
cmp_ok(scalar @orphans, '>=', 2, 'workers run');
kill 'KILL', $p->httpd->pid;
wait_ok { !grep { kill 0, $_ } @orphans } 20, 'the parent killed: its workers end by themselves';
$p->httpd->kill;                # what httpd itself left behind
$p->edit_row('Record 2', notes => 'while nothing runs');
$p->sql("DELETE FROM contacts WHERE name = 'Record 3'");
$p->edit_page('Record 4', notes => 'while nothing runs');
$p->httpd->start;
$p->wait_page('Record 2', notes => 'while nothing runs', what => 'started again: an edit of the table in between arrives');
wait_ok { !$p->page('Record 3') } 20, 'and a delete';
$p->wait_row('Record 4', notes => 'while nothing runs', seconds => 60, what => 'an event that could not be delivered arrives later');

# --- the end

for my $name (sort keys %sync) {
    my $s = $sync{$name};
    $s->wait_equal(seconds => 200, what => "$name: equal in the end");
    $s->wait_quiet(seconds => 90, what => "$name: nothing is left to do");
    my %count;
    $count{ $_->{properties}{Name} }++ for $s->raw_pages;
    is_deeply([grep { $count{$_} > 1 } sort keys %count], [], "$name: nothing was made twice");
    %count = ();
    $count{ $_->{name} }++ for $s->rows;
    is_deeply([grep { $count{$_} > 1 } sort keys %count], [], "$name: on neither side");
    $s->verify_ok(what => "$name: verify finds both sides equal");
    is($s->status->{parked} + $s->status->{held}, 0, "$name: nothing waits for a person");
}
diag sprintf 'after %.0f s', time - $start;
is($w->page('Record 1')->{notes}, 'after', 'write: an update that was held arrived');
is($w->row('Record 1')->{score}, 11, 'with what was edited meanwhile');
is($w->page('Record 2')->{notes}, 'after', 'and one that was performed');
ok(!$w->page('Record 3'), 'the delete too');
ok($w->page("New $_"), "and the create $_") for 1 .. 3;
is($p->page('Record 1')->{notes}, 'after', 'parent: the write that was held arrived');
for my $name (sort keys %last) {
    my $row = $r->row($name);
    is_deeply({ map { $_ => $row->{$_} } keys %{ $last{$name} } }, $last{$name}, "random: the last edit of $name");
}
ok($r->page("Row $_") && $r->row("Page $_"), "random: what was made in round $_ is there") for 1 .. 8;
$_->httpd->log_allow(qr/notion\.|record\.|worker \d|exit signal|AH00052/) for values %sync;

finish();

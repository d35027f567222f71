# Events are hints: whatever is lost, doubled, late or in disorder on either side, and however old the rows are that a
# query shows, reconciliation makes both sides equal, and nothing is made twice or deleted for it.
use strict;
use warnings;
use NotionSync::Sync;

sub seed { my ($s) = @_; $s->add_pages(map { { name => "Record $_", notes => 'before', tags => ['old'] } } 1 .. 30); return }

sub reconcile_ok {
    my ($sync, $what) = @_;
    $sync->wait_listed;
    $sync->must('reconcile', 'contacts', '--full');
    $sync->wait_equal(what => "$what: equal after one full reconciliation", seconds => 60);
    $sync->wait_quiet;
    $sync->verify_ok(what => "$what: verify agrees");
    return;
}

# --- every event of Notion is lost

my $sync = start_sync(sim => { loss => 1 }, before => \&seed);
$sync->wait_equal;
$sync->wait_quiet;
$sync->edit_page('Record 1', notes => 'unheard');
my $gone = $sync->page_id('Record 2');
$sync->trash_page('Record 2');
$sync->add_page(name => 'Unheard of', notes => 'new');
wait_ok { $sync->sim->sim(GET => 'idle')->{idle} } 10, 'all events are lost';
is($sync->row('Record 1')->{notes}, 'before', 'nobody told of the edit');
reconcile_ok($sync, 'lost in Notion');
is($sync->row('Record 1')->{notes}, 'unheard', 'the edit is there');
ok(!$sync->row('Record 2'), 'the trashed page\'s row is gone');
is($sync->row('Unheard of')->{notes}, 'new', 'the new page has its row');

# --- changes of the table that no trigger told of

my $sneak = sub {
    my ($sql) = @_;
    return $sync->sql("BEGIN; $sql; DELETE FROM _notionsync_change WHERE id > (SELECT max(id) FROM _notionsync_change) - 20; COMMIT");
};
$sneak->("UPDATE contacts SET notes = 'behind the back' WHERE name = 'Record 3'");
$sneak->("DELETE FROM contacts WHERE name = 'Record 4'");
$sneak->($sync->insert_sql(name => 'By stealth'));
reconcile_ok($sync, 'lost in the table');
is($sync->page('Record 3')->{notes}, 'behind the back', 'the edit is there');
ok(!$sync->page('Record 4'), 'the page of the deleted row is trashed');
ok($sync->page('By stealth'), 'the new row has its page');

# --- without a reconciliation: the minute is listed once more (S3.10), for events that come at all

$sync->sim->sim(POST => 'settings', { loss => 0, duplicate => 1, reorder => JSON::PP::true(), delay_ms => 400 });
for my $n (1 .. 6) {
    $sync->edit_page("Record $_", notes => "edit $n", score => $n) for 10 .. 19;
    $sync->edit_row("Record $_", phone => "edit $n") for 10 .. 14;
}
$sync->wait_equal(what => 'doubled and in disorder: equal', seconds => 60);
$sync->wait_quiet;
is(scalar(grep { $_->{score} == 6 && $_->{notes} eq 'edit 6' } map { $sync->row("Record $_") } 10 .. 19), 10, 'and the last edits are what is there');
my %seen;
$seen{ $_->{id} }++ for map { my $e = $_; ($e) x grep { ($_->{status} // 0) == 200 } @{ $e->{attempts} } }
    @{ $sync->sim->sim(GET => 'events?since=0&limit=20000')->{events} };
cmp_ok(scalar(grep { $_ > 1 } values %seen), '>', 5, 'events did come twice');

# --- half of all is lost, and queries show old rows for long

$sync->sim->sim(POST => 'settings', { loss => 0.5, duplicate => 0.3, delay_ms => 100, stale_ms => 3000, stale_random => JSON::PP::true(), short_pages => 0.3 });
for my $n (1 .. 5) {
    $sync->edit_page("Record $_", notes => "half $n") for 20 .. 25;
    $sync->edit_row("Record $_", tags => ["half $n"]) for 23 .. 28;
    $sync->add_page(name => "Half page $n");
    $sync->add_row(name => "Half row $n");
    $sync->must('reconcile', 'contacts', '--full') if $n % 2;
}
wait_ok { $sync->sim->sim(GET => 'idle')->{idle} } 20, 'events have come or were lost';
reconcile_ok($sync, 'half lost, stale rows');
my %count;
$count{ $_->{properties}{Name} }++ for $sync->raw_pages;
is_deeply([grep { $count{$_} > 1 } sort keys %count], [], 'nothing was made twice in Notion');
%count = ();
$count{ $_->{name} }++ for $sync->rows;
is_deeply([grep { $count{$_} > 1 } sort keys %count], [], 'nor in the table');
is($sync->row("Record $_")->{notes}, 'half 5', "Record $_: the last edit in Notion won") for 20 .. 22;
is_deeply($sync->page("Record $_")->{tags}, ['half 5'], "Record $_: and in the table") for 26 .. 28;
is(scalar(() = $sync->trashed), 2, 'nothing more was deleted');
my $mark = $sync->mark;
$sync->must('reconcile', 'contacts', '--full');
is($sync->classes_since($mark)->{page_update} // 0, 0, 'then nothing more is written');

# --- a page that a person trashes just after we made it: Notion tells of neither, and listings of edits do not show what is in the trash

my $brief = start_sync(before => \&seed, sim => { aggregate_ms => 600_000 });
$brief->wait_equal;
$brief->wait_quiet;
$brief->add_row(name => 'In vain');
wait_for { $brief->page('In vain') } 20, 'its page is made';
my $vain = $brief->page_id('In vain');
$brief->trash_page($vain);
$brief->sim->sim(POST => 'settings', { aggregate_ms => 50 });
$brief->sim->sim(POST => 'flush');
$brief->wait_quiet;
$brief->wait_listed;
is(scalar(grep { $_->{entity} eq $vain } @{ $brief->sim->sim(GET => 'events?since=0&limit=20000')->{events} }), 0, 'no event of that page');
$brief->must('reconcile', 'contacts');
$brief->wait_quiet;
ok($brief->row('In vain'), 'an incremental reconciliation does not see it');
$brief->must('reconcile', 'contacts', '--full');
wait_ok { !$brief->row('In vain') } 20, 'a full one does: its row is deleted';
$brief->wait_equal;

finish();

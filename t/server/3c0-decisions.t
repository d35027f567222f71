# What a person decides: held conflicts, held deletes, parked records, undo of many; with the tool and on the dashboard. A
# decision is about what was shown; what has moved on is refused and shown again.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = start_sync(mapping => 'NotionSyncConflict hold',
    before => sub { $_[0]->add_pages(map { { name => "Record $_", notes => "n $_", score => $_ } } 1 .. 20) });
$sync->wait_equal;
$sync->wait_quiet;
my $begun = instant();

# Now, as --since takes it; what was written before is at least a second older.
sub instant { select undef, undef, undef, 1.1; my @t = gmtime; return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0] }

sub both { my ($name, $column) = @_; return join '/', map { $_ && defined $_->{$column} ? $_->{$column} : '-' } $sync->page($name), $sync->row($name) }

# Both sides of a record are edited while nobody looks.
sub clash {
    my ($name, %edit) = @_;
    $sync->must('pause', 'contacts');
    $sync->edit_page($name, map { $_ => "$edit{$_} of notion" } keys %edit);
    $sync->edit_row($name, map { $_ => "$edit{$_} of the table" } keys %edit);
    $sync->must('resume', 'contacts');
    my $held;
    wait_ok { ($held) = grep { $_->{key} eq $sync->row_key($name) } @{ $sync->must('conflicts', 'contacts') }; $held && @{ $held->{issues} } == keys %edit } 20,
        "$name: the conflict is shown";
    $sync->wait_quiet;
    return $held;
}

# --- a held conflict, by the tool

my $held = clash('Record 1', notes => 'one');
my ($issue) = @{ $held->{issues} };
is_deeply([@$issue{qw(field column notion_text external_text agreed_text code)}],
    ['Notes', 'notes', 'one of notion', 'one of the table', 'n 1', 'held.conflict'], 'with field, values, and what was agreed');
like($issue->{fingerprint}, qr/\A[0-9a-f]{16}\z/, 'a fingerprint');
like($issue->{since}, qr/\A20\d\d-/, 'and since when');
my $text = $sync->ctl('held', 'contacts')->{out};
like($text, qr/Notes \/ notes: Notion has 'one of notion', the table 'one of the table'; last agreed 'n 1'/, 'held says it in words');
my $key = $sync->row_key('Record 1');
is($sync->ctl('resolve', 'contacts', $key, 'Notes', 'sideways')->{exit}, 2, 'a word that is no decision');
is($sync->ctl('resolve', 'contacts', $key, 'Nonsense', 'notion')->{exit}, 1, 'a field that is not there');
is($sync->ctl('resolve', 'contacts', $key, 'Notes', 'notion', '--fingerprint', '0' x 16)->{exit}, 1, 'of values that were never shown');
is(both('Record 1', 'notes'), 'one of notion/one of the table', 'nothing is done');
my $answer = $sync->ctl('resolve', 'contacts', $key, 'Notes', 'external', '--fingerprint', $issue->{fingerprint});
is($answer->{exit}, 0, 'a decision') or diag($answer->{out}, $answer->{err});
is(both('Record 1', 'notes'), 'one of the table/one of the table', 'the chosen value is on both sides when the tool returns');
my ($entry) = grep { $_->{op} eq 'update' } reverse $sync->audit('Record 1');
is($entry->{fields}[0]{reason}, 'notionsyncctl decided: external', 'the audit says who');
is($entry->{fields}[0]{lost}, 'one of notion', 'and what was lost');
is($sync->status->{held}, 0, 'nothing is held any more');
$answer = $sync->ctl('resolve', 'contacts', $key, 'notion');
is($answer->{exit}, 1, 'there is nothing to be decided twice');

$held = clash('Record 2', notes => 'two', phone => 'tel');
$sync->edit_page('Record 2', notes => 'meanwhile');
wait_ok { my ($h) = @{ $sync->must('conflicts', 'contacts') }; $h && $h->{fingerprint} ne $held->{fingerprint} } 20, 'a record moves on: shown again';
$answer = $sync->ctl('resolve', 'contacts', $sync->row_key('Record 2'), 'notion', '--fingerprint', $held->{fingerprint});
is($answer->{exit}, 1, 'S2.9: a decision about what was shown before is refused');
like($answer->{err}, qr/changed since/, 'and why');
is(both('Record 2', 'notes'), 'meanwhile/two of the table', 'nothing is written');
($held) = @{ $sync->must('conflicts', 'contacts') };
$sync->must('resolve', 'contacts', $sync->row_key('Record 2'), 'notion', '--fingerprint', $held->{fingerprint});
is(both('Record 2', 'notes'), 'meanwhile/meanwhile', 'decided again: this field');
is(both('Record 2', 'phone'), 'tel of notion/tel of notion', 'and that one');
$sync->wait_equal;
$sync->wait_quiet;

# --- held deletes

my %name_of = map { $_->{key} => $_->{name} } $sync->rows;
$sync->sql("DELETE FROM contacts WHERE name IN ('Record 3', 'Record 4', 'Record 5', 'Record 6', 'Record 7', 'Record 8', 'Record 9')");
wait_ok { $sync->status->{held} == 2 } 20, 'deletes beyond the limit are held' or diag(encode($sync->status));
$sync->wait_quiet;
my @held = sort { $a->{link} <=> $b->{link} } @{ $sync->must('held', 'contacts') };
is(scalar(@held), 2, 'and listed');
delete @name_of{ map { $_->{key} } @held };
my ($deleted) = grep { /\ARecord [3-9]\z/ } sort values %name_of; # which are held is anybody's guess
is($held[0]{decide}, 'delete', 'as deletes');
$answer = $sync->ctl('approve', 'contacts', '--all', 'delete');
is($answer->{exit}, 2, 'all of them at once only as a list that was shown');
my ($print) = $answer->{out} =~ /--fingerprint ([0-9a-f]{16})/;
ok($print, 'which is shown, with its fingerprint') or diag($answer->{out}, $answer->{err});
is($sync->ctl('approve', 'contacts', '--all', 'delete', '--fingerprint', '0' x 16)->{exit}, 1, 'another list is refused');
$sync->must('approve', 'contacts', $held[0]{page}, 'restore');
wait_ok { grep { $_->{key} eq $held[0]{key} } $sync->rows } 5, 'one is restored';
is($sync->status->{held}, 1, 'and held no more');
is($sync->ctl('approve', 'contacts', '--all', 'delete', '--fingerprint', $print)->{exit}, 1, 'now the list is another one: refused');
($print) = $sync->ctl('approve', 'contacts', '--all', 'delete')->{out} =~ /--fingerprint ([0-9a-f]{16})/;
my $result = $sync->must('approve', 'contacts', '--all', 'delete', '--fingerprint', $print);
is($result->{done}, 1, 'the list as it is now: approved');
ok((grep { $_->{page} eq $held[1]{page} } $sync->trashed), 'its page is trashed');
is($sync->status->{held}, 0, 'nothing is held');
$sync->wait_equal;
$sync->wait_quiet;
is($sync->ctl('approve', 'contacts', $key, 'delete')->{exit}, 1, 'what is not held cannot be approved');

# --- undo of a record, and the way back of a create

my $new = $sync->add_row(id => 500, name => 'Newcomer', notes => 'first');
$sync->wait_page('Newcomer', notes => 'first');
$sync->wait_quiet;
$sync->edit_page('Newcomer', notes => 'second');
$sync->wait_row('Newcomer', notes => 'second');
$sync->edit_row('Newcomer', notes => 'third');
$sync->wait_page('Newcomer', notes => 'third');
$sync->wait_quiet;
$answer = $sync->ctl('undo', '--record', $new);
is($answer->{exit}, 0, 'undo of all of a record') or diag($answer->{out}, $answer->{err});
like($answer->{out}, qr/\A3 done/, 'each change in turn');
ok(!$sync->page('Newcomer'), 'its page, which was made for it, is gone');
is($sync->row('Newcomer')->{notes}, 'first', 'the row is as it began');
is($sync->must('explain', 'contacts', $new)->{state}, 'ignored', 'and is not synced any more');
$sync->edit_row('Newcomer', notes => 'alone');
$sync->must('reconcile', 'contacts', '--full');
ok(!$sync->page('Newcomer'), 'not by an edit, not by a reconciliation');
$answer = $sync->ctl('retry', 'contacts', $new);
is($answer->{exit}, 0, 'until somebody says so') or diag($answer->{out}, $answer->{err});
$sync->wait_page('Newcomer', notes => 'alone', what => 'then its page is back, and up to date');
$sync->wait_quiet;

# --- undo of everything since a time; what was edited since is left alone, and named

$sync->edit_page("Record $_", notes => "wrong $_") for 10 .. 13;
$sync->wait_row("Record $_", notes => "wrong $_") for 10 .. 13;
$sync->wait_quiet;
my $mark = ($sync->audit)[-1]{entry};
$sync->must('pause', 'contacts');
$sync->edit_row('Record 13', notes => 'a person again');
$sync->must('resume', 'contacts');
$sync->wait_page('Record 13', notes => 'a person again');
$sync->wait_quiet;
my ($wrong) = grep { $_->{op} eq 'update' && grep { ($_->{after} // '') eq 'wrong 13' } @{ $_->{fields} } } $sync->audit('Record 13');
$answer = $sync->ctl('undo', $wrong->{entry});
is($answer->{exit}, 1, 'an entry that was edited since');
like($answer->{err}, qr/edited since: Notes.*'wrong 13'.*'a person again'/, 'is refused, with field and values');
$answer = $sync->ctl('undo', '--since', $begun, '--json');
my ($refused) = grep { 1 } @{ ($answer->{json} // {})->{refused} // [] };
is(both("Record $_", 'notes'), "n $_/n $_", "Record $_ is as it was") for 10 .. 13;
is(both('Record 1', 'notes'), 'n 1/n 1', 'so is what a decision had written');
ok($sync->row($deleted), 'a deleted record is back');
ok($sync->page($deleted), 'on both sides');
cmp_ok(($answer->{json} // {})->{done} // 0, '>', 10, 'one after the other');
ok(!$sync->page('Newcomer'), 'what was created since is gone again');
$sync->must('retry', 'contacts', $new);
$sync->wait_equal;
$sync->wait_quiet;

# --- a run

$sync->must('pause', 'contacts');
$sync->edit_page("Record $_", notes => "run $_") for 14 .. 16;
$sync->must('resume', 'contacts');
$sync->wait_row("Record $_", notes => "run $_") for 14 .. 16;
$sync->wait_quiet;
is($sync->ctl('undo', '--run', '999999')->{exit}, 0, 'a run that wrote nothing');
is($sync->ctl('undo', '--since', 'yesterday')->{exit}, 2, 'a time that is none');

# --- the dashboard: the same, with buttons

my $httpd = $sync->httpd;
sub page_of { my ($query) = @_; return $httpd->get("/notionsync?page=$query") }
sub facts   { my ($query) = @_; return decode(page_of("$query&json")->{body}) }
sub token   { my ($token) = page_of('mapping&mapping=contacts')->{body} =~ /name="token" value="([^"]+)"/; return $token }

sub press {
    my (%field) = @_;
    my $form = join '&', map { "$_=$field{$_}" } sort keys %field;
    return $httpd->post('/notionsync', "mapping=contacts&token=" . token() . "&$form",
        headers => { 'content-type' => 'application/x-www-form-urlencoded', origin => $httpd->url });
}

# The answer of the worker, on the page that the button led to.
sub outcome_of {
    my ($answer) = @_;
    my ($query) = ($answer->{headers}{location} // '') =~ /\?page=(.*)/ or return {};
    my $command;
    wait_ok { $command = facts($query)->{command}; $command && $command->{state} =~ /done|failed/ } 20, 'the worker answers';
    return $command;
}

clash('Record 17', notes => 'seventeen');
my ($open) = @{ facts('conflicts&mapping=contacts')->{open} };
is_deeply([@{ $open->{issues}[0] }{qw(field notion_text external_text agreed_text)}], ['Notes', 'seventeen of notion', 'seventeen of the table', 'n 17'],
    'page=conflicts lists it');
is_deeply(facts('held&mapping=contacts')->{held}[0]{issues}, $open->{issues}, 'so does page=held');
like(page_of('conflicts&mapping=contacts')->{body}, qr/seventeen of notion.*seventeen of the table.*n 17.*Take Notion/s, 'with both values and buttons');
my %decision = (action => 'resolve', link => $open->{id}, pair => $open->{issues}[0]{pair}, choice => 'external', fingerprint => $open->{issues}[0]{fingerprint});
is($httpd->post('/notionsync', join('&', 'mapping=contacts', map { "$_=$decision{$_}" } keys %decision),
    headers => { origin => $httpd->url, 'content-type' => 'application/x-www-form-urlencoded' })->{status}, 403, 'a form without its token is refused');
is(press(%decision, link => 'x')->{status}, 400, 'so is one that makes no sense');
my $done = outcome_of(press(%decision, fingerprint => '0' x 16));
is($done->{state}, 'failed', 'a button of a page that is out of date does nothing');
is(both('Record 17', 'notes'), 'seventeen of notion/seventeen of the table', 'indeed');
$done = outcome_of(press(%decision));
is($done->{state}, 'done', 'a button decides') or diag(encode($done));
is(both('Record 17', 'notes'), 'seventeen of the table/seventeen of the table', 'on both sides');
like(encode([$sync->audit('Record 17')]), qr/local user decided: external/, 'the audit says who');
is_deeply(facts('conflicts&mapping=contacts')->{open}, [], 'nothing waits any more');

$sync->sql("DELETE FROM contacts WHERE name IN ('Record 1', 'Record 2', 'Record 3', 'Record 4', 'Record 5', 'Record 6', 'Record 7')");
wait_ok { ($sync->status->{held} // 0) >= 2 } 20, 'deletes are held';
$sync->wait_quiet;
my $bulk = facts('held&mapping=contacts')->{bulk}[0];
is($bulk->{count}, scalar @{ $sync->must('held', 'contacts') }, 'page=held offers all of them at once');
my %all = (action => 'approve', all => 1, choice => 'restore', fingerprint => $bulk->{fingerprint});
is(press(%all)->{status}, 400, 'but not without a tick in the box');
is(outcome_of(press(%all, sure => 1, fingerprint => 'f' x 16))->{state}, 'failed', 'nor as another list');
is(outcome_of(press(%all, sure => 1))->{state}, 'done', 'then all are restored');
is($sync->status->{held}, 0, 'nothing is held');
wait_ok { $sync->status->{active} >= 15 } 10, 'they are back';
$sync->wait_quiet;

$sync->sql("CREATE TRIGGER refuse BEFORE UPDATE ON contacts WHEN NEW.notes = 'forbidden' BEGIN SELECT RAISE(ABORT, 'house rule 7'); END");
my $then = instant();
$sync->edit_page('Record 18', notes => 'forbidden');
wait_ok { @{ facts('failures&mapping=contacts')->{failures} } == 1 } 20, 'page=failures lists what failed';
my $failed = facts('failures&mapping=contacts')->{failures}[0];
like(page_of('failures&mapping=contacts')->{body}, qr/house rule 7.*Try again now/s, 'why, and a button');
is(outcome_of(press(action => 'retry', link => $failed->{id}))->{state}, 'failed', 'tried again in vain');
$sync->sql('DROP TRIGGER refuse');
$done = outcome_of(press(action => 'retry', link => $failed->{id}));
is($done->{state}, 'done', 'and with success') or diag(encode($done));
is(both('Record 18', 'notes'), 'forbidden/forbidden', 'on both sides');

my $audit = page_of('audit&mapping=contacts')->{body};
like($audit, qr/Undo everything since/, 'the audit has a button for a time');
is(press(action => 'undo', since => '1h')->{status}, 400, 'not without a tick either');
my $one = facts('record&mapping=contacts&id=' . $sync->row_key('Record 18'))->{record};
like(page_of("record&mapping=contacts&id=$one->{external_key}")->{body}, qr/Undo all of it/, 'a record has one for all of it');
$done = outcome_of(press(action => 'undo', link => $one->{id}, since => $then, sure => 1));
is(both('Record 18', 'notes'), 'n 18/n 18', 'which works') or diag(encode($done));

# --- a long undo whose worker died goes on where it was, and does nothing twice

my @last = map { "Record $_" } 10 .. 13;
my %at;
for my $name (@last) {    # one after the other, so that the order of their entries is known
    $sync->edit_page($name, notes => 'late');
    $sync->wait_row($name, notes => 'late');
    $sync->wait_quiet;
    ($at{$name}) = map { $_->{entry} } grep { $_->{op} eq 'update' } reverse $sync->audit($name);
}
is($sync->ctl('undo', $at{'Record 12'})->{exit}, 0, 'what it had done last, but not written down');
$sync->wait_quiet;
$httpd->stop;
my $top = $at{'Record 13'};
sqlite($httpd->state . '/notionsync.db', 'INSERT INTO command (mapping, verb, args, by, state, progress, at) SELECT id, '
    . "'undo', '{\"since\":1}', 'ada', 'running', '{\"place\":$top,\"top\":$top,\"done\":1,\"nothing\":0,\"refused\":[],\"refused_count\":0}', 1795000000000000 FROM mapping");
my ($id) = map { $_->{id} } @{ sqlite($httpd->state . '/notionsync.db', 'SELECT max(id) AS id FROM command') };
# Nothing older is its business here.
sqlite($httpd->state . '/notionsync.db', "UPDATE entry SET state = 3 WHERE state = 1 AND id < $at{'Record 10'}");
$sync->start;
my $command;
wait_ok { ($command) = @{ sqlite($httpd->state . '/notionsync.db', "SELECT state, result FROM command WHERE id = $id") }; $command->{state} =~ /done|failed/ } 30,
    'its next owner goes on';
my $told = decode($command->{result} // '{}');
is_deeply([@$told{qw(done nothing refused_count)}], [4, 0, 0], 'and counts on') or diag($command->{result});
is(both('Record 13', 'notes'), 'late/late', 'what the first said it had done is left alone');
is(both('Record 12', 'notes'), 'n 12/n 12', 'what it did and did not say is not done again');
is(both($_, 'notes'), 'n ' . substr($_, 7) . '/n ' . substr($_, 7), "the rest is: $_") for 'Record 11', 'Record 10';

$sync->wait_equal;
$sync->verify_ok;
$sync->httpd->log_expect(qr/held/, qr/decided/, qr/limit/, qr/sql\.constraint/, qr/a form was refused/);
finish();

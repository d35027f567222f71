# notionsyncctl: every command does what it says, in words and as JSON; the exit status tells done, failed and wrong usage
# apart; what it prints can be run by hand; and it finds out by itself who it must be.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = new_sync(sql => 'NotionSyncProvision manual', before => sub { $_[0]->add_pages(map { { name => "Record $_", notes => 'n' } } 1 .. 5) });

# --- before there is anything

my $answer = $sync->ctl('status');
is($answer->{exit}, 1, 'no state store yet: a failure');
like($answer->{err}, qr/notionsync\.db.*--state.*start httpd/s, 'that says what to do');
for my $case (
    [[], qr/usage: notionsyncctl/], [['nonsense'], qr/unknown command 'nonsense'/], [['--nonsense', 'status'], qr/unknown option '--nonsense'/],
    [['explain', 'contacts'], qr/usage: notionsyncctl explain MAPPING ID/], [['pause'], qr/usage: notionsyncctl pause MAPPING/],
    [['audit', 'contacts', '--limit', 'x'], qr/--limit takes a number/], [['status', '--wait'], qr/value is missing after '--wait'/],
    [['status', 'a', 'b'], qr/usage: notionsyncctl status/], [['status', '--wait', 'soon'], qr/--wait takes a time/],
) {
    my ($args, $message) = @$case;
    $answer = $sync->ctl(@$args);
    is($answer->{exit}, 2, "usage: @$args");
    like($answer->{err}, $message, 'says what is wrong');
    is($answer->{out}, '', 'on standard error only');
}
$answer = $sync->ctl('--help');
is($answer->{exit}, 0, '--help');
like($answer->{out}, qr/^  $_ /m, "names $_") for qw(hook provision unprovision status explain audit reconcile pause resume undo verify);
like($sync->ctl('--version')->{out}, qr/\Anotionsyncctl \d+\.\d+/, '--version');

$sync->start;

# --- triggers by hand

my $status = $sync->wait_state('blocked');
like($status->{outcome}{advice}, qr/notionsyncctl provision contacts/, 'without triggers the mapping is blocked, and says what to do');
is($sync->ctl('status')->{exit}, 1, 'status fails');
$answer = $sync->ctl('provision', 'contacts', '--print');
is($answer->{exit}, 0, 'provision --print');
like($answer->{out}, qr/CREATE TRIGGER.*CREATE TRIGGER.*CREATE TRIGGER.*COMMIT;/s, 'prints what is to be run');
is_deeply($sync->sql("SELECT name FROM sqlite_master WHERE name LIKE '\\_notionsync%' ESCAPE '\\'"), [], 'and runs nothing');
(my $sql = $answer->{out}) =~ s/\A.*?^(?=BEGIN)//ms;
$sync->sql($sql);
$sync->must('resume', 'contacts');
$sync->wait_equal(what => 'run by hand it is just as good');
$sync->wait_state('running');
$sync->must('provision', 'contacts');
is($sync->ctl('provision', 'contacts', '--print', '--json')->{json}{statements} // '', '', 'then there is nothing more to do');
$sync->sql('DROP TRIGGER _notionsync_update_contacts');
$sync->edit_row('Record 1', notes => 'nobody notices');
like($sync->ctl('provision', 'contacts', '--print')->{out}, qr/CREATE TRIGGER/, 'a trigger that was dropped is missed');
$sync->must('provision', 'contacts');
$sync->wait_page('Record 1', notes => 'nobody notices', what => 'provision puts it back, and what went unnoticed is found');
$sync->wait_quiet;

# --- looking

$answer = $sync->ctl('status');
is($answer->{exit}, 0, 'status');
like($answer->{out}, qr/\Acontacts: running\n.*records 5/s, 'in words');
is($sync->ctl('status', 'nothing')->{exit}, 1, 'status of an unknown mapping');
like($sync->ctl('status', 'nothing')->{err}, qr/'nothing'.*contacts/s, 'says which there are');
my $page = $sync->page_id('Record 2');
my $key  = $sync->row_key('Record 2');
my $json = $sync->must('explain', 'contacts', $page);
is_deeply([@$json{qw(page key state)}], [$page, $key, 'active'], 'explain by page id');
is($sync->must('explain', 'contacts', $key)->{link}, $json->{link}, 'by key');
like($sync->ctl('explain', 'contacts', $page)->{out}, qr/link $json->{link}: active, in sync.*Name.*Record 2/s, 'in words');
is($sync->ctl('explain', 'contacts', 'nobody')->{exit}, 1, 'explain of an unknown record fails');
$sync->edit_row('Record 2', notes => "with \e[31mescapes\n and <b>");
wait_ok { ($sync->page('Record 2')->{notes} // '') =~ /escapes/ } 20, 'an edit';
$sync->wait_quiet;
my @entries = $sync->audit('Record 2');
is($entries[-1]{op}, 'update', 'audit of a record ends with its last change');
is($entries[-1]{fields}[0]{before}, 'n', 'with the value before');
like($sync->ctl('audit', 'contacts', $key)->{out}, qr/update applied on notion/, 'in words');
unlike($sync->ctl('audit', 'contacts', $key)->{out}, qr/\e/, 'without sending what people typed to the terminal as it is');
is(scalar(() = @{ $sync->must('audit', 'contacts', '--limit', 3) }), 3, '--limit');

# --- acting

like($sync->ctl('pause', 'contacts')->{out}, qr/./, 'pause says something');
is($sync->status->{state}, 'paused', 'and pauses');
$sync->edit_row('Record 3', notes => 'while paused');
$sync->edit_page('Record 4', notes => 'while paused');
$sync->wait_listed;
$answer = $sync->ctl('verify', 'contacts');
is($answer->{exit}, 1, 'verify finds differences');
like($answer->{out}, qr/contacts: 3 equal, 2 different.*while paused/s, 'and names them');
is($sync->page('Record 3')->{notes}, 'n', 'and changes nothing');
$sync->must('resume', 'contacts');
$sync->wait_equal(what => 'resume goes on with what came meanwhile');
$sync->wait_quiet;
$answer = $sync->ctl('verify', 'contacts');
is($answer->{exit}, 0, 'verify finds none');
like($answer->{out}, qr/5 equal, 0 different/, 'and says so');
is($sync->ctl('reconcile', 'contacts')->{exit}, 0, 'reconcile');
is($sync->ctl('reconcile', 'contacts', '--full')->{exit}, 0, 'reconcile --full');
my ($update) = grep { $_->{op} eq 'update' } reverse $sync->audit('Record 3');
is($sync->ctl('undo', $update->{entry})->{exit}, 0, 'undo');
$sync->wait_row('Record 3', notes => 'n', what => 'takes it back');
$sync->wait_quiet;
is($sync->ctl('unprovision', 'contacts')->{exit}, 0, 'unprovision');
is_deeply($sync->sql("SELECT name FROM sqlite_master WHERE name LIKE '\\_notionsync%' ESCAPE '\\'"), [], 'removes all of it');

# --- nobody there

$sync->httpd->stop;
$answer = $sync->ctl('status');
like($answer->{out}, qr/^contacts: /, 'status works while httpd is stopped');
$answer = $sync->ctl('--wait', '1s', 'pause', 'contacts');
is($answer->{exit}, 1, 'a command that nobody takes fails');
like($answer->{err}, qr/no answer within/, 'and says so');
SKIP: {
    skip 'not root', 1 if $> != 0;
    my @foreign = grep { (stat $_)[4] != server_user()->[1] } glob $sync->httpd->state . '/*';
    is_deeply(\@foreign, [], 'the tool, run by root, left no file of root\'s in the state directory');
}
$sync->httpd->log_allow(qr/external\.|sql\./);
$sync->secrets_ok(map { $sync->ctl(@$_)->{out} } ['status'], ['audit', 'contacts'], ['explain', 'contacts', $page]);

finish();

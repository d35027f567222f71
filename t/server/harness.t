# The harness of the other server tests notices what it must notice: a check that cannot fail proves nothing.
use strict;
use warnings;
use NotionSync::Test;

my $httpd = new_httpd(ports => 2, modules => ['alias'], define => { AWAY => '/moved' }, config => <<'CONF');
<Location "/closed">
  AuthType Basic
  AuthName closed
  AuthUserFile "${ROOT}/conf/users"
  Require valid-user
</Location>
Redirect "${AWAY}" "http://127.0.0.1:${PORT2}/"
CONF
$httpd->write_file('conf/users', "ada:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n");       # "test"
$httpd->start;
my $pid = $httpd->pid;

my $moved = $httpd->get('/moved');
is($moved->{status}, 302, 'redirects are shown, not followed');
is($moved->{headers}{location}, 'http://127.0.0.1:' . $httpd->port(2) . '/', 'to the second port');
is($httpd->get('/index.html', port => 2)->{status}, 200, 'which serves too');
is($httpd->get('/closed')->{status}, 401, 'a closed place');
is($httpd->get('/closed', user => 'ada:test')->{status}, 404, 'opens to its user');
is($httpd->raw("BREW / HTTP/1.1\r\n\r\n")->{status}, 400, 'bytes go out as they are');
is($httpd->raw("GET /index.html HTTP/1.0\r\n\r\n")->{body}, "here\n", 'and come back');

# Waiting.
my $turns = 0;
wait_for { ++$turns == 3 } 5, 'three turns';
is($turns, 3, 'a condition is asked until it holds');
eval { wait_for { 0 } 0.05, 'the impossible' };
like($@, qr/gave up after [\d.]+ s: the impossible/, 'and given up with its name');

# Processes.
my @children = $httpd->children;
cmp_ok(scalar @children, '>=', 2, 'the children are found');
kill 'TRAP', $children[0];       # SIGKILL httpd does not mention
wait_for { $httpd->log_lines(qr/exit signal/) } 10, 'the death of a child in the log';
is(scalar $httpd->log_unexpected, 1, 'a crashed child is unexpected, although httpd only notes it');
$httpd->log_allow(qr/exit signal/);
is(scalar $httpd->log_unexpected, 0, 'unless the test allows it');

# The error log.
$httpd->write_file('htdocs/hidden', 'x', mode => 0);
is($httpd->get('/hidden')->{status}, 403, 'an error is provoked');
like(($httpd->log_unexpected)[0], qr/AH00132/, 'and is unexpected');
$httpd->log_expect(qr/AH00132/);
is(scalar $httpd->log_unexpected, 0, 'unless it was announced');
open my $log, '>>', $httpd->root . '/logs/error.log' or die $!;
print {$log} "==1==ERROR: AddressSanitizer: heap-use-after-free\n";
close $log;
is(scalar $httpd->log_unexpected, 1, 'a line not of httpd is unexpected');
$httpd->log_allow(qr/AddressSanitizer/);

# SQLite.
my $db = $httpd->state . '/test.db';
sqlite($db, 'CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, "Ada"), (2, NULL)');
is_deeply(sqlite($db, 'SELECT * FROM t'), [{ id => 1, name => 'Ada' }, { id => 2, name => undef }], 'rows are read');
is_deeply(sqlite($db, 'SELECT * FROM t WHERE id > 2'), [], 'or none');
is((stat $db)[4], server_user()->[1], 'a new database belongs to the user of the server');
ok(!eval { sqlite($db, 'SELECT * FROM absent'); 1 }, 'bad SQL dies');
like($@, qr/no such table/, 'with what SQLite says');

# A configuration that is wrong, and a server that cannot start.
my $wrong = new_httpd(name => 'wrong', config => "NoSuchDirective on\n");
my ($exit, $out) = $wrong->configtest;
isnt($exit, 0, 'configtest fails');
like($out, qr/Invalid command 'NoSuchDirective'/, 'with the reason');
ok(!eval { $wrong->start; 1 }, 'and so does a start');
like($@, qr/Invalid command 'NoSuchDirective'/, 'with the same reason');

# A test that does not look at the error log does not pass, and leaves its directory.
sub other_test { return ($^X, '-I' . build_info('srcdir') . '/t/lib', '-e', @_) }
($exit, $out) = run_command(other_test('use NotionSync::Test; start_httpd(); ok(1); done_testing()'));
isnt($exit, 0, 'a test without finish() fails');
like($out, qr/never checked: call finish/, 'and is told why');
my ($kept) = $out =~ /kept: (\S+)/;
ok($kept && -e "$kept/logs/error.log", 'its directory is kept');
run_command('rm', '-rf', $kept) if $kept;
($exit, $out) = run_command(other_test('use NotionSync::Test; print start_httpd()->root, "\n"; finish()'));
is($exit, 0, 'a test with finish() passes') or diag $out;
my ($tidied) = $out =~ m{^(/\S+)$}m;
ok($tidied && !-e $tidied, 'and leaves nothing');

# A test that is killed takes its servers with it.
my $child = fork // die "fork: $!";
unless ($child) {
    exec other_test(<<'PERL', $httpd->root . '/orphan');
use NotionSync::Test;
my $s = start_httpd();
write_file("$ARGV[0].new", $s->pid . "\n" . $s->root . "\n");
rename "$ARGV[0].new", $ARGV[0];
select undef, undef, undef, 60;
PERL
}
wait_for { -s $httpd->root . '/orphan' } 20, 'a test of its own';
my ($orphan, $orphan_root) = split /\n/, read_file($httpd->root . '/orphan');
ok(kill(0, $orphan), 'another test runs a server');
kill 'KILL', $child;
waitpid $child, 0;
wait_ok { !kill(0, $orphan) } 10, 'which ends when that test is killed';
run_command('rm', '-rf', $orphan_root);

$httpd->stop;
ok(!kill(0, $pid), 'stop stops');
finish();

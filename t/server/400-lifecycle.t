# Workers live and die as httpd does: started once, replaced when they die, drained at a graceful restart, gone when the
# parent is gone, under each MPM; and what they need is made by the right user, or httpd says what is wrong.
use strict;
use warnings;
use NotionSync::Hooks;
use NotionSync::Test;

my $source = '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d';
my $secret = 'secret_' . 'k' x 43;
my $config = <<"CONF";
NotionSyncStateDB sqlite3 \${STATE}/sync/notionsync.db
NotionSyncWorkers 2
<NotionSyncService work notion>
  NotionSyncToken file:conf/token
  NotionSyncEndpoint http://127.0.0.1:1
  NotionSyncHookSecret file:conf/hook
</NotionSyncService>
<NotionSyncService crm sql>
  NotionSyncDatabase sqlite \${STATE}/crm.db
</NotionSyncService>
<NotionSyncMapping contacts>
  NotionSyncNotion work $source
  NotionSyncExternal crm contacts
  NotionSyncField Name <-> name
  NotionSyncPaused on
</NotionSyncMapping>
<Location "/notionsync">
  NotionSyncServe status
</Location>
<Location "/notionsync/hook">
  NotionSyncServe hook
</Location>
CONF

sub server {
    my (%opt) = @_;
    my $httpd = new_httpd(config => $config, %opt);
    $httpd->write_file('conf/token', "ntn_0000\n", mode => 0600);
    $httpd->write_file('conf/hook',  "$secret\n",  mode => 0600);
    $httpd->log_allow(qr/crm\.db|127\.0\.0\.1:1\b|mapping \S+ /);      # nothing is there to be synced with
    return $httpd;
}

sub workers { my ($httpd) = @_; return sort { $a <=> $b } $httpd->children(qr/^notionsync-w\d/) }
sub ready {
    my ($httpd) = @_;
    my %state = $httpd->get('/notionsync?auto')->{body} =~ /^workers\.(\d)\.state: (\w+)$/mg;
    return 2 == grep { $_ eq 'ready' } values %state;
}
sub exists_pid { my ($pid) = @_; return kill(0, $pid) && read_file("/proc/$pid/stat") !~ /\) Z / }
sub owner { my ($pid) = @_; return (stat "/proc/$pid")[4] }

for my $mpm (qw(event worker prefork)) {
    my $httpd = server(name => $mpm, mpm => $mpm)->start;
    wait_ok { ready($httpd) } 10, "$mpm: both workers are ready";
    my @first = workers($httpd);
    is(scalar @first, 2, "$mpm: two were started, once");
    is(scalar(grep { owner($_) == server_user()->[1] } @first), 2, "$mpm: they are httpd's user");
    is(scalar $httpd->log_lines(qr/mod_notionsync\/\S+: 1 mapping, 2 services, state in/), 1, "$mpm: and it said so once");

    # None of them holds what is not its own.
    my @held = grep { (readlink($_) // '') =~ /^socket:/ } map { glob "/proc/$_/fd/*" } @first;
    my %listen = map { $_ => 1 } grep { /\S/ } map { /^\s*\d+: \S+:\S+ \S+ 0A(?:\s+\S+){5}\s+(\d+)/ ? $1 : () } split /\n/, read_file('/proc/net/tcp');
    is(scalar(grep { my ($inode) = readlink =~ /(\d+)/; $listen{$inode} } @held), 0, "$mpm: no worker holds a listening socket");

    # A worker that is killed is replaced, and the others go on.
    kill 'KILL', $first[0];
    $httpd->log_expect(qr/worker \d \(pid $first[0]\) was ended by signal 9; another one starts in at most \d+ s/);
    wait_ok { my @now = workers($httpd); @now == 2 && !grep { $_ == $first[0] } @now } 20, "$mpm: a killed worker is replaced";
    ok(exists_pid($first[1]), "$mpm: the other one went on");
    wait_ok { ready($httpd) } 10, "$mpm: and both are ready";

    # Graceful restart, twice, while events arrive.
    my @before = workers($httpd);
    my $failed = 0;
    for (1, 2) {
        $httpd->graceful;
        $failed += grep { $_->[0] != 200 } post_all($httpd, '/notionsync/hook/work', $secret, map { make_event(data_source => $source) } 1 .. 4);
    }
    is($failed, 0, "$mpm: no event failed around two graceful restarts");
    wait_ok { !grep { exists_pid($_) } @before } 20, "$mpm: the workers before it end";
    wait_ok { ready($httpd) } 10, "$mpm: those after it are ready";
    my @now;
    wait_ok { @now = workers($httpd); @now == 2 } 20, "$mpm: two of them" or diag "@now; those at first: @first; before the restarts: @before";
    is(scalar $httpd->log_lines(qr/long lost child|no record of generation/), 0, "$mpm: httpd knew them all");

    $httpd->graceful(signal => 'HUP');
    wait_ok { ready($httpd) } 10, "$mpm: after a restart at once they are ready too";
    wait_ok { @now = workers($httpd); @now == 2 } 20, "$mpm: two of them";

    # The parent is killed outright.
    my $parent = $httpd->pid;
    kill 'KILL', $parent;
    wait_ok { !grep { exists_pid($_) } @now } 15, "$mpm: no worker outlives the parent";
    $httpd->kill;
    $httpd->start;
    wait_ok { ready($httpd) } 10, "$mpm: and httpd starts again";
    @now = workers($httpd);
    $httpd->stop;
    wait_ok { !grep { exists_pid($_) } @now } 10, "$mpm: a stop ends them";
    my $db = $httpd->state . '/sync/notionsync.db';
    is(scalar @{ sqlite($db, q(SELECT id FROM inbox WHERE event LIKE '5b0a3c1e-%')) }, 8, "$mpm: every event that was taken is there");
}

# --- a worker that cannot start

{
    my $httpd = server(name => 'broken')->start;
    wait_ok { ready($httpd) } 10, 'workers are ready';
    my @first = workers($httpd);
    # It says so, and works as soon as it can: no restart of httpd is needed.
    my $store = $httpd->state . '/sync/notionsync.db';
    chmod 0, $store;
    kill 'KILL', $first[1];
    $httpd->log_expect(qr/\(pid $first[1]\) was ended by signal 9/, qr/worker \d: cannot work without the state store/, qr/worker \d \(pid \d+\) could not start working, for the reason it gave above; another one starts in at most \d+ s/);
    wait_ok { $httpd->log_lines(qr/could not start working/) >= 1 } 20, 'a worker without the state store ends';
    chmod 0600, $store;
    wait_ok { my @now = workers($httpd); @now == 2 && ready($httpd) } 30, 'and is there as soon as it has it';
    $httpd->stop;
}

# --- an event that an old child takes while new workers run already

{
    my $httpd = server(name => 'old')->start;
    wait_ok { ready($httpd) } 10, 'workers are ready';
    my @old  = workers($httpd);
    my $wake = $httpd->state . '/sync/notionsync.db.wake';
    my $body = encode(make_event(data_source => $source));
    my $slow = $httpd->connect or die "connect: $@";
    print {$slow} "POST /notionsync/hook/work HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ", length $body,
        "\r\nX-Notion-Signature: ", sign($secret, $body), "\r\n\r\n", substr $body, 0, 20;
    $slow->flush;
    # Into a child's hands, before its server restarts.
    wait_for { $httpd->get('/index.html')->{status} == 200 } 5, 'an answer';
    $httpd->graceful;
    wait_ok { !grep { exists_pid($_) } @old } 20, 'the old workers have ended';
    utime 1, 1, $wake;
    print {$slow} substr $body, 20;
    $slow->flush;
    my $answer = do { local $/; readline $slow };
    like($answer, qr{\AHTTP/1\.1 200 }, 'an event that began before a graceful restart is taken after it');
    cmp_ok((stat $wake)[9], '>', 1, 'and the new workers are woken');
    $httpd->stop;
}

# --- files

SKIP: {
    skip 'not root', 9 if $> != 0;
    my $httpd = server(name => 'files')->start;
    my $dir   = $httpd->state . '/sync';
    my ($uid) = server_user()->[1];
    is((stat $dir)[4], $uid, 'the state directory was made for the user of httpd');
    is((stat $dir)[2] & 07777, 0700, 'who alone may enter it');
    is((stat "$dir/notionsync.db")[4], $uid, 'so is the database');
    is((stat "$dir/notionsync.db")[2] & 077, 0, 'which nobody else reads');
    is((stat "$dir/notionsync.db.key")[4], 0, 'the key is root\'s');
    is((stat "$dir/notionsync.db.key")[2] & 07777, 0600, 'alone');
    my $key = read_file("$dir/notionsync.db.key");
    like($key, qr/\A[0-9a-f]{64}\n\z/, 'made at the first start');
    $httpd->restart;
    is(read_file("$dir/notionsync.db.key"), $key, 'and kept');
    unlike($httpd->log_text, qr/\Q@{[substr $key, 0, 64]}\E|ntn_0000|\Q$secret\E/, 'no secret is logged');
    $httpd->stop;
}

# --- what keeps httpd from starting

sub stays_down {
    my ($what, $message, $prepare, %opt) = @_;
    my $httpd = server(name => 'down', %opt);
    $prepare->($httpd) if $prepare;
    my $started = eval { $httpd->start; 1 };
    my $why     = $@;
    ok(!$started, "httpd does not start with $what") or return $httpd->stop;
    like($why, $message, '... and says why');
    $httpd->log_allow(qr/./);
    return;
}
stays_down('a state store that is none', qr/\[notionsync:crit\].*the state store \S+notionsync\.db cannot be used: .*notionsync\.db/, sub {
    my ($httpd) = @_;
    mkdir $httpd->state . '/sync';
    $httpd->give($httpd->state . '/sync', 0700);
    $httpd->write_file('state/sync/notionsync.db', 'This is no database at all. ' x 100, owner => 'server', mode => 0600);
});
stays_down('a state store of a later version', qr/\[notionsync:crit\].*cannot be used: .*newer/, sub {
    my ($httpd) = @_;
    $httpd->start->stop;
    sqlite($httpd->state . '/sync/notionsync.db', q(UPDATE meta SET value = 999 WHERE name = 'schema'));
});
stays_down('a directory it may not write to', qr/\[notionsync:crit\].*(?:cannot be created|writable)/, sub {
    my ($httpd) = @_;
    mkdir $httpd->state . '/sync', 0755;
}) if $> == 0;
stays_down('a directory whose place is missing', qr/NotionSyncStateDB: the directory \S+absent cannot be created/, undef,
    config => $config =~ s{/sync/}{/no/absent/}r);
stays_down('a key that others can read', qr/NotionSyncSecretKey: .*can be read or changed by others/, sub {
    $_[0]->write_file('conf/key', 'ab' x 32 . "\n", mode => 0644);
}, config => "NotionSyncSecretKey file:conf/key\n$config");
stays_down('a key that is a link', qr/NotionSyncSecretKey: .*cannot be read/, sub {
    $_[0]->write_file('conf/real', 'ab' x 32 . "\n", mode => 0600);
    symlink $_[0]->root . '/conf/real', $_[0]->root . '/conf/key';
}, config => "NotionSyncSecretKey file:conf/key\n$config");
stays_down('half a key', qr/NotionSyncSecretKey: .*does not hold 64 hexadecimal digits/, sub {
    $_[0]->write_file('conf/key', 'ab' x 20 . "\n", mode => 0600);
}, config => "NotionSyncSecretKey file:conf/key\n$config");
stays_down('a mutex that dies with its holder', qr/Mutex: posixsem cannot be used for notionsync/, undef,
    config => "Mutex posixsem notionsync\n$config");

# Other kinds serve.
for my $kind ('sysvsem', 'fcntl:${ROOT}/run', 'flock:${ROOT}/run', 'pthread') {
    my $httpd = server(name => 'mutex', config => "Mutex $kind notionsync\n$config")->start;
    wait_ok { ready($httpd) } 10, "the mutex may be $kind";
    is((post_event($httpd, '/notionsync/hook/work', $secret, make_event(data_source => $source)))->{status}, 200, '... and events are taken');
    $httpd->stop;
}

# configtest makes nothing.
my $test = server(name => 'test');
is(($test->configtest)[0], 0, 'configtest is content');
ok(!-e $test->state . '/sync', 'and makes nothing');

finish();

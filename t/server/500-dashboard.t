# The dashboard shows what is in the store, in three forms, harmlessly; values and buttons only to whom they are for.
use strict;
use warnings;
use Digest::SHA qw(sha256_base64);
use NotionSync::Test;
use Time::HiRes qw(time);

my $id    = '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0';
my $httpd = new_httpd(ports => 2, config => <<"CONF");
NotionSyncStateDB sqlite3 \${STATE}/notionsync.db
<NotionSyncService work notion>
  NotionSyncToken file:conf/token
  NotionSyncEndpoint http://127.0.0.1:1
</NotionSyncService>
<NotionSyncService crm sql>
  NotionSyncDatabase sqlite \${STATE}/crm.db
</NotionSyncService>
<NotionSyncMapping contacts>
  NotionSyncNotion work ${id}1
  NotionSyncExternal crm contacts
  NotionSyncField "<b>Name</b>" <-> name
  NotionSyncField "Stage" <-> stage conflict=hold
  NotionSyncPaused on
</NotionSyncMapping>
<NotionSyncMapping deals>
  NotionSyncNotion work ${id}2
  NotionSyncExternal crm deals
  NotionSyncField Name <-> name
  NotionSyncPaused on
</NotionSyncMapping>
# The inner place first: it must win all the same.
<Location "/sync/hook">
  NotionSyncServe hook
</Location>
<Location "/sync">
  NotionSyncServe status
</Location>
<Location "/closed">
  NotionSyncServe status
  AuthType Basic
  AuthName closed
  AuthUserFile "\${ROOT}/conf/users"
  Require valid-user
</Location>
<Directory "\${ROOT}/htdocs">
  AllowOverride All
  AllowOverrideList NotionSyncServe
</Directory>
<VirtualHost *:\${PORT2}>
  ServerName client.example
  <NotionSyncService own notion>
    NotionSyncToken file:conf/token
    NotionSyncEndpoint http://127.0.0.1:1
  </NotionSyncService>
  <NotionSyncMapping clients>
    NotionSyncNotion own ${id}3
    NotionSyncExternal crm clients
    NotionSyncField Name <-> name
    NotionSyncPaused on
  </NotionSyncMapping>
</VirtualHost>
CONF
$httpd->write_file('conf/token', "ntn_0000\n", mode => 0600);
$httpd->write_file('conf/users', "ada:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\nbob:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n");        # "test"
$httpd->log_allow(qr/crm\.db|127\.0\.0\.1:1\b|mapping \S+ /);     # nothing is there to be synced with
$httpd->start;
my $db  = $httpd->state . '/notionsync.db';
my %map = map { $_->{name} => $_->{id} } @{ sqlite($db, 'SELECT id, name FROM mapping') };

# --- something to show, as nasty as it comes

my $now = int(time * 1e6);
my $evil = '<script>alert(1)</script>"\'&';
sub quote { my ($text) = @_; $text =~ s/'/''/g; return "'$text'" }
my @pair = map { $_->{id} } @{ sqlite($db, "SELECT id FROM pair WHERE mapping = $map{contacts} ORDER BY id") };
my $page = 'eeeeeeee-0000-4000-8000-000000000001';
my $bases = encode([{ pair => $pair[0], notion => $evil, external => $evil, notion_seen => $now, external_seen => $now }]);
my $why   = encode({ remedy => 'retry', code => 'sql.constraint', what => "found $evil", words => "words $evil", advice => "advice $evil" });
my $fields = encode([{ pair => $pair[1], name => "Stage $evil", before => { o => "before $evil", id => 'x' }, after => "after $evil",
    lost => "lost $evil", reason => "reason $evil" }]);
sqlite($db, join ";\n", 'BEGIN',
    "INSERT INTO link (id, mapping, page, key, state, bases, trouble, outcome, attempts, next_try, touched) VALUES (1, $map{contacts}, "
        . "'$page', " . quote("key $evil") . ", 1, " . quote($bases) . ", 1, " . quote($why) . ", 3, " . ($now + 9e7) . ", $now)",
    "INSERT INTO link (id, mapping, page, key, state, bases, trouble, outcome, touched) VALUES (2, $map{contacts}, NULL, '2', 0, '[]', 2, "
        . quote($why) . ", $now)",
    "INSERT INTO entry (id, mapping, intent, link, op, side, state, at, page, key, cause, note, fields) VALUES (1, $map{contacts}, 'i1', 1, "
        . "1, 1, 1, $now, '$page', " . quote("key $evil") . ', ' . quote("cause $evil") . ', ' . quote("note $evil") . ', ' . quote($fields) . ')',
    "INSERT INTO entry (id, mapping, intent, link, op, side, state, at, key, fields) VALUES (2, $map{deals}, 'i2', 3, 1, 0, 1, $now, '3', '[]')",
    (map { "INSERT INTO entry (id, mapping, intent, link, op, side, state, at, key, fields) VALUES (" . ($_ + 100) . ", $map{deals}, 'j$_', 3, "
            . "1, 0, 1, $now, '3', '[]')" } 1 .. 60),
    "INSERT INTO run (mapping, kind, state, started, finished, seen_notion, seen_external, expected, written_notion, written_external, troubles,"
        . " requests, note) VALUES ($map{contacts}, 'full', 'done', $now, $now, 5, 4, 5, 1, 2, 0, 3, " . quote("run $evil") . ')', 'COMMIT');

my %pages = (
    overview => '', mapping => '&mapping=contacts', record => "&mapping=contacts&id=$page", audit => '&mapping=contacts', conflicts => '', held => '',
    failures => '',
);

# --- three forms of each page

for my $name (sort keys %pages) {
    my $path   = "/sync?page=$name$pages{$name}";
    my $answer = $httpd->get($path);
    is($answer->{status}, 200, "$name: a page");
    is($answer->{headers}{'content-type'}, 'text/html; charset=utf-8', "$name: of HTML");
    unlike($answer->{body}, qr/<script|alert\(1\)<|<b>Name/i, "$name: nothing in it runs");
    like($answer->{body}, qr/&lt;script&gt;alert\(1\)/, "$name: but is to be read");
    my $seconds = $name =~ /audit|conflicts|held|record/ ? 60 : 5;
    like($answer->{body}, qr/<meta http-equiv=refresh content=$seconds>/, "$name: it refreshes itself, less often where there are forms");
    unlike($httpd->get("$path&refresh=off")->{body}, qr/http-equiv=refresh/, "$name: unless told not to");
    my $json = $httpd->get("$path&json");
    is($json->{headers}{'content-type'}, 'application/json', "$name: as JSON");
    my $facts = eval { decode($json->{body}) };
    is($facts->{page}, $name, "$name: which is well-formed and says what it is");
    my $lines = $httpd->get("$path&auto");
    is($lines->{headers}{'content-type'}, 'text/plain; charset=utf-8', "$name: as lines");
    is(scalar(grep { !/\A[\w.<>-]+: [^\n]*\z/ } split /\n/, $lines->{body}), 0, "$name: each with key and value");
    for my $form ($answer, $json, $lines) {
        my $h = $form->{headers};
        like($h->{'content-security-policy'}, qr/\Adefault-src 'none'/, "$name: nothing else is loaded");
        is_deeply([@$h{qw(cache-control x-content-type-options x-frame-options)}], ['no-store', 'nosniff', 'DENY'], "$name: kept or framed");
    }
}
my $overview = $httpd->get('/sync');
my ($style) = $overview->{body} =~ m{<style>(.*?)</style>}s;
my ($hash)  = $overview->{headers}{'content-security-policy'} =~ /style-src 'sha256-([^']+)'/;
is($hash, sha256_base64($style) . '=', 'the one style sheet is the one that is allowed');
is($httpd->request('HEAD', '/sync')->{status}, 200, 'HEAD');
is($httpd->request('PUT', '/sync')->{status}, 405, 'but nothing that writes');

my $facts = $httpd->get_json('/sync?json');
is_deeply([map { $_->{name} } @{ $facts->{mappings} }], [qw(contacts deals)], 'the overview has the mappings of its server');
is_deeply([@{ $facts->{mappings}[0] }{qw(parked held)}], [1, 1], 'with what is wrong');
is($facts->{failures}[0]{outcome}{what}, "found $evil", 'and why');
is(scalar @{ $facts->{workers} }, 2, 'the workers');
is(scalar @{ $facts->{audit} }, 6, 'and the last changes of all mappings');
is_deeply([map { $_->{id} } @{ $facts->{audit} }[0, 1]], [160, 159], 'newest first');
my $record = $httpd->get_json("/sync?page=record&mapping=contacts&id=$page&json");
is($record->{agreed}[0]{notion_text}, $evil, 'a record has what both sides agreed on');
is($record->{audit}[0]{fields}[0]{lost_text}, "lost $evil", 'and what has happened to it');
is($httpd->get_json('/sync?page=record&mapping=contacts&id=2&json')->{record}{trouble}, 'held', 'it is found by its key');
is(scalar @{ $httpd->get_json('/sync?page=conflicts&json')->{conflicts} }, 1, 'conflicts are the entries in which something lost');
my $audit = $httpd->get_json('/sync?page=audit&json');
is(scalar @{ $audit->{audit} }, 50, 'the audit comes in pages');
my $rest = $httpd->get_json("/sync?page=audit&before=$audit->{next_before}&json");
is(scalar @{ $rest->{audit} }, 12, 'and goes on where it ended');
is($rest->{next_before}, undef, 'to its end');
is($rest->{audit}[-1]{id}, 1, 'which is the oldest');

# --- what is not there

for ('metrics', 'page=nothing', 'page=mapping', 'page=mapping&mapping=absent', 'page=record&mapping=contacts', 'page=record&mapping=contacts&id=absent',
    "page=record&mapping=deals&id=$page", 'page=mapping&mapping=clients') {
    is($httpd->get("/sync?$_")->{status}, 404, "there is no $_");
}
my $echo = '%22%3E%3Cscript%3Ealert(2)%3C/script%3E';
for ("?refresh=$echo", "?page=audit&before=$echo", "?page=$echo", "?page=mapping&mapping=$echo", "?page=record&mapping=contacts&id=$echo",
    "?page=mapping&mapping=contacts&command=$echo", '?%zz=%zz&=&&&') {
    unlike($httpd->get("/sync$_")->{body}, qr/<script>/, "nothing of the address runs: $_");
}
is($httpd->post('/sync/hook/absent', '{}')->{status}, 404, 'an inner place serves what it says, though it was written first');

# --- for whom

my %visitor = (
    'behind a proxy'          => { 'x-forwarded-for' => '192.0.2.1' },
    'behind another proxy'    => { via => '1.1 proxy' },
    'behind a third one'      => { forwarded => 'for=192.0.2.1' },
    'a site that leads here'  => { host => 'evil.example' },
);
# HTTP::Tiny does not let a test lie about the host.
sub visit {
    my ($who, $method, $path, $body) = @_;
    my %with = (host => '127.0.0.1', 'content-length' => length($body // ''), %{ $visitor{$who} });
    return $httpd->raw("$method $path HTTP/1.0\r\n" . join('', map { "$_: $with{$_}\r\n" } sort keys %with) . "\r\n" . ($body // ''));
}
for my $who (sort keys %visitor) {
    my $seen = visit($who, 'GET', '/sync?json');
    my $all  = join '', map { visit($who, 'GET', "/sync$_")->{body} } '?json', '', '?auto', '?page=mapping&mapping=contacts&json',
        '?page=mapping&mapping=contacts';
    is($seen->{status}, 200, "$who: may look");
    is(decode($seen->{body})->{server}{access}, 'counters', "$who: at counters");
    is(decode($seen->{body})->{mappings}[0]{parked}, 1, "$who: such as this");
    unlike($all, qr/alert|found|Stage|<form|token/, "$who: but no values, and nothing to press");
    is(visit($who, 'GET', "/sync?page=$_$pages{$_}")->{status}, 403, "$who: not at $_") for qw(record audit conflicts held failures);
    is(visit($who, 'POST', '/sync', 'action=pause&mapping=contacts')->{status}, 403, "$who: and may not act");
}
is($httpd->get('/closed')->{status}, 401, 'a place that httpd closes is closed');
is(decode($httpd->get('/closed?json', user => 'ada:test', headers => { 'x-forwarded-for' => '192.0.2.1' })->{body})->{server}{user}, 'ada',
    'its users see all, wherever they are');

# --- another virtual host

my $client = $httpd->get('/sync?json', port => 2);
is_deeply([map { $_->{name} } @{ decode($client->{body})->{mappings} }], ['clients'], 'a virtual host shows its own mappings');
is_deeply([sort map { $_->{name} } @{ decode($client->{body})->{services} }], [qw(crm own)], 'and the services they use');
is($httpd->get("/sync?page=record&mapping=contacts&id=$page", port => 2)->{status}, 404, 'and no others');

# --- buttons

my $origin = 'http://127.0.0.1:' . $httpd->port;
sub token_for {
    my (@with) = @_;
    my ($place) = grep { /\A\// } @with;
    my ($token) = $httpd->get(($place // '/sync') . '?page=mapping&mapping=contacts', grep { !/\A\// } @with)->{body} =~ /name="token" value="([^"]+)"/;
    return $token;
}
sub press {
    my ($form, %with) = @_;
    my $place = delete $with{place} // '/sync';
    my @user  = $with{user} ? (user => delete $with{user}) : ();
    return $httpd->post($place, $form, @user, headers => { 'content-type' => 'application/x-www-form-urlencoded', origin => $origin, %with });
}
sub commands { return sqlite($db, 'SELECT * FROM command ORDER BY id') }

my $token = token_for();
ok($token, 'a page has a token in its forms');
my %no = (
    'no token'            => ['action=pause&mapping=contacts'],
    'a made-up token'     => ['action=pause&mapping=contacts&token=' . time . '.' . 'a' x 64],
    'a changed token'     => ['action=pause&mapping=contacts&token=' . ($token =~ s/\A\d/9/r)],
    'another site'        => ["action=pause&mapping=contacts&token=$token", origin => 'http://evil.example'],
    'a site of this name' => ["action=pause&mapping=contacts&token=$token", origin => "http://127.0.0.1:1"],
    'no origin'           => ["action=pause&mapping=contacts&token=$token", origin => ''],
    'what the browser calls another site' => ["action=pause&mapping=contacts&token=$token", 'sec-fetch-site' => 'cross-site'],
    'somebody else'       => ["action=pause&mapping=contacts&token=" . token_for('/closed', user => 'ada:test'), place => '/closed', user => 'bob:test'],
);
is(press(@{ $no{$_} })->{status}, 403, "refused: a form from $_") for sort keys %no;
is_deeply(commands(), [], 'none of them did anything');
$httpd->log_expect(qr/a form was refused/);
is($httpd->get("/sync?action=pause&mapping=contacts&token=$token")->{status}, 200, 'an address alone is no form');
is(press("action=explode&mapping=contacts&token=$token")->{status}, 400, 'no such action');
is(press("action=pause&mapping=absent&token=$token")->{status}, 404, 'no such mapping');
is(press("action=pause&mapping=clients&token=$token")->{status}, 404, 'nor one of another virtual host');
is(press("action=undo&mapping=contacts&token=$token")->{status}, 400, 'undo of nothing');
is(press("action=undo&mapping=contacts&entry=2&token=$token")->{status}, 404, 'undo of an entry of another mapping');
is(press("action=pause&mapping=contacts&token=$token&" . 'x' x 9000)->{status}, 413, 'a form that is too long');
is_deeply(commands(), [], 'still nothing');

for my $action (qw(reconcile pause resume)) {
    my $done = press("action=$action&mapping=contacts&token=$token");
    is($done->{status}, 303, "$action is done");
    my ($command) = grep { $_->{verb} eq $action } @{ commands() };
    is($command->{mapping}, $map{contacts}, 'for its mapping');
    is($command->{by}, 'local user', 'by who pressed it');
    like($done->{headers}{location}, qr{/sync\?page=mapping&mapping=contacts&command=$command->{id}\z}, 'and leads back');
    like($httpd->get("/sync?page=mapping&mapping=contacts&command=$command->{id}")->{body}, qr/$action, asked for by/, 'to what became of it');
}
my $undo = press("action=undo&mapping=contacts&entry=1&token=" . token_for('/closed', user => 'ada:test'), place => '/closed', user => 'ada:test');
is($undo->{status}, 303, 'undo is done');
my ($command) = grep { $_->{verb} eq 'undo' } @{ commands() };
is_deeply(decode($command->{args}), { entry => 1 }, 'of its entry');
is($command->{by}, 'ada', 'by the user');
my $answer = $httpd->post('/sync?json', "action=pause&mapping=deals&token=$token",
    headers => { 'content-type' => 'application/x-www-form-urlencoded', origin => $origin, 'sec-fetch-site' => 'same-origin' });
is($answer->{status}, 202, 'programs get an answer of their own');
ok(decode($answer->{body})->{command} > 0, 'with the number of the command');
is($httpd->get("/sync?page=mapping&mapping=contacts&command=" . decode($answer->{body})->{command})->{status}, 200,
    'a command of another mapping is not shown');
$httpd->log_allow(qr/asked for/);

# --- .htaccess opens nothing

for my $line ('NotionSyncServe status', '<IfModule notionsync_module>' . "\nNotionSyncServe status\n</IfModule>", "NotionSyncToken file:x", 'NotionSyncWorkers 1') {
    $httpd->write_file('htdocs/.htaccess', "$line\n");
    my ($what) = $line =~ /(NotionSync.*)/;
    is($httpd->get('/index.html')->{status}, 500, "$what in .htaccess is an error");
    unlike($httpd->get('/index.html')->{body}, qr/notices waiting/, 'and shows nothing');
}
$httpd->log_expect(qr/\.htaccess: .*NotionSyncServe: found outside <Location>|\.htaccess: NotionSyncServe not allowed here/);
$httpd->log_allow(qr/\.htaccess: /);
for my $handler (qw(notionsync notionsync-status notionsync-hook status hook)) {
    $httpd->write_file('htdocs/.htaccess', "SetHandler $handler\n");
    unlike($httpd->get('/index.html')->{body}, qr/notices waiting|service/, "SetHandler $handler opens nothing");
}
$httpd->write_file('htdocs/.htaccess', '');

finish();

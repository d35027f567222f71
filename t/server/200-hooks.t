# Webhooks are verified, stored durably and acknowledged; whatever else arrives is refused with the right status, and
# changes nothing.
use strict;
use warnings;
use NotionSync::Hooks;
use NotionSync::Test;
use Time::HiRes qw(time);

my ($contacts, $deals) = ('1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d', '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0e');
my $secret = 'secret_' . 'k' x 43;

# One child, so that counters and commits are those of one process.
my $httpd = new_httpd(
    limits => "ServerLimit 1\nStartServers 1\nThreadsPerChild 48\nMaxRequestWorkers 48\nMinSpareThreads 1\nMaxSpareThreads 48\n",
    config => <<"CONF");
NotionSyncStateDB sqlite3 \${STATE}/notionsync.db
<NotionSyncService work notion>
  NotionSyncToken file:conf/token
  NotionSyncEndpoint http://127.0.0.1:1
  NotionSyncHookSecret file:conf/hook
</NotionSyncService>
<NotionSyncService hand notion>
  NotionSyncToken file:conf/token
  NotionSyncEndpoint http://127.0.0.1:1
</NotionSyncService>
<NotionSyncService crm sql>
  NotionSyncDatabase sqlite \${STATE}/crm.db
</NotionSyncService>
<NotionSyncMapping contacts>
  NotionSyncNotion work $contacts
  NotionSyncExternal crm contacts
  NotionSyncField Name <-> name
  NotionSyncPaused on
</NotionSyncMapping>
<NotionSyncMapping deals>
  NotionSyncNotion work $deals
  NotionSyncExternal crm deals
  NotionSyncField Name <-> name
  NotionSyncPaused on
</NotionSyncMapping>
<NotionSyncMapping by-hand>
  NotionSyncNotion hand $contacts
  NotionSyncExternal crm people
  NotionSyncField Name <-> name
  NotionSyncPaused on
</NotionSyncMapping>
<Location "/notionsync/hook">
  NotionSyncServe hook
</Location>
<Location "/notionsync">
  NotionSyncServe status
</Location>
CONF
$httpd->write_file('conf/token', "ntn_0000\n", mode => 0600);
$httpd->write_file('conf/hook',  "$secret\n",  mode => 0600);
$httpd->log_allow(qr/crm\.db|127\.0\.0\.1:1\b|mapping \S+ /);     # nothing is there to be synced with
$httpd->start;
my $db   = $httpd->state . '/notionsync.db';
my $hook = '/notionsync/hook/work';
my %id   = map { $_->{name} => $_->{id} } @{ sqlite($db, 'SELECT id, name FROM mapping') };

sub inbox { return sqlite($db, 'SELECT * FROM inbox WHERE event NOT NULL AND side = 0 ORDER BY id') }
sub counts { my %c = $httpd->get('/notionsync?auto')->{body} =~ /^hooks\.(\w+): (\d+)$/mg; return \%c }
sub state_of { return sqlite($db, "SELECT h.* FROM hook h JOIN service s ON s.id = h.service WHERE s.name = '$_[0]'")->[0] }

# --- where

is($httpd->post('/notionsync/hook/absent', '{}')->{status}, 404, 'no such service');
is($httpd->post('/notionsync/hook/crm',    '{}')->{status}, 404, 'a service without webhooks');
is($httpd->post('/notionsync/hook/',       '{}')->{status}, 404, 'no name');
is($httpd->post("$hook/more",              '{}')->{status}, 404, 'more than a name');
is($httpd->post('/notionsync/hook',        '{}')->{status}, 404, 'no slash either');
for my $method (qw(GET PUT DELETE OPTIONS)) {
    my $answer = $httpd->request($method, $hook);
    is($answer->{status}, 405, "$method is no way to send an event");
    is($answer->{headers}{allow}, 'POST', 'and the answer says what is');
}

# --- from whom

my $event = make_event(data_source => $contacts);
my $body  = encode($event);
is($httpd->post($hook, $body)->{status}, 401, 'unsigned');
for (['another key', sign('secret_other', $body)], ['other bytes', sign($secret, "$body ")], ['no prefix', substr(sign($secret, $body), 7)],
    ['another prefix', 'sha512=' . substr(sign($secret, $body), 7)], ['cut', substr(sign($secret, $body), 0, -1)],
    ['longer', sign($secret, $body) . '0'], ['not hexadecimal', 'sha256=' . 'x' x 64], ['nothing', 'sha256='], ['no key at all', sign('', $body)]) {
    my ($what, $signature) = @$_;
    is($httpd->request('POST', $hook, body => $body, headers => { 'x-notion-signature' => $signature })->{status}, 401, "a signature that is $what");
}
is_deeply(inbox(), [], 'nothing of that is stored');
is(counts()->{refused_signature}, 10, 'all of it is counted');

# --- what

for (['no JSON', 'event'], ['cut JSON', substr($body, 0, -1)], ['more than JSON', "$body$body"], ['not an object', '[1]'], ['nothing', ''],
    ['JSON that is too deep', '[' x 2000 . ']' x 2000], ['not UTF-8', qq({"id":"\xff"})], ['without an id', encode(make_event(id => undef))],
    ['with an id that is none', encode(make_event(id => '../../etc'))], ['without a time', encode(make_event(timestamp => undef))],
    ['without a type', encode(make_event(type => undef))], ['about nothing', encode(make_event(entity => undef))],
    ['about a wrong thing', encode(make_event(entity => { id => "1' OR 1=1", type => 'page' }))]) {
    my ($what, $bytes) = @$_;
    is(post_event($httpd, $hook, $secret, $bytes)->{status}, 400, "signed, but $what");
}
my $old = post_event($httpd, $hook, $secret, make_event(data_source => $contacts, timestamp => utc(time - 48 * 3600 - 60)));
is($old->{status}, 400, 'an event of three days ago');
like($old->{body}, qr/older than 48 hours/, 'is refused for that');
is(post_event($httpd, $hook, $secret, make_event(data_source => $contacts, timestamp => utc(time - 47 * 3600)))->{status}, 200, 'one of yesterday is taken');
is(counts()->{refused_syntax}, 14, 'each refusal is counted');
$httpd->log_expect(qr/a signed event for the service work was refused/);

# --- how much

my $large = encode(make_event(data_source => $contacts, pad => 'x' x (1 << 20)));
is(post_event($httpd, $hook, $secret, $large)->{status}, 413, 'more than a mebibyte');
my $raw = $httpd->raw("POST $hook HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
is($raw->{status}, 413, 'it is enough to say so');
$raw = $httpd->raw("POST $hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" . ("10000\r\n" . 'y' x 65536 . "\r\n") x 20);
is($raw->{status}, 413, 'or to send it in pieces');
is(counts()->{refused_size}, 3, 'counted');
my $near = encode(make_event(data_source => $contacts, pad => 'x' x ((1 << 20) - 1200)));
is(post_event($httpd, $hook, $secret, $near)->{status}, 200, 'less than a mebibyte is taken');
my $pieces = encode(make_event(data_source => $contacts));
$raw = $httpd->raw("POST $hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nX-Notion-Signature: " . sign($secret, $pieces)
        . "\r\n\r\n" . join('', map { sprintf "%x\r\n%s\r\n", length, $_ } unpack '(a7)*', $pieces) . "0\r\n\r\n");
is($raw->{status}, 200, 'in pieces too');
my $rows = @{ inbox() };
$raw = $httpd->raw("POST $hook HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nX-Notion-Signature: " . sign($secret, $body) . "\r\n\r\n$body", shut => 1);
isnt($raw->{status}, 200, 'a body that is cut off is not taken');
is(scalar @{ inbox() }, $rows, 'and leaves nothing');

# --- what is stored

my $first = post_event($httpd, $hook, $secret, $event);
is($first->{status}, 200, 'a good event');
my ($row) = grep { $_->{event} eq $event->{id} } @{ inbox() };
is($row->{mapping}, $id{contacts}, 'is stored for the mapping of its data source');
is_deeply([@$row{qw(record kind properties authors side)}], [page_id(1), 'page.properties_updated', '["title"]',
    '["dddddddd-0000-4000-8000-000000000001"]', 0], 'with what it says');
my $duplicates = counts()->{duplicate};
is(post_event($httpd, $hook, $secret, { %$event, attempt_number => 2 })->{status}, 200, 'the same event again');
is(scalar(grep { $_->{event} eq $event->{id} } @{ inbox() }), 1, 'is stored once');
is(counts()->{duplicate}, $duplicates + 1, 'and counted as known');
is($httpd->request('POST', $hook, body => $body, headers => { 'X-NOTION-SIGNATURE' => 'sha256=' . uc substr(sign($secret, $body), 7) })->{status}, 200,
    'digits of a signature may be capital letters');

sub stored_for {
    my ($what, $expect, %with) = @_;
    my $e = make_event(%with);
    is(post_event($httpd, $hook, $secret, $e)->{status}, 200, $what);
    my @for = sort map { $_->{mapping} } grep { $_->{event} eq $e->{id} } @{ inbox() };
    is_deeply(\@for, [sort map { $id{$_} } @$expect], '... is stored for ' . (join(' and ', @$expect) || 'nobody'));
    return grep { $_->{event} eq $e->{id} } @{ inbox() };
}
stored_for('a page of the other data source', ['deals'], data_source => $deals);
stored_for('an id without dashes', ['deals'], data_source => $deals =~ tr/-//dr);
stored_for('a page of a data source nobody has', [], data_source => '99999999-0000-4000-8000-000000000001');
stored_for('a page that does not say', [qw(contacts deals)]);
stored_for('a page that was moved', [qw(contacts deals)], type => 'page.moved', data_source => $deals);
stored_for('a page that was deleted', ['contacts'], type => 'page.deleted', data_source => $contacts, data => { parent => { data_source_id => $contacts } });
my ($schema) = stored_for('a schema that was changed', ['deals'], type => 'data_source.schema_updated', entity => { id => $deals, type => 'data_source' });
is($schema->{record}, undef, '... as the whole side');
stored_for('rows that came or went, whose own events tell', [], type => 'data_source.content_updated', entity => { id => $deals, type => 'data_source' });
stored_for($_, [], type => $_, entity => { id => page_id(2), type => (split /\./)[0] }) for qw(comment.created file_upload.completed view.updated new.event);
stored_for('a lock', [], type => 'page.locked', data_source => $deals);
my ($decoded) = stored_for('property ids', ['contacts'], data_source => $contacts,
    data => { parent => { data_source_id => $contacts }, updated_properties => ['title', 's%3AxQ', 'a+b', '%E2%82%AC'] });
is($decoded->{properties}, "[\"title\",\"s:xQ\",\"a+b\",\"\x{20ac}\"]", '... are decoded') if $decoded;
my ($unclear) = stored_for('a property id that cannot be read', ['contacts'], data_source => $contacts,
    data => { parent => { data_source_id => $contacts }, updated_properties => ['title', '%zz'] });
is($unclear->{properties}, undef, '... means that all may have changed');
is($httpd->post('/notionsync/hook/hand', $body)->{status}, 401, 'what is signed for one service is not for another');

# --- handshake

my $hand = '/notionsync/hook/hand';
my $pending = sub {
    my ($seconds) = @_;
    sqlite($db, "INSERT OR REPLACE INTO hook (service, state, expires, last_event) SELECT id, 'pending', "
            . int((time + $seconds) * 1e6) . ", 0 FROM service WHERE name = 'hand'");
};
my $token = 'secret_' . 'a' x 43;
my $other = 'secret_' . 'b' x 43;
is($httpd->post($hand, { verification_token => $token })->{status}, 401, 'a token that nobody waits for');
is(state_of('hand'), undef, 'is not kept');
$pending->(-1);
is($httpd->post($hand, { verification_token => $token })->{status}, 401, 'nor one that comes too late');
$pending->(600);
is($httpd->post($hand, {})->{status}, 401, 'what holds none is no handshake');
is($httpd->post($hand, { verification_token => $token, type => 'page.created' })->{status}, 401, 'nor is an event');
is($httpd->post($hand, { verification_token => '' })->{status}, 401, 'nor an empty one');
is(state_of('hand')->{state}, 'pending', 'somebody still waits');
my $shake = encode({ verification_token => $token });
is($httpd->request('POST', $hand, body => $shake, headers => { 'x-notion-signature' => sign($token, $shake) })->{status}, 200,
    'a token that is waited for is taken, signed with itself or not');
is(state_of('hand')->{state}, 'arrived', 'and has arrived');
is($httpd->post($hand, { verification_token => $other })->{status}, 401, 'another one does not replace it');
is($httpd->post($hand, { verification_token => $token })->{status}, 200, 'but the same may come again');
is($httpd->request('POST', $hand, body => $shake, headers => { 'x-notion-signature' => sign($token, $shake) })->{status}, 200, 'signed, too');
ok(index(read_file($db) . (-e "$db-wal" ? read_file("$db-wal") : ''), $token) < 0, 'it is not stored in clear');
unlike($httpd->log_text, qr/\Q$token\E|\Q$secret\E/, 'nor logged');
is(post_event($httpd, $hand, $other, make_event(data_source => $contacts))->{status}, 401, 'an event that is signed with another token');
is(post_event($httpd, $hand, $token, make_event(data_source => $contacts))->{status}, 200, 'and one that is signed with it');
is(state_of('hand')->{state}, 'verified', 'proves the handshake');
is($httpd->request('POST', $hand, body => $shake, headers => { 'x-notion-signature' => sign($token, $shake) })->{status}, 200, 'which may come once more, signed');
is($httpd->post($hand, { verification_token => $token })->{status}, 200, 'or not');
ok(state_of('hand')->{last_event} > 0, 'and its time is kept');
is($httpd->post($hook, { verification_token => $token })->{status}, 401, 'a service with NotionSyncHookSecret takes none');
my $own = encode({ verification_token => $secret });
is($httpd->request('POST', $hook, body => $own, headers => { 'x-notion-signature' => sign($secret, $own) })->{status}, 200, 'but its own may come once more, if it is signed');
$own = encode({ verification_token => $other });
is($httpd->request('POST', $hook, body => $own, headers => { 'x-notion-signature' => sign($secret, $own) })->{status}, 400, 'another one is not taken for that');
$pending->(600);
is(post_event($httpd, $hand, $token, make_event(data_source => $contacts))->{status}, 200, 'while a new one is waited for, the old one works');
is($httpd->post($hand, { verification_token => $other })->{status}, 200, 'the new one is taken');
is(post_event($httpd, $hand, $other, make_event(data_source => $contacts))->{status}, 200, 'and works at once');

# --- many at once, and a store that cannot be written to

sub lock_store {
    my $pid = open my $shell, '|-', 'sqlite3', '-batch', $db or die "sqlite3: $!";
    $shell->autoflush(1);
    print {$shell} "BEGIN IMMEDIATE;\n.shell touch $db.held\n";
    wait_for { -e "$db.held" } 10, 'the store is locked';
    unlink "$db.held";
    return $shell;
}
sub unlock_store { my ($shell) = @_; print {$shell} "ROLLBACK;\n"; return close $shell }

# What comes while one commit cannot be made waits for the next. httpd waits 3 s for the store: where that is not enough to take all
# forty from their connections, some of them are refused, and all sent anew.
my ($before, @answers);
for (1 .. 40) {
    $before = counts();
    my $shell = lock_store();
    my @sent = send_all($httpd, $hook, $secret, map { make_event(data_source => $contacts, entity => { id => page_id($_), type => 'page' }) } 1 .. 40);
    $httpd->settle;             # all forty wait, and nothing else is done
    unlock_store($shell);
    @answers = answers(@sent);
    last unless grep { $_->[0] == 503 } @answers;
}
is(scalar(grep { $_->[0] == 200 } @answers), 40, 'forty events at once are all taken');
my $after = counts();
is($after->{stored} - $before->{stored}, 40, 'and stored');
is($after->{commits} - $before->{commits}, 1, 'by one commit');

my $shell = lock_store();
my $refused = post_event($httpd, $hook, $secret, my $again = make_event(data_source => $contacts));
is($refused->{status}, 503, 'while the store cannot be written to, an event is sent back');
like($refused->{headers}{'retry-after'}, qr/\A\d+\z/, 'with a time to come again');
is(counts()->{refused_store}, $before->{refused_store} + 1, 'and counted');
unlock_store($shell);
is(post_event($httpd, $hook, $secret, $again)->{status}, 200, 'then it is taken');
$httpd->log_expect(qr/could not be stored; its sender was told to send it again later/);

# --- the log

# The head of the log's index: how many pages the log holds, and how many of them are in the database too.
sub log_pages {
    my $index = read_file($httpd->state . '/notionsync.db-shm');
    return map { unpack "x$_ L", $index } 16, 96;
}
wait_ok { my ($in_log, $written_back) = log_pages(); $in_log > 0 && $written_back == $in_log } 10,
    'a worker writes the log back soon after, so that no event has to wait for that';

# --- slow

my $started = time;
$raw = $httpd->raw("POST $hook HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc", timeout => 30);
ok($raw->{status} == 408 || $raw->{status} == 400, 'who does not go on is not waited for') or diag $raw->{status};
cmp_ok(time - $started, '<', 20 * patience(), 'for long');

finish();

# Secrets are where they are needed and nowhere else: no httpd child holds a token, and what signs events only in memory
# that a core dump leaves out; nothing shows them.
use strict;
use warnings;
no warnings qw(portable);     # addresses have 64 bits
use NotionSync::Browser;
use NotionSync::Hooks;
use NotionSync::Test;

plan(skip_all => 'needs /proc and root') unless -e '/proc/self/smaps' && $> == 0;
plan(skip_all => 'a sanitizer keeps copies of its own') if build_info->{sanitize};

my $source = '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d';
# Unlike anything else in memory, and not in this file as it is used.
sub made_up { my ($name) = @_; return join '', $name, '_', map { ('a' .. 'z', 0 .. 9)[rand 36] } 1 .. 43 }
my $sim = start_sim();
my $data = $sim->sim(POST => 'data_source', { name => 'Leads', properties => { Name => { type => 'title' } } })->{id};
my %secret = (client => made_up('secret'), token => made_up('ntn'), environment => made_up('ntn'), program => made_up('ntn'), hook => made_up('secret'));

my $httpd = new_httpd(env => { NOTION_TOKEN => $secret{environment} }, config => <<"CONF");
NotionSyncStateDB sqlite3 \${STATE}/notionsync.db
<NotionSyncService work notion>
  NotionSyncToken file:conf/token
  NotionSyncEndpoint http://127.0.0.1:1
  NotionSyncHookSecret file:conf/hook
</NotionSyncService>
<NotionSyncService env notion>
  NotionSyncToken env:NOTION_TOKEN
  NotionSyncEndpoint http://127.0.0.1:1
</NotionSyncService>
<NotionSyncService program notion>
  NotionSyncToken "exec:/bin/cat \${ROOT}/conf/program"
  NotionSyncEndpoint http://127.0.0.1:1
</NotionSyncService>
<NotionSyncService app notion>
  NotionSyncOAuth client-id=app client-secret=file:conf/client redirect=http://127.0.0.1:\${PORT}/oauth
  NotionSyncEndpoint @{[$sim->url]}
</NotionSyncService>
<NotionSyncService crm sql>
  NotionSyncDatabase sqlite \${STATE}/crm.db
  NotionSyncProvision auto
</NotionSyncService>
<NotionSyncMapping contacts>
  NotionSyncNotion work $source
  NotionSyncExternal crm contacts
  NotionSyncField Name <-> name
</NotionSyncMapping>
<NotionSyncMapping people>
  NotionSyncNotion env $source
  NotionSyncExternal crm people
  NotionSyncField Name <-> name
</NotionSyncMapping>
<NotionSyncMapping deals>
  NotionSyncNotion program $source
  NotionSyncExternal crm deals
  NotionSyncField Name <-> name
</NotionSyncMapping>
<NotionSyncMapping leads>
  NotionSyncNotion app $data
  NotionSyncExternal crm leads
  NotionSyncField Name <-> name
</NotionSyncMapping>
<Location "/oauth">
  NotionSyncServe oauth
</Location>
<Location "/notionsync">
  NotionSyncServe status
</Location>
<Location "/notionsync/hook">
  NotionSyncServe hook
</Location>
CONF
$httpd->write_file("conf/$_", "$secret{$_}\n", mode => 0600) for qw(token hook program client);
$httpd->log_allow(qr/crm\.db|oauth\.not_installed|127\.0\.0\.1:1\b|mapping \S+ /);
my $crm = $httpd->state . '/crm.db';
sqlite($crm, 'CREATE TABLE leads (id INTEGER PRIMARY KEY, name TEXT)');
$httpd->give($crm, 0600);
$httpd->start;
my $db = $httpd->state . '/notionsync.db';
# As root, so not before they have opened it.
wait_ok { (() = $httpd->log_text =~ /worker \d: ready/g) >= 2 } 20, 'the workers are there';

# A handshake, and events for both kinds of keys.
my $shaken = made_up('secret');
sqlite($db, "INSERT OR REPLACE INTO hook (service, state, expires, last_event) SELECT id, 'pending', " . int((time + 600) * 1e6)
        . ", 0 FROM service WHERE name = 'env'");
is($httpd->post('/notionsync/hook/env', { verification_token => $shaken })->{status}, 200, 'a handshake');
is(scalar(grep { $_->[0] == 200 } post_all($httpd, '/notionsync/hook/work', $secret{hook}, map { make_event(data_source => $source) } 1 .. 12)), 12, 'events');
is(scalar(grep { $_->[0] == 200 } post_all($httpd, '/notionsync/hook/env', $shaken, map { make_event(data_source => $source) } 1 .. 12)), 12, 'and more');

# An installation, and a refresh.
sub app { return $sim->sim(POST => 'oauth', { client_id => 'app', @_ })->{grants} }
app(client_secret => $secret{client}, redirect_uris => [$httpd->url('/oauth')]);
my $browser = NotionSync::Browser->new;
my $back = $browser->press($browser->go($httpd->url('/oauth/app')), 'begin');
is($back->{status}, 200, 'an installation');
($secret{state}, $secret{code}) = map { my $name = $_; map { /[?&]$name=(\w+)/ ? $1 : () } $back->{steps}[-2] } qw(state code);
sqlite($crm, "INSERT INTO leads (name) VALUES ('Ben')");
wait_ok { $sim->sim(GET => "pages?data_source=$data")->{total} } 20, 'its token is used';
my @grants = @{ app(expire_access => JSON::PP::true()) };
@secret{qw(access refresh)} = @{ $grants[0] }{qw(access_token refresh_token)};
sqlite($crm, "INSERT INTO leads (name) VALUES ('Ada')");
wait_ok { app()->[0]{refreshes} && $sim->sim(GET => "pages?data_source=$data")->{total} > 1 } 20, 'and refreshed';
@secret{qw(access2 refresh2)} = @{ app()->[0] }{qw(access_token refresh_token)};
my $pages = join '', map { $httpd->get("/notionsync?$_")->{body} } '', 'json', 'auto', map { ("page=mapping&mapping=$_", "page=mapping&mapping=$_&json") }
    qw(contacts people deals leads);
$pages .= $browser->go($httpd->url("/oauth/app$_"))->{body} for '', '?json';

# Which of the mappings of a process hold a text; those that no core dump shows are marked.
sub places {
    my ($pid, $text) = @_;
    my (@places, $range, $name, $readable);
    open my $mem, '<:raw', "/proc/$pid/mem" or die "mem of $pid: $!";
    for my $line (split /\n/, read_file("/proc/$pid/smaps")) {
        if ($line =~ /\A([0-9a-f]+)-([0-9a-f]+) (\S)\S+ \S+ \S+ \S+\s*(.*)/) {
            ($range, $readable, $name) = ([hex $1, hex $2], $3 eq 'r', $4);
        }
        elsif ($line =~ /\AVmFlags:(.*)/ && $readable && $name !~ /\A\[v/) {
            my $flags = $1;
            sysseek $mem, $range->[0], 0 or next;
            my ($got, $block) = (0, '');
            while ($got < $range->[1] - $range->[0]) {
                my $left = $range->[1] - $range->[0] - $got;
                my $n = sysread $mem, $block, $left < 1 << 20 ? $left : 1 << 20, length $block;
                last unless $n;
                $got += $n;
                if (index($block, $text) >= 0) {
                    push @places, ($name || 'anonymous') . ($flags =~ /\bdd\b/ ? ' (not dumped)' : '');
                    last;
                }
                substr $block, 0, -length $text, '';
            }
        }
    }
    return @places;
}

my @children = grep { read_file("/proc/$_/comm") !~ /\Anotionsync/ } $httpd->children;
cmp_ok(scalar @children, '>=', 2, 'there are children');
for my $name (qw(token environment program client access refresh access2 refresh2)) {
    my @found = map { places($_, $secret{$name}) } @children;
    is_deeply(\@found, [], "no child holds the token from the $name") or diag explain \@found;
}
for my $key (['NotionSyncHookSecret', $secret{hook}]) {
    my @found = grep { !/not dumped/ } map { places($_, $key->[1]) } @children;
    is_deeply(\@found, [], "$key->[0] is in no core dump of a child") or diag explain \@found;
}
my $key = read_file("$db.key") =~ s/\n//r;
for my $form ([digits => $key], [bytes => pack 'H*', $key]) {
    my @found = map { places($_, $form->[1]) } @children;
    is_deeply(\@found, [], "no child holds the server's key as $form->[0]") or diag explain \@found;
}
my @own = places($httpd->pid, $secret{token});
is_deeply(\@own, [], 'nor does the parent hold a token') or diag explain \@own;

# Nothing shows them.
my $everything = $pages . $httpd->log_text . read_file($httpd->root . '/logs/access.log') . join '', map { read_file("/proc/$_/cmdline") } $httpd->pid, $httpd->children;
my $stored = join '', map { -e $_ ? read_file($_) : '' } $db, "$db-wal";
for my $name (sort keys %secret) {
    ok(index($everything, $secret{$name}) < 0, "the $name secret is in no page, log, or process title");
    ok(index($stored, $secret{$name}) < 0, 'nor in the store');
}
ok(index($everything . $stored, $shaken) < 0, 'nor is the token of the handshake');

finish();

# Files that Notion keeps have links on the other side: the same however often Notion signs their addresses anew, sent on to where the file
# is now, for whom httpd lets in, and for as long as the file is on its page.
use strict;
use warnings;
use utf8;
use HTTP::Tiny;
use NotionSync::Sync;

my $open   = 'Require all granted';
my $closed = qq{AuthType Basic\n  AuthName files\n  AuthUserFile "\${ROOT}/conf/users"\n  Require valid-user};
my %shape  = (
    source => { properties => { Name => { type => 'title' }, Docs => { type => 'files' } } },
    table  => 'CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, docs TEXT)',
    fields => qq{  NotionSyncField "Name" <-> name\n  NotionSyncField "Docs" <-> docs\n},
    limits => "ServerLimit 4\nStartServers 2\nThreadsPerChild 25\nMinSpareThreads 1\nMaxSpareThreads 100\nMaxRequestWorkers 100\n",
    mapping => 'NotionSyncFileBase http://127.0.0.1:${PORT}/notionsync/file/',
    config  => qq{<Location "/notionsync/file">\n  NotionSyncServe file\n  $open\n</Location>},
);
my $sync = new_sync(%shape, config => "$shape{config}\n<Location \"/elsewhere\">\n  NotionSyncServe file\n</Location>");
my ($sim, $httpd) = ($sync->sim, $sync->httpd);
$sim->sim(POST => 'settings', { files_at => $sim->url('/files') });
$httpd->write_file('conf/users', "ada:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n");       # "test"
$httpd->log_expect(qr{<Location "/elsewhere"> says NotionSyncServe file, and no mapping has links});
$sync->start;

sub page { my (@files) = @_; return $sim->sim(POST => 'page', { data_source => $sync->source, properties => { Name => shift @files, Docs => \@files } })->{id} }
sub edit { my ($id, %properties) = @_; return $sim->sim(PATCH => "page/$id", { properties => \%properties }) }
sub row  { my ($name) = @_; return $sync->sql("SELECT * FROM contacts WHERE name = '$name'")->[0] // {} }
sub docs { my ($name) = @_; my $text = row($name)->{docs}; return [sort @{ defined $text ? decode($text) : [] }] }
sub path_of { my ($link) = @_; return $link =~ m{\Ahttp://127\.0\.0\.1:\d+(/.*)\z} ? $1 : die "no link: $link" }
sub reads { my ($mark) = @_; return $sync->classes_since($mark)->{page_read} // 0 }

# --- what the column holds

my $page = page('Ada', { name => 'Pläne.pdf', hosted => JSON::PP::true() }, { name => 'p', url => 'https://e.org/p' });
wait_ok { @{ docs('Ada') } == 2 } 20, 'a page with a file that Notion keeps has a row';
my ($link) = grep { m{/notionsync/file/} } @{ docs('Ada') };
like($link, qr{\Ahttp://127\.0\.0\.1:\d+/notionsync/file/[A-Za-z0-9_-]{80}\z}, 'the column gets a link');
is(docs('Ada')->[1], 'https://e.org/p', 'beside the address of the other');
$sync->wait_quiet;

my $mark = $sync->mark;
edit($page, Name => 'Ada L.');
wait_ok { row('Ada L.')->{docs} } 20, 'the page is read again, with another address of the file';
$sync->wait_quiet;
is_deeply(docs('Ada L.'), [sort $link, 'https://e.org/p'], 'the link stays as it is');
$sync->wait_listed;
$sync->must('reconcile', 'contacts', '--full');
$sync->wait_quiet;
is_deeply(docs('Ada L.'), [sort $link, 'https://e.org/p'], 'and after all was compared');
ok(!$sync->classes_since($mark)->{page_update}, 'nothing is written to Notion for it');
is(scalar(grep { grep { $_->{name} =~ /Docs/ } @{ $_->{fields} // [] } } $sync->audit('Ada L.')), 1, 'and to the row no more than once');
$sync->verify_ok;

# --- the link

my $path = path_of($link);
$mark = $sync->mark;
my $answer = $httpd->get($path);
is($answer->{status}, 302, 'the link leads on');
my $address = $answer->{headers}{location} // '';
like($address, qr{\A\Q@{[$sim->url('/files/')]}\E[^/]+/[^/]+/Pl%C3%A4ne\.pdf\?X-Amz}, 'to where Notion has the file');
like($answer->{headers}{'cache-control'}, qr/no-store/, 'which nobody keeps');
is($answer->{headers}{'referrer-policy'}, 'no-referrer', 'and is not told the link');
my $fetched = HTTP::Tiny->new(proxy => undef, http_proxy => undef)->get($address);
is("$fetched->{status} " . ($fetched->{content} =~ /Pl\S+\.pdf\z/ ? 'it' : $fetched->{content}), '200 it', 'there it is');
is($httpd->get($path)->{headers}{location}, $address, 'the next one is sent there, too');
is(reads($mark), 1, 'for which the page was read once');
is($httpd->request('HEAD', $path)->{status}, 302, 'HEAD is answered');
my $post = $httpd->post($path, '');
is("$post->{status} $post->{headers}{allow}", '405 GET, HEAD', 'nothing else is');

$mark = $sync->mark;
my ($before, $token) = $path =~ m{\A(.*/)(.{80})\z};
my @forged = map { my $t = $token; substr($t, $_, 1) = substr($t, $_, 1) eq 'A' ? 'B' : 'A'; $t } 0, 10, 30, 50, 60, 79;
is_deeply([map { $httpd->get($before . $_)->{status} } @forged, substr($token, 0, 79), "${token}A", "$token/x", '', '%00', '..%2f' . $token], [(404) x 12], 'a forged one does not');
is($httpd->get("/elsewhere/$token")->{status}, 404, 'nor does it at another location');
is(keys %{ $sync->classes_since($mark) }, 0, 'for which Notion was not asked');

# --- who may

$httpd->config($httpd->config =~ s/\Q$open\E/$closed/r);
$httpd->graceful;
is($httpd->get($path)->{status}, 401, 'who is not let in by httpd is not sent on');
wait_ok { $httpd->get($path, user => 'ada:test')->{status} == 302 } 20, 'who is, is';
$httpd->config($httpd->config =~ s/\Q$closed\E/$open/r);
$httpd->graceful;
wait_ok { $httpd->get($path)->{status} == 302 } 20, 'as before';
$sync->wait_quiet;

# --- when the address expires

sub at_once { my ($n, $path) = @_;
    my @sockets = map { $httpd->connect } 1 .. $n;
    print {$_} "GET $path HTTP/1.0\r\n\r\n" for @sockets;
    $_->flush for @sockets;
    return @sockets;
}
sub statuses { return map { my $s = $_; local $/; my $text = <$s>; $text =~ m{\AHTTP/\S+ (\d+)} ? $1 : 'none' } @_ }

$sim->sim(POST => 'settings', { file_ttl_ms => 4000 });
edit($page, Name => 'Ada');
wait_ok { row('Ada')->{id} } 20, 'the page was touched';
$sync->wait_quiet;
$sync->fault('GET', '^/v1/pages/', { delay_ms => 700 });
$mark = $sync->mark;
is_deeply([statuses(at_once(20, $path))], [(302) x 20], 'twenty at once are sent on');
is(reads($mark), 1, 'after one request to Notion');
$address = $httpd->get($path)->{headers}{location};
is(reads($mark), 1, 'which serves the next');
wait_ok { ($httpd->get($path)->{headers}{location} // '') ne $address } 20, 'before the address expires there is another';
is(reads($mark), 2, 'after one request more');
wait_ok { HTTP::Tiny->new(proxy => undef, http_proxy => undef)->get($address)->{status} == 403 } 20, 'and the old one is refused there';
isnt($httpd->get($path)->{status}, 403, 'but not the link');
$sim->sim(POST => 'settings', { file_ttl_ms => 3600_000 });

# --- the list is changed on the other side

sub truth { return [map { $_->{name} . ($_->{hosted} ? '' : " $_->{url}") } @{ $sim->sim(GET => "page/$page")->{properties}{Docs} }] }

$sync->wait_quiet;
$sync->sql('UPDATE contacts SET docs = ' . "'" . encode([$link, 'https://e.org/q.pdf']) . "'");
wait_ok { truth()->[-1] eq 'q.pdf https://e.org/q.pdf' } 20, 'a file is added in the column, another taken out';
is_deeply(truth(), ['Pläne.pdf', 'q.pdf https://e.org/q.pdf'], 'Notion keeps its own as it was');
$sync->wait_quiet;
is($httpd->get($path)->{status}, 302, 'and the link leads to it');
is_deeply(docs('Ada'), [sort $link, 'https://e.org/q.pdf'], 'the column is as it was written');

$httpd->log_expect(qr/is a link to a file that Notion keeps elsewhere/);
my $other = page('Ben', { name => 'b', url => 'https://e.org/b' });
wait_ok { @{ docs('Ben') } } 20, 'another page';
$sync->wait_quiet;
$sync->sql(qq{UPDATE contacts SET docs = '["$link"]' WHERE name = 'Ben'});
wait_ok { ($sync->must('explain', 'contacts', row('Ben')->{id})->{outcome}{code} // '') eq 'notion.value' } 20, 'a link that is copied to another row is refused';
is_deeply([map { $_->{url} } @{ $sim->sim(GET => "page/$other")->{properties}{Docs} }], ['https://e.org/b'], 'and Notion is not sent to itself');
$sync->sql(qq{UPDATE contacts SET docs = '["https://e.org/b"]' WHERE name = 'Ben'});
$sync->wait_quiet;

# --- the file goes

edit($page, Docs => [{ name => 'n', url => 'https://e.org/n' }]);
wait_ok { $httpd->get($path)->{status} == 410 } 20, 'who has the link to a file that was taken out is told so';
wait_ok { docs('Ada')->[0] eq 'https://e.org/n' } 20, 'and the column lost it';
my $gone = page('Cleo', { name => 'c', hosted => JSON::PP::true() });
wait_ok { @{ docs('Cleo') } } 20, 'a page';
my $cleo = path_of(docs('Cleo')->[0]);
is($httpd->get($cleo)->{status}, 302, 'with a file');
$sim->sim(PATCH => "page/$gone", { in_trash => JSON::PP::true() });
wait_ok { $httpd->get($cleo)->{status} == 410 } 20, 'in the trash has none';
$sync->wait_quiet;

# --- nobody answers

$sim->sim(PATCH => "page/$gone", { in_trash => JSON::PP::false() });
wait_ok { $httpd->get($cleo)->{status} == 302 } 20, 'the page is back';
$sync->wait_quiet;
kill STOP => $sync->workers;
my @waiting = at_once(40, $cleo);
my $page_of = $httpd->get('/notionsync?auto');
is($page_of->{status}, 200, 'while links wait for a worker that stands still httpd does not');
my $late = $httpd->get($cleo);
is($late->{status}, 503, 'a link more is refused');
like($late->{body}, qr/Too many wait/, 'at once');
ok($late->{headers}{'retry-after'}, 'with a time to come again');
is_deeply([statuses(@waiting)], [(503) x 40], 'the others when they have waited long enough');
kill CONT => $sync->workers;
wait_ok { $httpd->get($cleo)->{status} == 302 } 20, 'when the worker goes on, the link leads on';
$httpd->log_allow(qr/took the group over|was taken over/);

# --- a base that is taken away

$httpd->config($httpd->config =~ s/^NotionSyncFileBase .*$//mr);
$httpd->log_expect(qr{<Location "/notionsync/file"> says NotionSyncServe file});
$httpd->log_allow(qr/field\.opaque/);
$httpd->graceful;
wait_ok { $httpd->get($cleo)->{status} == 410 } 20, 'without NotionSyncFileBase links lead nowhere';

# --- a small share of the budget

my $few = new_sync(%shape, notion => 'NotionSyncBudget 40/60s');
($sync, $sim, $httpd) = ($few, $few->sim, $few->httpd);
$sim->sim(POST => 'settings', { files_at => $sim->url('/files') });
my @pages = map { page("P$_", { name => "f$_", hosted => JSON::PP::true() }) } 1 .. 7;
$few->start;
wait_ok { @{ $few->sql('SELECT id FROM contacts WHERE docs IS NOT NULL') } == 7 } 60, 'seven pages';
my %count;
for my $n (1 .. 7) {
    my $got = $httpd->get(path_of(docs("P$n")->[0]));
    $count{ $got->{status} }++;
    cmp_ok($got->{headers}{'retry-after'}, '>', 10, 'who comes too soon is told when to come') if $got->{status} == 503;
}
is_deeply(\%count, { 302 => 4, 503 => 3 }, 'links spend a tenth of the budget, and no more');
finish();

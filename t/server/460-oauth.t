# A service is installed through OAuth by an administrator and by nobody else; its tokens are refreshed while records are synced, and
# nothing is lost; whatever ends the installation is shown with what to do; and no token, code or state is to be seen anywhere.
use strict;
use warnings;
use NotionSync::Browser;
use NotionSync::Sync;
use Digest::SHA qw(sha1 sha256_hex);
use MIME::Base64 qw(encode_base64);

my $other = '22222222-0000-4000-8000-000000000000';
my $sync = new_sync(
    modules => ['status'],
    notion => '  NotionSyncOAuth client-id=app client-secret=file:${ROOT}/conf/client redirect=http://127.0.0.1:${PORT}/notionsync/oauth',
    config => "<Location \"/notionsync/oauth\">\n  NotionSyncServe oauth\n</Location>\n"
        . "<NotionSyncService idle notion>\n  NotionSyncOAuth client-id=app client-secret=file:\${ROOT}/conf/client "
        . "redirect=http://127.0.0.1:\${PORT}/notionsync/oauth\n</NotionSyncService>\n" . <<"CONF",
<NotionSyncService remote notion>
  NotionSyncOAuth client-id=app client-secret=file:\${ROOT}/conf/client redirect=http://127.0.0.1:\${PORT}/secure/oauth
  NotionSyncEndpoint \${SIM}
</NotionSyncService>
<NotionSyncMapping remote>
  NotionSyncNotion remote $other
  NotionSyncExternal crm remote
  NotionSyncField Name <-> name
</NotionSyncMapping>
<NotionSyncService named notion>
  NotionSyncOAuth client-id=app client-secret=file:\${ROOT}/conf/client redirect=https://example.org:443/secure/oauth
  NotionSyncEndpoint \${SIM}
</NotionSyncService>
<NotionSyncMapping named>
  NotionSyncNotion named $other
  NotionSyncExternal crm named
  NotionSyncField Name <-> name
</NotionSyncMapping>
<Location "/secure/oauth">
  NotionSyncServe oauth
  AuthType Basic
  AuthName administrators
  AuthUserFile \${ROOT}/conf/users
  Require valid-user
</Location>
ExtendedStatus On
<Location "/server-status">
  SetHandler server-status
</Location>
CONF
    before => sub {
        my ($sync) = @_;
        $sync->add_pages(map { { name => "Record $_" } } 1 .. 5);
        $sync->sim->sim(POST => 'data_source', { id => $other, name => 'Other', properties => { Name => { type => 'title' } } });
        $sync->httpd->write_file('conf/users', join '', map { "$_:{SHA}" . encode_base64(sha1("pw-$_"), '') . "\n" } qw(ada ben));
    },
);
my ($httpd, $sim) = ($sync->httpd, $sync->sim);
my $client = 'c1ient_secret_of_the_app';
$httpd->write_file('conf/client', "$client\n", mode => 0600);
$httpd->log_allow(qr/mapping (?:contacts|remote|named): (?:blocked|does not get on|the \w+ run failed)|service (?:work|remote): |installation|a form was refused|worker \d \(pid \d+\) was ended by signal 9/);
$sync->start;
my $back = $httpd->url('/notionsync/oauth');
my $home = "$back/work";

sub app { my (%set) = @_; return $sim->sim(POST => 'oauth', { client_id => 'app', %set }) }
sub grants { my $app = app(); push @{ $sync->{secrets} }, map { ($_->{access_token}, $_->{refresh_token} // ()) } @{ $app->{grants} }; return @{ $app->{grants} } }
# What travels in addresses is as secret.
my @status;
sub remember { my ($page) = @_; push @status, $httpd->get('/server-status')->{body}; push @{ $sync->{secrets} }, map { /[?&](?:code|state)=([^&]+)/g } @{ $page->{steps} }, $page->{headers}{location} // (); return $page }
sub installed { return decode($httpd->get('/notionsync/oauth/work?json')->{body}) }
sub press { my ($browser, $page, $action, %opt) = @_; return remember($browser->press($page, $action, %opt)) }
# As far as the person's consent: the address that Notion sends the browser back to.
sub consent { my ($browser) = @_; my $page = press($browser, $browser->go($home), 'begin', until => qr/\A\Q$back\E\?/); return $page->{headers}{location} }
sub install {
    my ($browser) = @_;
    press($browser, $browser->go($home), 'begin');
    return wait_for { my $i = installed(); ($i->{oauth}{attempt}{state} // '') =~ /\A(?:done|failed|held)\z/ ? $i->{oauth} : 0 } 20, 'the worker is done';
}
sub attempts { return installed()->{oauth}{attempt}{number} // 0 }

push @{ $sync->{secrets} }, $client;
app(client_secret => $client, redirect_uris => [$back, $httpd->url('/secure/oauth')]);
my $ada = NotionSync::Browser->new;

subtest 'before' => sub {
    my $status = $sync->wait_state('blocked');
    is($status->{outcome}{code}, 'oauth.not_installed', 'nothing was installed: the mapping is blocked');
    like($status->{outcome}{advice}, qr/\Q$home\E/, 'and says where to do it');
    like($httpd->get('/notionsync')->{body}, qr/not installed.*\Q$home\E/s, 'so does the dashboard');
    is($sim->sim(GET => 'counts')->{total}, 0, 'and Notion is asked nothing');
    like($ada->go($home)->{body}, qr/not installed.*<button>Install</s, 'its page has a button');
    is($ada->go("$back/crm")->{status}, 404, 'a database is not installed');
    like($ada->go("$back/idle")->{body}, qr/No mapping uses this service/, 'one without a mapping says why it cannot be');
    is($ada->go($home, method => 'HEAD', follow => 0)->{status}, 405, 'HEAD does nothing');
};

subtest 'who may' => sub {
    my $page = $ada->go($home);
    my $far = NotionSync::Browser->new(headers => { 'X-Forwarded-For' => '192.0.2.1' });
    is($far->go($home)->{status}, 403, 'not who comes through a proxy and has not logged in');
    is($far->press($page, 'begin', follow => 0)->{status}, 403, 'nor with a form of somebody else');
    is($far->go("$back?code=x&state=y")->{status}, 403, 'nor by coming back');
    is(press($ada, $page, 'begin', follow => 0, fields => { token => 'x' })->{status}, 403, 'not with a forged form');
    is(press($ada, $page, 'begin', follow => 0, headers => { origin => 'http://evil.example' })->{status}, 403, 'not from another site');
    is($ada->go("$home?action=begin", follow => 0)->{status}, 200, 'GET begins nothing');
    my $other = press($ada, { %$page, url => $home =~ s/127\.0\.0\.1/localhost/r }, 'begin', follow => 0);
    is($other->{status}, 409, 'not under another name than that of the redirect address');
    like($other->{body}, qr/Begin at \Q$home\E/, 'which it names');
    is_deeply($ada->jar, {}, 'none of them has got a cookie');
    is(attempts(), 0, 'and nothing was tried');
};

subtest 'the way to Notion' => sub {
    my $page = press($ada, $ada->go($home), 'begin', follow => 0);
    is($page->{status}, 303, 'the browser is sent');
    my ($state) = $page->{headers}{location} =~ m{\A\Q@{[$sim->url]}\E/v1/oauth/authorize\?client_id=app&redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A\d+%2Fnotionsync%2Foauth&response_type=code&owner=user&state=([0-9a-f]{64})\z};
    ok($state, 'to Notion, with the redirect address of the configuration') or diag $page->{headers}{location};
    my ($cookie) = values %{ $ada->jar };
    like($cookie->{line}, qr{\Anotionsync-oauth-[0-9a-f]{16}=[0-9a-f]{64}; Path=/notionsync/oauth; Max-Age=600; HttpOnly; SameSite=Lax\z}, 'its cookie');
    is(scalar @{ sqlite($httpd->state . '/notionsync.db', "SELECT 1 FROM oauth_state WHERE hash = '$state' OR browser = '$cookie->{value}'") }, 0,
        'neither is stored as it is');
};

subtest 'coming back' => sub {
    my $count = attempts();
    is($ada->go("$back?code=abc&state=" . '0' x 64)->{status}, 403, 'with a forged state');
    is($ada->go("$back?code=abc&state=")->{status}, 403, 'with an empty one');
    is($ada->go("$back?code=abc")->{status}, 404, 'with none');
    my $to = consent($ada);
    is(NotionSync::Browser->new->go($to)->{status}, 403, 'in another browser');
    push @status, $httpd->get('/server-status')->{body};
    is($ada->go($to)->{status}, 403, 'which has used it up');
    $to = consent($ada);
    sqlite($httpd->state . '/notionsync.db', "UPDATE oauth_state SET expires = " . int((time - 1) * 1e6));
    is($ada->go($to)->{status}, 403, 'too late');
    is(attempts(), $count, 'all of that is nothing');
    is($sim->sim(GET => 'counts')->{classes}{oauth_token}, 0, 'and Notion was not asked');
    app(cancels => \1);
    my $failed = install($ada);
    is($failed->{attempt}{outcome}{code}, 'oauth.cancelled', 'whoever cancels in Notion is told so');
    like($ada->go($home)->{body}, qr/was cancelled in Notion/, 'on the page too');
    app(cancels => \0);
    app(client_secret => 'another');
    is(install($ada)->{attempt}{outcome}{code}, 'oauth.client', 'a wrong client secret is named');
    app(client_secret => $client);
};

subtest 'installed' => sub {
    my $to = consent($ada);
    my $page = $ada->go($to);
    is($page->{status}, 200, 'the browser comes back');
    is($page->{url}, $home, 'to the page, without the code');
    my ($cookie) = grep { $_->{name} eq 'notionsync-oauth-' . substr(sha256_hex($to =~ /state=(\w+)/), 0, 16) } values %{ $ada->jar };
    is($cookie, undef, 'its cookie is gone');
    wait_ok { installed()->{oauth}{state} eq 'installed' } 20, 'the worker exchanges the code';
    is($ada->go($to)->{status}, 403, 'once');
    my $is = installed()->{oauth};
    is("$is->{workspace} $is->{by} $is->{attempt}{state}", 'Acme local user done', 'it is known where, and by whom');
    $sync->wait_equal(what => 'the mapping begins by itself');
    $sync->edit_page('Record 1', notes => 'from Notion');
    $sync->wait_row('Record 1', notes => 'from Notion');
    $sync->edit_row('Record 2', notes => 'from the table');
    $sync->wait_page('Record 2', notes => 'from the table');
    is(scalar(grants()), 1, 'with one grant');
    like($httpd->get('/notionsync')->{body}, qr/installed<.*Acme/s, 'the dashboard shows it');
};

subtest 'refreshed while records are synced' => sub {
    for my $round (1 .. 2) {
        my ($before) = grants();
        app(expire_access => \1);
        $sync->edit_page("Record $round", score => 10 * $round);
        $sync->edit_row('Record 4', notes => "round $round");
        $sync->add_row(name => "Row $round");
        $sync->wait_row("Record $round", score => 10 * $round);
        $sync->wait_page('Record 4', notes => "round $round");
        $sync->wait_page("Row $round");
        $sync->wait_equal(what => "round $round");
        my ($after) = grants();
        isnt($after->{access_token}, $before->{access_token}, 'with another token');
        is($after->{refreshes}, $before->{refreshes} + 1, 'of one refresh');
        select undef, undef, undef, 10.5 if $round < 2;     # two are never closer
    }
    is(scalar(grep { /Row/ } map { $_->{name} } $sync->pages), 2, 'nothing twice');
    is(decode($httpd->get('/notionsync?page=mapping&mapping=contacts&json')->{body})->{mapping}{state}, 'running', 'nobody was blocked');
};

subtest 'a worker that dies, and a restart' => sub {
    my ($before) = grants();
    $sync->kill_workers;
    $sync->edit_row('Record 5', notes => 'after a kill');
    $sync->wait_page('Record 5', notes => 'after a kill');
    $httpd->graceful;
    $sync->edit_row('Record 5', notes => 'after a restart');
    $sync->wait_page('Record 5', notes => 'after a restart');
    my ($after) = grants();
    is($after->{access_token}, $before->{access_token}, 'go on with the token that is stored');
};

subtest 'another workspace' => sub {
    my ($first) = grants();
    app(workspace_id => '11111111-0000-4000-8000-000000000000', workspace_name => 'Elsewhere <b>');
    my $is = install($ada);
    is($is->{attempt}{state}, 'held', 'is held');
    is($is->{workspace}, 'Acme', 'the former one is used on');
    $sync->edit_row('Record 1', notes => 'still works');
    $sync->wait_page('Record 1', notes => 'still works');
    like($httpd->get('/notionsync')->{body}, qr/waits for a decision/, 'the dashboard says that somebody has to decide');
    my $page = $ada->go($home);
    like($page->{body}, qr/Elsewhere &lt;b&gt;.*instead of.*Acme/s, 'the page says what');
    press($ada, $page, 'discard');
    wait_ok { installed()->{oauth}{attempt}{state} eq 'done' } 20, 'discarded';
    is(press($ada, $page, 'confirm')->{status}, 409, 'what is not held any more cannot be confirmed');
    install($ada);
    press($ada, $ada->go($home), 'confirm');
    wait_ok { installed()->{oauth}{workspace} eq 'Elsewhere <b>' } 20, 'confirmed';
    my $status = $sync->wait_state('blocked');
    is($status->{outcome}{code}, 'notion.not_shared', 'there is no such data source there, which blocks the mapping');
    app(workspace_id => $sim->sim(GET => 'world')->{workspace_id}, workspace_name => 'Acme');
    install($ada);
    press($ada, $ada->go($home), 'confirm');
    $sync->edit_row('Record 1', notes => 'back again');
    $sync->wait_page('Record 1', notes => 'back again');
    grants();
};

# Not even for somebody who tells the mapping to go on, and then wants a run, which comes after its contact.
sub asks_no_more {
    my ($why) = @_;
    my $asked = $sim->sim(GET => 'counts')->{total};
    $sync->ctl('resume', 'contacts');
    my $told = $sync->ctl('reconcile', 'contacts', '--json');
    is($told->{exit}, 1, 'who wants it to go on');
    like($told->{out} . $told->{err}, qr/\Q$why/, 'is told why it does not');
    is($sim->sim(GET => 'counts')->{total}, $asked, 'and Notion is not asked for that');
    return;
}

subtest 'removed in Notion' => sub {
    $sync->wait_equal(what => 'before');
    app(revoke => \1);
    $sync->edit_row('Record 3', notes => 'while it is removed');
    my $status = $sync->wait_state('blocked');
    is($status->{outcome}{code}, 'oauth.ended', 'the mapping is blocked');
    like($status->{outcome}{advice}, qr/\Q$home\E/, 'and says where to install');
    like($httpd->get('/notionsync')->{body}, qr/>ended<.*removed there/s, 'so does the dashboard');
    asks_no_more('removed there');
    is(scalar @{ sqlite($httpd->state . '/notionsync.db', "SELECT 1 FROM secret WHERE purpose LIKE 'oauth%'") }, 0, 'nothing is kept of it');
    is(install($ada)->{attempt}{state}, 'done', 'installed again');
    $sync->wait_page('Record 3', notes => 'while it is removed');
    $sync->wait_equal(what => 'nothing is lost');
};

subtest 'the answer to a refresh is lost' => sub {
    grants();
    $sync->fault('POST', '^/v1/oauth/token', { commit_then_cut => \1 });
    app(expire_access => \1);
    my $asked = $sim->sim(GET => 'counts')->{classes}{oauth_token};
    $sync->edit_row('Record 4', notes => 'while nobody knows');
    my $status = $sync->wait_state('blocked', code => 'oauth.ended');
    like($status->{outcome}{what}, qr/answer to a refresh was lost/, 'the token that is known was tried once more, and is spent');
    is($sim->sim(GET => 'counts')->{classes}{oauth_token}, $asked + 2, 'with two requests');
    asks_no_more('answer to a refresh was lost');
    is(install($ada)->{attempt}{state}, 'done', 'installed again');
    $sync->wait_page('Record 4', notes => 'while nobody knows');
    $sync->wait_equal(what => 'nothing is lost');
};

subtest 'users who log in, from elsewhere' => sub {
    my $secure = $httpd->url('/secure/oauth');
    my $as = sub { my ($user, %jar) = @_; return NotionSync::Browser->new(%jar, headers => { 'X-Forwarded-For' => '192.0.2.1',
        authorization => 'Basic ' . encode_base64("$user:pw-$user", '') }) };
    my $carla = NotionSync::Browser->new;
    is($carla->go("$secure/remote")->{status}, 401, 'who has not logged in is asked to');
    my $user = $as->('ada');
    my $to = press($user, $user->go("$secure/remote"), 'begin', until => qr/\A\Q$secure\E\?/)->{headers}{location};
    is($carla->go($to)->{status}, 401, 'also who comes back');
    is($as->('ben', jar => $user->jar)->go($to)->{status}, 403, 'another user may not end what one began');
    is(press($user, $user->go("$secure/remote"), 'begin')->{status}, 200, 'the same may');
    wait_ok { decode($user->go("$secure/remote?json")->{body})->{oauth}{state} eq 'installed' } 20, 'which installs it';
    is(decode($user->go("$secure/remote?json")->{body})->{oauth}{by}, 'ada', 'by that user');
    my $head = "Host: example.org\r\nAuthorization: Basic " . encode_base64('ada:pw-ada', '') . "\r\n";
    my $page = $httpd->raw("GET /secure/oauth/named HTTP/1.0\r\n$head\r\n");
    my ($token) = $page->{body} =~ /name=token value="([^"]+)"/;
    my $form = "token=$token&action=begin";
    my $sent = $httpd->raw("POST /secure/oauth/named HTTP/1.0\r\n${head}Origin: https://example.org\r\nContent-Length: " . length($form) . "\r\n\r\n$form");
    is($sent->{status}, 303, 'behind https, under the name of the redirect address');
    like($sent->{headers}{'set-cookie'}, qr{; Path=/secure/oauth; Max-Age=600; HttpOnly; SameSite=Lax; Secure\z}, 'the cookie is for https only');
    push @{ $sync->{secrets} }, $sent->{headers}{location} =~ /state=(\w+)/;
};

grants();
$sync->secrets_ok($httpd->get('/notionsync')->{body}, $httpd->get('/notionsync?json')->{body}, $ada->go($home)->{body}, $ada->go("$home?json")->{body},
    @status, map { read_file("/proc/$_/cmdline") } $httpd->pid, $httpd->children);
cmp_ok(scalar @{ $sync->{secrets} }, '>', 20, 'of many secrets');
finish();

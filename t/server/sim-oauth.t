# The simulator's OAuth is the reference's in its strictest reading: redirect addresses and codes are checked, a code is for once,
# a refresh ends both former tokens, and what is used a second time ends the grant.
use strict;
use warnings;
use NotionSync::Sim;
use NotionSync::Test;
use MIME::Base64 qw(encode_base64);

my $sim = start_sim();
my $api = NotionSync::Sim->new($sim);
my $back = 'http://127.0.0.1:1/notionsync/oauth';
$sim->sim(POST => 'oauth', { client_id => 'app', client_secret => 's3', redirect_uris => [$back, "$back/b"] });

sub client {
    my ($what, $data, %opt) = @_;
    my $answer = $sim->request(POST => "/v1/oauth/$what", json => $data, headers => { 'notion-version' => $opt{version} // '2026-03-11',
        authorization => 'Basic ' . encode_base64($opt{basic} // 'app:s3', '') });
    return ($answer->{status}, decode($answer->{body}));
}
sub refused { my ($status, $json) = client(@_); return "$status $json->{code} $json->{error}" }
sub authorize {
    my (%arg) = @_;
    %arg = (client_id => 'app', redirect_uri => $back, response_type => 'code', owner => 'user', state => 'a b', %arg);
    return $sim->request(GET => '/v1/oauth/authorize?' . join '&', map { "$_=" . $arg{$_} =~ s/(\W)/sprintf '%%%02X', ord $1/ger } sort keys %arg);
}
sub code { my $answer = authorize(@_); return ($answer->{headers}{location} // '') =~ /[?&]code=([^&]+)/ ? $1 : diag("no code: $answer->{status} $answer->{body}") }
sub exchange { my ($code, %arg) = @_; return client(token => { grant_type => 'authorization_code', code => $code, redirect_uri => $back, %arg }) }
sub me { return ($api->call(GET => 'users/me', undef, token => $_[0]))[0] }

subtest 'a person is asked' => sub {
    like(authorize()->{headers}{location}, qr/\A\Q$back\E\?code=\w+&state=a%20b\z/, 'and sent back with a code');
    is(authorize(redirect_uri => "$back/other")->{status}, 400, 'never to an address that is not the client\'s');
    is(authorize(client_id => 'nobody')->{status}, 400, 'nor for a client that is not known');
    is(authorize(owner => 'me')->{status}, 400, 'nor without owner=user');
    $sim->sim(POST => 'oauth', { client_id => 'app', cancels => \1 });
    is(authorize()->{headers}{location}, "$back?error=access_denied&state=a%20b", 'who cancels is sent back without');
    $sim->sim(POST => 'oauth', { client_id => 'app', cancels => \0 });
};

subtest 'codes' => sub {
    my $code = code();
    is(refused(token => { grant_type => 'authorization_code', code => $code }, basic => 'app:wrong'), '401 invalid_client invalid_client', 'who asks');
    is(refused(token => { grant_type => 'password' }), '400 unsupported_grant_type unsupported_grant_type', 'for what');
    is(refused(token => { grant_type => 'authorization_code', code => $code, redirect_uri => "$back/b" }), '400 invalid_grant invalid_grant',
        'another redirect address');
    is((exchange($code))[0], 400, 'which has used it up');
    my ($status, $tokens) = exchange(my $good = code());
    is($status, 200, 'a good one');
    is(me($tokens->{access_token}), 200, 'gives an access token');
    is_deeply([sort keys %$tokens], [sort qw(access_token token_type refresh_token bot_id workspace_id workspace_name workspace_icon owner
        duplicated_template_id request_id)], 'and what Notion says of it');
    is((exchange($good))[0], 400, 'once');
    is(me($tokens->{access_token}), 401, 'a second time ends what it gave');
    $sim->sim(POST => 'oauth', { client_id => 'app', code_ttl_ms => 1 });
    my $late = code();
    select undef, undef, undef, 0.01;
    is((exchange($late))[0], 400, 'an old one gives nothing');
    $sim->sim(POST => 'oauth', { client_id => 'app', code_ttl_ms => 600_000 });
};

subtest 'refreshing' => sub {
    my (undef, $first) = exchange(code());
    my ($status, $second) = client(token => { grant_type => 'refresh_token', refresh_token => $first->{refresh_token} });
    is($status, 200, 'a refresh');
    ok($second->{refresh_token} ne $first->{refresh_token} && $second->{access_token} ne $first->{access_token}, 'gives two new tokens');
    is($second->{bot_id}, $first->{bot_id}, 'of the same bot');
    is(me($first->{access_token}), 401, 'the former is worth nothing');
    is(me($second->{access_token}), 200, 'the new one is');
    is(refused(token => { grant_type => 'refresh_token', refresh_token => $first->{refresh_token} }), '400 invalid_grant invalid_grant',
        'a spent refresh token is refused');
    is(me($second->{access_token}), 401, 'and ends the grant');
    $sim->sim(POST => 'oauth', { client_id => 'app', reuse_revokes => \0 });
    (undef, $first) = exchange(code());
    (undef, $second) = client(token => { grant_type => 'refresh_token', refresh_token => $first->{refresh_token} });
    client(token => { grant_type => 'refresh_token', refresh_token => $first->{refresh_token} });
    is(me($second->{access_token}), 200, 'or not, in the other reading');
    $sim->sim(POST => 'oauth', { client_id => 'app', access_ttl_ms => 50 });
    (undef, $first) = exchange(code());
    is($first->{expires_in}, undef, 'nobody says that it expires');
    select undef, undef, undef, 0.06;
    is(me($first->{access_token}), 401, 'but it does');
    is((client(introspect => { token => $first->{access_token} }))[1]{active}, 0, 'as introspection says');
    is((client(introspect => { token => $first->{refresh_token} }))[1]{active}, 1, 'the refresh token is good');
    $sim->sim(POST => 'oauth', { client_id => 'app', access_ttl_ms => 0 });
};

subtest 'the end of a grant' => sub {
    my (undef, $tokens) = exchange(code());
    is((client(revoke => { token => $tokens->{refresh_token} }))[0], 200, 'given back');
    is(me($tokens->{access_token}), 401, 'both tokens are worth nothing');
    (undef, $tokens) = exchange(code());
    $sim->sim(POST => 'oauth', { client_id => 'app', revoke => \1 });
    is(me($tokens->{access_token}), 401, 'a person removes the connection');
    is(refused(token => { grant_type => 'refresh_token', refresh_token => $tokens->{refresh_token} }), '400 invalid_grant invalid_grant', 'and no refresh helps');
};

subtest 'another workspace' => sub {
    my $ds = $sim->sim(POST => 'data_source', { name => 'Orders', properties => { Name => { type => 'title' } } });
    my (undef, $tokens) = exchange(code());
    is(($api->call(GET => "data_sources/$ds->{id}", undef, token => $tokens->{access_token}))[0], 200, 'a grant sees its workspace');
    $sim->sim(POST => 'oauth', { client_id => 'app', workspace_id => '11111111-0000-4000-8000-000000000000', workspace_name => 'Other' });
    (undef, $tokens) = exchange(code());
    is("$tokens->{workspace_id} $tokens->{workspace_name}", '11111111-0000-4000-8000-000000000000 Other', 'the answer names it');
    is(($api->call(GET => "data_sources/$ds->{id}", undef, token => $tokens->{access_token}))[0], 404, 'and one of another nothing of this');
};


finish();

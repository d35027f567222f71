# What goes wrong with the simulator on demand: rate limits in fixed windows, every error with its official body, answers that never
# arrive although the write was done, or that arrive before it is, races, conflicts; and the request log that tells of all this.
use strict;
use warnings;
use NotionSync::Sim;
use NotionSync::Test;
use Time::HiRes qw(time);

my $sim = start_sim();
my $api = NotionSync::Sim->new($sim);
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
note('seed ' . $sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 0 })->{settings}{seed});
my $ds = $sim->sim(POST => 'data_source', { name => 'Orders', properties => { Name => { type => 'title' }, Amount => { type => 'number' } } });
my $page = $sim->sim(POST => 'page', { data_source => $ds->{id}, properties => { Name => 'One', Amount => 1 } })->{id};

sub fault { my ($action, %opt) = @_; return $sim->sim(POST => 'fault', { action => $action, %opt })->{id} }
sub amount { return $sim->sim(GET => "page/$page")->{properties}{Amount} }
sub number { my ($n) = @_; return { properties => { Amount => { number => $n } } } }
sub pages { return $sim->sim(GET => "pages?data_source=$ds->{id}&properties=0")->{total} }
my $create = { parent => { data_source_id => $ds->{id} }, properties => { Name => { title => [{ text => { content => 'Made' } }] } } };

subtest 'rate limit' => sub {
    $sim->sim(POST => 'settings', { rate_limit => 5, window_ms => 60_000 });
    my @status = map { ($api->call(GET => 'users/me'))[0] } 1 .. 5;
    my ($status, $json, $answer) = $api->call(GET => 'users/me');
    if ("@status" =~ /429/ || $status != 429) {     # the window may end in between, once
        @status = map { ($api->call(GET => 'users/me'))[0] } 1 .. 5;
        ($status, $json, $answer) = $api->call(GET => 'users/me');
    }
    is($status, 429, 'the sixth of five is refused');
    is($json->{code}, 'rate_limited', 'code');
    is($json->{message}, 'You have been rate limited. Please try again in a few minutes.', 'message');
    my $wait = $answer->{headers}{'retry-after'};
    like($wait, qr/\A[1-9]\d?\z/, 'Retry-After in seconds');
    cmp_ok($wait, '<=', 60, 'at most the window');
    is_deeply($json->{additional_data}, { rate_limit_reason => 'public_api_request_rate_limit', retry_after => $wait }, 'a string in the body too');
    $sim->sim(POST => 'token', { token => 'ntn_other' });
    is(($api->call(GET => 'users/me', undef, token => 'ntn_other'))[0], 200, 'another token has its own budget');
    is(($api->call(GET => 'users/me', undef, token => 'ntn_none'))[0], 401, 'an unknown token is told so first');

    $sim->sim(POST => 'settings', { rate_limit => 3, window_ms => 1000 });
    my ($start, %by_second) = (time);
    my ($ok, $refused) = (0, 0);
    while (time < $start + 60 && ($ok < 9 || $refused < 9)) {
        ($status) = $api->call(GET => 'users/me');
        $status == 200 ? $ok++ : $refused++;
    }
    cmp_ok($ok, '>=', 9, 'three in each window of a second');
    cmp_ok($ok, '<=', 3 * (2 + int(time - $start)), 'and not more');
    cmp_ok($refused, '>=', 9, 'the rest is refused');

    $sim->sim(POST => 'settings', { rate_limit => 0, workspace_limit => 2, window_ms => 60_000 });
    my @all = map { [$api->call(GET => 'users/me', undef, token => $_)] } qw(ntn_sim_token ntn_other ntn_sim_token ntn_sim_token ntn_sim_token);
    is($all[-1][1]{additional_data}{rate_limit_reason}, 'public_api_space_request_rate_limit', 'a budget of the workspace');
    $sim->sim(POST => 'settings', { workspace_limit => 0, workspace_wait => 90_000 });
    $sim->sim(POST => 'settings', { workspace_limit => 1 });
    ($status, $json) = ($api->call(GET => 'users/me'))[0, 1] for 1 .. 2;
    ($status, $json) = $api->call(GET => 'users/me') if $status == 200;
    cmp_ok($json->{additional_data}{retry_after}, '>', 60, 'for which one may have to wait longer than a window');
    $sim->sim(POST => 'settings', { workspace_limit => 0, workspace_wait => 0, endpoint_limit => 1, limited_endpoint => 'page_read' });
    @all = map { [$api->call(GET => "pages/$page")] } 1 .. 3;
    is($all[-1][1]{additional_data}{rate_limit_reason}, 'public_api_endpoint_rate_limit', 'an endpoint has one of its own,');
    is(($api->call(GET => 'users/me'))[0], 200, 'which others have not');
    $sim->sim(POST => 'settings', { rate_limit => 0, endpoint_limit => 0 });
};

subtest 'limits of the product' => sub {
    my $query = { page_size => 20 };
    $sim->sim(POST => 'settings', { query_rows_max => 10 });
    like($api->error(POST => "data_sources/$ds->{id}/query", $query), qr/\A504 gateway_timeout/, 'a query of many rows takes too long');
    $api->ok(POST => "data_sources/$ds->{id}/query", { page_size => 10 });
    my $rows = pages();
    $sim->sim(POST => 'settings', { query_rows_max => 0, row_limit => $rows + 1 });
    $api->ok(POST => 'pages', $create);
    like($api->error(POST => 'pages', $create), qr/\A409 row_limit_exceeded/, 'no row beyond the limit');
    $sim->sim(POST => 'settings', { row_limit => 250_000, block_limit => 1 });
    $api->ok(POST => 'pages', $create);
    my (undef, $json) = $api->call(POST => 'pages', $create);
    is_deeply([@$json{qw(status code additional_data)}], [403, 'restricted_resource', { block_limit => 'block_creation' }], 'no page beyond the blocks of the free plan');
    $api->ok(PATCH => "pages/$page", number(1));
    like($api->error(PATCH => "pages/$page/markdown", { type => 'replace_content', replace_content => { new_str => "a\nb" } }), qr/\A403/, 'nor a line in a body');
    $sim->sim(POST => 'token', { token => 'ntn_person', type => 'person' });
    is(($api->call(POST => 'pages', $create, token => 'ntn_person'))[0], 200, 'a personal token has no such limit');
    $sim->sim(POST => 'settings', { block_limit => 0, property_limit => 3 });
    my $made = sub { return { properties => { $_[0] => { number => {} } } } };
    $api->ok(PATCH => "data_sources/$ds->{id}", $made->('Third'));
    like($api->error(PATCH => "data_sources/$ds->{id}", $made->('Fourth')), qr/\A400 validation_error .*more than 3 properties/, 'nor a property beyond their number');
    $sim->sim(PATCH => "data_source/$ds->{id}", { properties => { Third => undef } });
    $sim->sim(POST => 'settings', { property_limit => 500 });
};

subtest 'official errors' => sub {
    my %code = (400 => 'validation_error', 401 => 'unauthorized', 403 => 'restricted_resource', 404 => 'object_not_found', 409 => 'conflict_error',
        429 => 'rate_limited', 500 => 'internal_server_error', 503 => 'service_unavailable', 504 => 'gateway_timeout', 529 => 'service_overload');
    for my $status (sort keys %code) {
        fault({ status => $status });
        my ($got, $json, $answer) = $api->call(PATCH => "pages/$page", number(99));
        is_deeply([$got, @$json{qw(object status code)}], [$status, 'error', $status, $code{$status}], "$status $code{$status}");
        is($json->{request_id}, $answer->{headers}{'x-notion-request-id'}, 'with request id');
    }
    is(amount(), 1, 'nothing was written');
    fault({ status => 429, reason => 'public_api_request_blocked', retry_after => 7 });
    my (undef, $json, $answer) = $api->call(GET => 'users/me');
    is_deeply([$json->{additional_data}, $answer->{headers}{'retry-after'}], [{ rate_limit_reason => 'public_api_request_blocked', retry_after => '7' }, 7], 'reasons and times can be set');
    fault({ status => 503, code => 'database_connection_unavailable', message => 'Later.', additional_data => { endpoint_name => 'public_queryDataSource' } });
    (undef, $json) = $api->call(GET => 'users/me');
    is_deeply([@$json{qw(code message additional_data)}], ['database_connection_unavailable', 'Later.', { endpoint_name => 'public_queryDataSource' }], 'all of it');
    fault({ status => 502 });
    (undef, $json, $answer) = $api->call(GET => 'users/me');
    is($json, undef, '502 is no JSON');
    like($answer->{body}, qr/<h1>502 Bad Gateway/, 'but HTML');
    ok(!exists $answer->{headers}{'x-notion-request-id'} && exists $answer->{headers}{'cf-ray'}, 'from the edge');
};

subtest 'which requests' => sub {
    my $id = fault({ status => 500 }, match => { method => 'PATCH', path_regex => '^/v1/pages/', body_regex => '"number": *5' }, after => 1, times => 2);
    is(join(' ', map { ($api->call(@$_))[0] } [GET => "pages/$page"], (map { [PATCH => "pages/$page", number($_)] } 4, 5, 5, 6, 5, 5)), '200 200 200 500 200 500 200', 'method, path, body, after, times');
    my ($entry) = grep { $_->{id} == $id } @{ $sim->sim(GET => 'faults')->{faults} };
    is_deeply([@$entry{qw(seen hits left)}], [3, 2, 0], 'counted');
    fault({ status => 500 }, match => { token => 'ntn_other' }, times => -1);
    is(join(' ', map { ($api->call(GET => 'users/me', undef, token => $_))[0] } qw(ntn_other ntn_sim_token ntn_other)), '500 200 500', 'for a token, always');
    fault({ status => 504 }, times => -1);
    is(($api->call(GET => 'users/me', undef, token => 'ntn_other'))[0], 500, 'the first that fits counts');
    $sim->sim(DELETE => 'faults');
    is(($api->call(GET => 'users/me', undef, token => 'ntn_other'))[0], 200, 'removed');
    fault({ status => 500 }, times => -1, probability => 0.5);
    my $hits = grep { ($api->call(GET => 'users/me'))[0] == 500 } 1 .. 100;
    ok($hits > 20 && $hits < 80, "by chance: $hits of 100");
    $sim->sim(DELETE => 'faults');
    is($sim->request(POST => '/_control/fault', json => { action => { statsu => 500 } })->{status}, 400, 'an unknown action is refused');
    is($sim->request(POST => '/_control/fault', json => { match => { path_regex => '(' }, action => {} })->{status}, 400, 'a bad expression too');
};

subtest 'performed, but not answered' => sub {
    my $n = 100;
    fault({ status => 503, commit => $true });
    my ($status, $json) = $api->call(PATCH => "pages/$page", number(++$n));
    is($status, 503, '503 after commit');
    is(amount(), $n, 'it was saved');
    ok($json->{additional_data}{retry_guidance} && !exists $json->{additional_data}{committed_resource_id}, 'an update names no resource');
    is_deeply([grep { ref ne '' && ref ne 'ARRAY' } values %{ $json->{additional_data} }], [], 'additional data are strings or lists');
    my $before = pages();
    fault({ status => 503, commit => $true });
    (undef, $json) = $api->call(POST => 'pages', $create);
    is($api->ok(GET => "pages/$json->{additional_data}{committed_resource_id}")->{object}, 'page', 'a create names its page');
    fault({ status => 503, commit => $true, committed_resource_id => $false });
    (undef, $json) = $api->call(POST => 'pages', $create);
    ok(!exists $json->{additional_data}{committed_resource_id}, 'or does not');
    is(pages(), $before + 2, 'two pages');
    fault({ commit_then_cut => $true });
    is(($api->call(PATCH => "pages/$page", number(++$n)))[0], 599, 'cut');
    is(amount(), $n, 'but saved');
    fault({ cut_before => $true });
    is(($api->call(PATCH => "pages/$page", number(999)))[0], 599, 'cut before');
    is(amount(), $n, 'not saved');
    fault({ truncate => $true });
    my $patch = encode(number(++$n));
    my $raw = $sim->raw("PATCH /v1/pages/$page HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ntn_sim_token\r\nNotion-Version: 2026-03-11\r\n"
        . "Content-Type: application/json\r\nContent-Length: " . length($patch) . "\r\n\r\n$patch");
    my $announced = $raw->{headers}{'content-length'} // 0;
    ok($raw->{status} == 200 && length $raw->{body} && length $raw->{body} < $announced, 'half an answer: ' . length($raw->{body}) . " of $announced bytes");
    is(amount(), $n, 'saved');
    fault({ bad_json => $true });
    (my $got, $json) = $api->call(PATCH => "pages/$page", number(++$n));
    is_deeply([$got, $json, amount()], [200, undef, $n], 'an answer that is no JSON, saved');
    fault({ status => 500, commit => $true });
    like($api->error(PATCH => "pages/$page", { properties => { Nope => { number => 1 } } }), qr/\A400/, 'what is refused for its own faults stays refused');
    fault({ status => 404 });
    like($api->error(GET => "pages/$page"), qr/\A404 object_not_found/, '404 for what is there');
};

subtest 'late' => sub {
    fault({ late_commit_ms => 4000, status => 503 });
    my $start = time;
    is(($api->call(PATCH => "pages/$page", number(7000)))[0], 503, 'answered');
    isnt(amount(), 7000, 'not saved yet');
    is($sim->sim(GET => 'idle')->{commits}, 1, 'a commit is under way');
    wait_ok { amount() == 7000 } 10, 'saved later';
    cmp_ok(time - $start, '>', 3.99, 'when the time had come');
    is($sim->sim(GET => "page/$page")->{last_edited_by}, $sim->sim(GET => 'world')->{tokens}[0]{bot_id}, 'by the bot');
    my $before = pages();
    fault({ late_commit_ms => 50_000, cut => $true });
    is(($api->call(POST => 'pages', $create))[0], 599, 'cut');
    is(pages(), $before, 'no page');
    $sim->sim(POST => 'flush');
    is(pages(), $before + 1, 'until later');
    fault({ delay_ms => 300 });
    $start = time;
    $api->ok(GET => 'users/me');
    cmp_ok(time - $start, '>', 0.29, 'a slow answer');
};

subtest 'races' => sub {
    fault({ edit_before_commit => { properties => { Amount => 1, Name => 'Edited' } } }, match => { method => 'PATCH' });
    my $answer = $api->ok(PATCH => "pages/$page", number(2));
    is($answer->{properties}{Name}{title}[0]{plain_text}, 'Edited', 'a person edits before the write');
    is(amount(), 2, 'and loses what is written');
    fault({ edit_before_answer => { properties => { Amount => 3 } } }, match => { method => 'GET' });
    is($api->ok(GET => "pages/$page")->{properties}{Amount}{number}, 2, 'a person edits after the read');
    is(amount(), 3, 'which the answer does not show');
    fault({ edit_before_answer => { page => $page, in_trash => $true } }, match => { path_regex => '^/v1/users/me$' });
    $api->ok(GET => 'users/me');
    ok($sim->sim(GET => "page/$page")->{in_trash}, 'any page, any edit');
    $sim->sim(PATCH => "page/$page", { in_trash => $false });

    my $slow = fault({ delay_ms => 4000 }, match => { method => 'PATCH' }, times => 1);
    my $child = fork // die "fork: $!";
    unless ($child) {
        $api->call(PATCH => "pages/$page", number(10));
        require POSIX;
        POSIX::_exit(0);
    }
    wait_for { grep { $_->{id} == $slow && $_->{hits} } @{ $sim->sim(GET => 'faults')->{faults} } } 20, 'the first one is under way';
    like($api->error(PATCH => "pages/$page", number(11)), qr/\A409 conflict_error Conflict occurred while saving\. Please try again\.\z/, 'two updates at once: conflict');
    waitpid $child, 0;
    is(amount(), 10, 'the first one counts');
    is($api->ok(PATCH => "pages/$page", number(12))->{properties}{Amount}{number}, 12, 'one after the other: none');
};

subtest 'log' => sub {
    $sim->sim(DELETE => 'log');
    $sim->sim(POST => 'settings', { log_responses => $true, log_bodies => 300 });
    my $id = fault({ status => 409 }, match => { method => 'PATCH' });
    $api->call(@$_) for [GET => 'users/me'], [GET => "data_sources/$ds->{id}"], [POST => "data_sources/$ds->{id}/query", { page_size => 1 }], [GET => "pages/$page?filter_properties=title"],
        [PATCH => "pages/$page", number(1)], [POST => 'pages', $create], [GET => "pages/$page/properties/title"], [GET => 'users/me', undef, token => 'x'], [GET => 'elsewhere'];
    my $counts = $sim->sim(GET => 'counts');
    is($counts->{total}, 9, 'counted');
    is_deeply({ map { $counts->{classes}{$_} ? ($_ => $counts->{classes}{$_}) : () } keys %{ $counts->{classes} } },
        { users_me => 2, data_source => 1, query => 1, page_read => 1, page_update => 1, page_create => 1, property_item => 1, other => 1 }, 'by class');
    is_deeply($counts->{status}, { 200 => 6, 400 => 1, 401 => 1, 409 => 1 }, 'by status');
    my $log = $sim->sim(GET => 'log');
    my $entry = $log->{log}[4];
    is_deeply([@$entry{qw(method path class status token page fault)}], ['PATCH', "/v1/pages/$page", 'page_update', 409, 'sim', $page, $id], 'an entry');
    is_deeply(decode($entry->{request}), number(1), 'with its request');
    like($entry->{response}, qr/conflict_error/, 'and its answer');
    is($log->{log}[3]{query}, 'filter_properties=title', 'query string');
    ok($log->{log}[5]{page}, 'a create has the page it made');
    cmp_ok(length $log->{log}[1]{response}, '<=', 300, 'bodies are cut');
    is_deeply([map { $_->{seq} } @{ $sim->sim(GET => "log?since=$log->{log}[6]{seq}")->{log} }], [map { $_->{seq} } @{ $log->{log} }[7, 8]], 'since');
    my $record = $sim->give($sim->write_file('record', ''), 0666);
    $sim->sim(POST => 'settings', { record => $record });
    $api->ok(GET => "data_sources/$ds->{id}");
    my ($line) = split /\n/, read_file($record);
    is(decode($line)->{response}{object}, 'data_source', 'the record is uncut');
    $sim->sim(POST => 'settings', { record => '' });
};

finish();

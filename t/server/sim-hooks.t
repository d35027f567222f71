# The simulator's webhooks: handshake, signature, what changes become which events, and what happens to events on their way - delay,
# joining, cancelling, loss, repetition, disorder, retries.
use strict;
use warnings;
use NotionSync::Sim;
use NotionSync::Test;
use Time::HiRes qw(time);

my $sim   = start_sim();
my $api   = NotionSync::Sim->new($sim);
my $hooks = NotionSync::Sim::Receiver->new(dir => temp_dir());
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my ($ds, $world, $ada, $ben, $bot);

sub begin {
    my (%settings) = @_;
    $hooks->plan(200);
    $hooks->clear;
    $world = $sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 0, delay_ms => 0, aggregate_ms => 0, title_as_content => $false, %settings });
    note("seed $world->{settings}{seed}");
    ($ada, $ben) = map { $_->{id} } grep { $_->{type} eq 'person' } @{ $world->{users} };
    $bot = $world->{tokens}[0]{bot_id};
    $ds = $sim->sim(POST => 'data_source', { name => 'Orders', properties => {
        Name => { type => 'title' }, Amount => { type => 'number' }, Kind => { type => 'select', options => [qw(A B)] } } });
    return $sim->sim(POST => 'webhook', { url => $hooks->url, token => 'secret_x', active => $true });
}
sub page { my (%opt) = @_; return $sim->sim(POST => 'page', { data_source => $ds->{id}, properties => { Name => 'P' }, %opt })->{id} }
sub edit { my ($id, %opt) = @_; return $sim->sim(PATCH => "page/$id", {%opt}) }
our $windows_stay;      # open until all is looked at, however long the steps before take
sub idle { $sim->sim(POST => 'flush') if $windows_stay; return wait_for { $sim->sim(GET => 'idle')->{idle} } 20, 'all events are delivered' }

# types of events about an entity, in the order of their coming, once all have come
sub types { my ($id) = @_; idle(); return join ' ', map { $_->{json}{type} } grep { ($_->{json}{entity}{id} // '') eq $id } $hooks->all }
sub one { my ($id, $type) = @_; idle(); return (grep { $_->{json}{entity}{id} eq $id && $_->{json}{type} eq $type } $hooks->all)[-1] }

subtest 'handshake' => sub {
    begin();
    $sim->sim(DELETE => 'webhook');
    my $sub = $sim->sim(POST => 'webhook', { url => $hooks->url, send_handshake => $true });
    my ($shake) = $hooks->all;
    is_deeply($shake->{json}, { verification_token => $sub->{token} }, 'the token is sent');
    like($sub->{token}, qr/\Asecret_\w{43}\z/, 'a token');
    ok($hooks->signed_by($shake, $sub->{token}), 'signed with itself');
    is($shake->{type}, 'application/json', 'as JSON');
    is($sub->{handshake}{status}, 200, 'control knows the answer');
    page();
    idle();
    is(scalar($hooks->all), 1, 'no event before it is verified');
    is($sim->request(POST => '/_control/webhook/verify', json => { token => 'secret_wrong' })->{status}, 404, 'a wrong token verifies nothing');
    is($sim->sim(POST => 'webhook/verify', { token => $sub->{token} })->{state}, 'active', 'verified');
    is(types(page()), 'page.created', 'now events come');
    $hooks->plan(401);
    is($sim->sim(POST => 'webhook', { id => $sub->{id}, send_handshake => $true })->{handshake}{status}, 401, 'it can be sent again');
    is_deeply([map { $_->{id} } @{ $sim->sim(GET => 'webhook')->{webhooks} }], [$sub->{id}], 'one subscription');
    $sim->sim(DELETE => "webhook/$sub->{id}");
    is_deeply($sim->sim(GET => 'webhook')->{webhooks}, [], 'none');
};

subtest 'events' => sub {
    my $sub = begin();
    my $id = page(by => $ben);
    my $event = one($id, 'page.created');
    ok($hooks->signed_by($event, 'secret_x'), 'signed');
    my $e = $event->{json};
    is_deeply($e->{authors}, [{ id => $ben, type => 'person' }], 'author');
    is_deeply($e->{data}, { parent => { id => $ds->{database_id}, type => 'database', data_source_id => $ds->{id} } }, 'parent');
    like($e->{timestamp}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/, 'time');
    is_deeply([@$e{qw(subscription_id integration_id workspace_id attempt_number api_version)}],
        [$sub->{id}, $world->{tokens}[0]{integration_id}, $world->{workspace_id}, 1, '2026-03-11'], 'envelope');
    ok((grep { $_->{json}{type} eq 'data_source.content_updated' && $_->{json}{data}{updated_blocks}[0]{id} eq $id } $hooks->all), 'the data source tells of the row');
    edit($id, properties => { Amount => 1, Kind => 'A' });
    $e = one($id, 'page.properties_updated')->{json};
    is_deeply([sort @{ $e->{data}{updated_properties} }], [sort @{ $ds->{properties} }{qw(Amount Kind)}], 'properties by encoded id');
    $api->ok(PATCH => "pages/$id", { properties => { Amount => { number => 2 } } });
    is_deeply(one($id, 'page.properties_updated')->{json}{authors}, [{ id => $bot, type => 'bot' }], "the bot's own writes are told too");
    $hooks->clear;
    for my $what ([{ in_trash => $true } => 'page.deleted'], [{ in_trash => $false } => 'page.undeleted'], [{ locked => $true } => 'page.locked'],
                  [{ locked => $false } => 'page.unlocked'], [{ content => $true } => 'page.content_updated'], [{ archived => $true } => '']) {
        $hooks->clear;
        edit($id, %{ $what->[0] });
        is(types($id), $what->[1], join(' ', %{ $what->[0] }) . " is '$what->[1]'");
    }
    $hooks->clear;
    edit($id, properties => { Amount => 3 }, quiet => $true);
    is(types($id), '', 'a quiet edit');
    my $other = $sim->sim(POST => 'data_source', { name => 'Other' });
    edit($id, move_to => $other->{id});
    is(one($id, 'page.moved')->{json}{data}{parent}{data_source_id}, $other->{id}, 'moved, with the new parent');
    $sim->sim(PATCH => "data_source/$ds->{id}", { properties => { Amount => { rename => 'Sum' } } });
    is_deeply(one($ds->{id}, 'data_source.schema_updated')->{json}{data}{updated_properties}, [{ id => $ds->{properties}{Amount}, name => 'Sum', action => 'updated' }], 'schema');
    $sim->sim(PATCH => "data_source/$ds->{id}", { properties => { Kind => undef } });
    is_deeply(one($ds->{id}, 'data_source.schema_updated')->{json}{data}{updated_properties}, [{ id => $ds->{properties}{Kind}, name => undef, action => 'deleted' }], 'a deleted property has no name');
    for my $told (qw(data_source database)) {
        $hooks->clear;
        $sim->sim(POST => 'settings', { trash_event => $told });
        $sim->sim(PATCH => "data_source/$ds->{id}", { in_trash => $_ }) and idle() for $true, $false;
        is(types($told eq 'database' ? $ds->{database_id} : $ds->{id}), "$told.deleted $told.undeleted", "the trash is told of by its $told");
    }
    $hooks->clear;
    $sim->sim(PATCH => "data_source/$ds->{id}", { shared => $false });
    is(types(page()), '', 'nothing is told of what is not shared');
};

subtest 'titles' => sub {
    begin(title_as_content => $true);
    my $id = page();
    idle();
    edit($id, properties => { Name => 'Q', Amount => 1 });
    idle();
    is_deeply(one($id, 'page.properties_updated')->{json}{data}{updated_properties}, [$ds->{properties}{Amount}], 'a title is told as content,');
    is_deeply(one($id, 'page.content_updated')->{json}{data}{updated_blocks}, [{ id => $id, type => 'page' }], 'apart from properties');
    $sim->sim(POST => 'settings', { title_as_content => $false });
    edit($id, properties => { Name => 'R' });
    is_deeply(one($id, 'page.properties_updated')->{json}{data}{updated_properties}, ['title'], 'or as a property');
    $sim->sim(POST => 'settings', { title_as_content => 'random' });
    $hooks->clear;
    for (1 .. 30) { edit($id, properties => { Name => "T$_" }); idle() }
    like(types($id), qr/content.*properties|properties.*content/, 'or either');
};

subtest 'one window' => sub {
    begin(aggregate_ms => 60_000);
    local $windows_stay = 1;
    my $id = page();
    idle();
    edit($id, properties => { Amount => 1 });
    edit($id, properties => { Kind => 'A' }, by => $ben);
    $api->ok(PATCH => "pages/$id", { properties => { Amount => { number => 2 } } });
    is($sim->sim(GET => 'idle')->{windows}, 1, 'a window is open');
    my $e = one($id, 'page.properties_updated')->{json};
    is_deeply([sort @{ $e->{data}{updated_properties} }], [sort @{ $ds->{properties} }{qw(Amount Kind)}], 'edits are joined');
    is_deeply([sort map { "$_->{type} $_->{id}" } @{ $e->{authors} }], [sort "person $ada", "person $ben", "bot $bot"], 'and so are their authors');
    is(types($id) =~ s/page.created //r, 'page.properties_updated', 'into one event');
    $hooks->clear;
    edit($id, in_trash => $true);
    edit($id, in_trash => $false);
    is(types($id), '', 'trashed and restored is nothing');
    my $brief = page();
    edit($brief, in_trash => $true);
    is(types($brief), '', 'created and trashed is nothing');
    my $busy = page();
    edit($busy, properties => { Amount => 5 });
    is(types($busy), 'page.created', 'edits just after creation are part of it');
    edit($busy, properties => { Amount => 6 });
    edit($busy, in_trash => $true);
    is(types($busy), 'page.created page.deleted', 'edits just before deletion are not told');
    $sim->sim(POST => 'settings', { cancel => $false });
    my $kept = page();
    edit($kept, in_trash => $true);
    is(types($kept) =~ tr/ //, 1, 'unless cancelling is switched off');
};

subtest 'on the way' => sub {
    begin(delay_ms => 300, reorder => $false);
    my $start = time;
    my $id = page();
    is(types($id), 'page.created', 'delivered');
    cmp_ok(time - $start, '>', 0.29, 'after a delay');
    $sim->sim(POST => 'settings', { delay_ms => 0, loss => 1 });
    my $lost = page();
    is(types($lost), '', 'lost');
    is((grep { $_->{entity} eq $lost } @{ $sim->sim(GET => 'events')->{events} })[0]{state}, 'lost', 'control knows');
    $sim->sim(POST => 'settings', { loss => 0, duplicate => 1 });
    my $twice = page();
    is(types($twice), 'page.created page.created', 'twice');
    my %ids = map { $_->{json}{id} => 1 } grep { $_->{json}{entity}{id} eq $twice } $hooks->all;
    is(scalar keys %ids, 1, 'with one id');
    $sim->sim(POST => 'settings', { duplicate => 0, paused => $true });
    is(types(page()), '', 'paused');
    $sim->sim(POST => 'settings', { paused => $false, reorder => $true, delay_ms => 200, webhook_parallel => 1 });
    $hooks->clear;
    my @order = map { page() } 1 .. 20;
    idle();
    my @came = map { $_->{json}{entity}{id} } grep { $_->{json}{type} eq 'page.created' } $hooks->all;
    is(scalar @came, 20, 'all come');
    isnt("@came", "@order", 'in another order');
};

subtest 'retries' => sub {
    begin(webhook_retry_ms => 50, reorder => $false);
    $sim->sim(DELETE => 'webhook');
    $sim->sim(POST => 'webhook', { url => $hooks->url, token => 'secret_x', active => $true, types => ['page.created'] });
    $hooks->plan(500, 202, 503, 200);
    my $id = page();
    is(types($id), 'page.created page.created page.created page.created', 'repeated until 200');
    my @all = $hooks->all;
    is_deeply([map { $_->{json}{attempt_number} } @all], [1 .. 4], 'attempts are numbered');
    is(scalar(keys %{ { map { $_->{json}{id} => 1 } @all } }), 1, 'one id');
    ok(!(grep { !$hooks->signed_by($_, 'secret_x') } @all), 'each signed');
    my ($log) = @{ $sim->sim(GET => 'events')->{events} };
    is_deeply([map { $_->{status} } @{ $log->{attempts} }], [500, 202, 503, 200], 'logged');
    is($log->{state}, 'delivered', 'delivered');
    my @gap = map { $log->{attempts}[$_]{sent_ms} - $log->{attempts}[$_ - 1]{sent_ms} } 1 .. 3;
    ok($gap[0] >= 50 && $gap[1] >= 100 && $gap[2] >= 200, "further and further apart: @gap");
    $hooks->plan(500);
    $sim->sim(POST => 'settings', { webhook_retry_ms => 1 });
    my $failed = page();
    idle();
    my ($entry) = grep { $_->{entity} eq $failed } @{ $sim->sim(GET => 'events')->{events} };
    is_deeply([$entry->{state}, scalar @{ $entry->{attempts} }], ['failed', 8], 'given up after eight');
    $hooks->plan('hang', 200);
    is(types(page()), 'page.created page.created', 'no answer is no acknowledgement');
    $sim->sim(POST => 'webhook', { url => 'http://127.0.0.1:1/', token => 'y', active => $true, types => ['page.created'] });
    $sim->sim(POST => 'settings', { webhook_attempts => 2 });
    my $unreachable = page();
    idle();
    my @states = sort map { $_->{state} } grep { $_->{entity} eq $unreachable } @{ $sim->sim(GET => 'events')->{events} };
    is("@states", 'delivered failed', 'each subscription for itself');
};

subtest 'events of the tester' => sub {
    begin();
    my $sent = $sim->sim(POST => 'event', { body => { id => '@id', timestamp => '@now', type => 'page.created' } });
    is($sent->{status}, 200, 'sent now');
    my ($e) = $hooks->all;
    ok($hooks->signed_by($e, 'secret_x'), 'signed rightly');
    like($e->{json}{id}, qr/\A[0-9a-f-]{36}\z/, 'with a fresh id');
    like($e->{json}{timestamp}, qr/\A\d{4}-.*Z\z/, 'and time');
    $hooks->plan(401);
    is($sim->sim(POST => 'event', { raw => '{"x":', signature => 'sha256=00', headers => { 'X-Extra' => '1' } })->{status}, 401, 'forged');
    is(($hooks->all)[-1]{body}, '{"x":', 'any bytes');
    is(($hooks->all)[-1]{signature}, 'sha256=00', 'any signature');
    $sim->sim(POST => 'event', { raw => 'x', signature => $false });
    is(($hooks->all)[-1]{signature}, undef, 'or none');
    $sim->sim(POST => 'event', { raw => 'x', token => 'secret_other' });
    ok($hooks->signed_by(($hooks->all)[-1], 'secret_other'), 'or with another key');
    $sim->sim(POST => 'settings', { aggregate_ms => 60_000, delay_ms => 60_000 });
    $hooks->plan(200);
    $hooks->clear;
    my $id = page();
    ok(!$sim->sim(GET => 'idle')->{idle}, 'something is to happen');
    $sim->sim(POST => 'flush');
    is(types($id), 'page.created', 'flush makes it happen');
};

subtest 'what is not certain' => sub {
    begin(sign_handshake => $false, webhook_type => '', archive_event => $true);
    $sim->sim(DELETE => 'webhook');
    my $sub = $sim->sim(POST => 'webhook', { url => $hooks->url, send_handshake => $true });
    my ($shake) = $hooks->all;
    is_deeply([@$shake{qw(signature type)}], [undef, undef], 'a handshake without signature, of no type');
    $sim->sim(POST => 'webhook/verify', { token => $sub->{token} });
    my $id = page();
    is(types($id), 'page.created', 'a page');
    edit($id, archived => $true);
    is(types($id), 'page.created page.content_updated', 'archive_event');

    begin(duplicate => 1, event_ids => 'new', webhook_retry_ms => 20);
    my ($one, $two) = map { page() } 1, 2;
    idle();
    my @told = grep { $_->{json}{entity}{id} eq $one } $hooks->all;
    is(@told, 2, 'told twice');
    isnt($told[0]{json}{id}, $told[1]{json}{id}, 'event_ids new: under two ids');
    $hooks->plan(500, 200);
    $sim->sim(POST => 'settings', { duplicate => 0 });
    $hooks->clear;
    edit($two, properties => { Amount => 7 });
    idle();
    @told = grep { $_->{json}{entity}{id} eq $two } $hooks->all;
    is_deeply([map { $_->{json}{attempt_number} } @told], [1, 2], 'a second attempt');
    isnt($told[0]{json}{id}, $told[1]{json}{id}, 'has another id, too');
    ok($hooks->signed_by($told[1], 'secret_x'), 'and is signed as it is');

    begin(webhook_version => '2022-06-28');
    $id = page();
    is_deeply([@{ one($id, 'page.created')->{json} }{qw(api_version data)}], ['2022-06-28', { parent => { id => $ds->{database_id}, type => 'database' } }], '2022-06-28: no data source');
    $sim->sim(PATCH => "data_source/$ds->{id}", { properties => { Amount => { rename => 'Sum' } } });
    is(types($ds->{database_id}), 'database.content_updated database.schema_updated', 'but its database');
};

$hooks->stop;
finish();

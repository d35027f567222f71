# The simulator's API behaves as Notion's does, down to what is refused: every property type is written and read back, values are
# cut, floored and normalised, errors carry Notion's words, and the control interface shows the truth beside it.
use strict;
use warnings;
use utf8;
use NotionSync::Sim;
use NotionSync::Test;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);
my $sim = start_sim();
my $api = NotionSync::Sim->new($sim);
my $world = $sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 0 });
note("seed $world->{settings}{seed}");
my ($ada, $ben) = map { $_->{id} } grep { $_->{type} eq 'person' } @{ $world->{users} };
my $bot = $world->{tokens}[0]{bot_id};
my $nobody = '00000000-0000-4000-8000-000000000000';

my $customers = $sim->sim(POST => 'data_source', { name => 'Customers', properties => { Name => { type => 'title' } } });
my $ds = $sim->sim(POST => 'data_source', { name => 'Orders', properties => {
    Name => { type => 'title' }, Notes => { type => 'rich_text' }, Amount => { type => 'number' },
    Stage => { type => 'status', options => [qw(Lead Won)] }, Kind => { type => 'select', options => [qw(A B)] },
    Tags => { type => 'multi_select', options => [{ name => 'red', color => 'red' }] }, Due => { type => 'date' },
    Paid => { type => 'checkbox' }, Site => { type => 'url' }, Mail => { type => 'email' }, Phone => { type => 'phone_number' },
    Owner => { type => 'people' }, Files => { type => 'files' },
    Customer => { type => 'relation', data_source => $customers->{id}, dual => 'Orders' },
    Total => { type => 'formula', value => 42 }, Sum => { type => 'rollup', function => 'sum', value => 7 },
    Made => { type => 'created_time' }, Maker => { type => 'created_by' }, Edited => { type => 'last_edited_time' },
    Editor => { type => 'last_edited_by' }, No => { type => 'unique_id', prefix => 'ORD' }, Push => { type => 'button' },
    Checked => { type => 'verification' }, Where => { type => 'place' }, Odd => { type => 'unsupported' },
} });

sub text { return [map { { text => { content => $_ } } } @_] }
sub create { my (%p) = @_; return $api->ok(POST => 'pages', { parent => { data_source_id => $ds->{id} }, properties => \%p }) }
sub update { my ($page, %p) = @_; return $api->ok(PATCH => "pages/$page->{id}", { properties => \%p }) }
sub refused { my ($page, %p) = @_; return $api->error(PATCH => "pages/$page->{id}", { properties => \%p }) }
sub truth { my ($page) = @_; return $sim->sim(GET => "page/$page->{id}") }
sub value { my ($page, $name) = @_; my $p = $page->{properties}{$name}; return $p->{ $p->{type} } }

subtest 'versions, tokens, addresses' => sub {
    like($api->error(GET => 'users/me', undef, version => undef), qr/\A400 missing_version .*instead was `undefined`\.\z/, 'no version');
    like($api->error(GET => 'users/me', undef, version => '2026-03-12'), qr/\A400 validation_error /, 'unknown version');
    is($api->error(GET => 'users/me', undef, token => 'ntn_x'), '401 unauthorized API token is invalid.', 'unknown token');
    is($api->error(GET => 'users/me', undef, token => undef), '401 unauthorized API token is invalid.', 'no token');
    is($api->error(GET => 'nothing'), '400 invalid_request_url Invalid request URL.', 'unknown address');
    my ($status, $json, $answer) = $api->call(GET => "pages/$nobody");
    is($status, 404, 'a page that is not there');
    is($json->{message}, "Could not find page with ID: $nobody. Make sure the relevant pages and databases are shared with your "
        . 'integration "sim".', 'in Notion\'s words');
    is($json->{request_id}, $answer->{headers}{'x-notion-request-id'}, 'request id in body and header');
    like($api->error(GET => 'pages/xyz'), qr/\A400 validation_error path failed validation: path.page_id should be a valid uuid/, 'no id');
    like($api->error(GET => "data_sources/$ds->{database_id}"), qr/\A404 object_not_found /, 'a database is no data source');
    my $old = $api->ok(GET => "data_sources/$ds->{id}", undef, version => '2025-09-03');
    ok(exists $old->{archived} && !exists $api->ok(GET => "data_sources/$ds->{id}")->{archived}, 'archived only in the old version');
    my @first = (version => '2022-06-28');
    my $then = $sim->sim(POST => 'data_source', { name => 'Then', properties => { Name => { type => 'title' } } });
    is($api->error(GET => "data_sources/$then->{id}", undef, @first), '400 invalid_request_url Invalid request URL.', 'before 2025-09-03 there were no data sources');
    is($api->error(POST => "databases/$then->{database_id}/query", {}), '400 invalid_request_url Invalid request URL.', 'and since then no queries of databases');
    $old = $api->ok(GET => "databases/$then->{database_id}", undef, @first);
    is_deeply([@$old{qw(object id)}, $old->{parent}{type}, $old->{properties}{Name}{type}, exists $old->{data_sources}], ['database', $then->{database_id}, 'workspace', 'title', ''],
        'then a database had a schema') or diag encode($old);
    my $made = $api->ok(POST => 'pages', { parent => { database_id => $then->{database_id} }, properties => { Name => { title => [{ text => { content => 'Then' } }] } } }, @first);
    is_deeply($made->{parent}, { type => 'database_id', database_id => $then->{database_id} }, 'and was the parent of its pages');
    my $rows = $api->ok(POST => "databases/$then->{database_id}/query", { filter => { property => 'Name', title => { equals => 'Then' } } }, @first);
    is_deeply([$rows->{type}, map { @$_{qw(id archived in_trash)} } @{ $rows->{results} }], ['page_or_database', $made->{id}, JSON::PP::false, JSON::PP::false], 'which it listed') or diag encode($rows);
    is($api->ok(GET => "pages/$made->{id}", undef, @first)->{parent}{type}, 'database_id', 'and so does a page that is read');
    my $second = $sim->sim(POST => 'data_source', { name => 'Second', database_id => $then->{database_id} })->{id};
    for my $case ([GET => "databases/$then->{database_id}", undef], [POST => "databases/$then->{database_id}/query", {}], [POST => 'pages', { parent => { database_id => $then->{database_id} }, properties => {} }]) {
        ($status, $json) = $api->call(@$case, @first);
        is_deeply([$status, $json->{code}, $json->{message}, $json->{additional_data}], [400, 'validation_error', 'Databases with multiple data sources are not supported in this API version.',
            { error_type => 'multiple_data_sources_for_database', database_id => $then->{database_id}, child_data_source_ids => [$then->{id}, $second], minimum_api_version => '2025-09-03' }],
            "a second data source ends that: $case->[0] $case->[1]") or diag encode($json);
    }
    $sim->sim(PATCH => "data_source/$second", { purge => JSON::PP::true });
    $api->ok(GET => "databases/$then->{database_id}", undef, @first);
    ($status) = $sim->request(POST => '/v1/pages', headers => { authorization => 'Bearer ntn_sim_token', 'notion-version' => '2026-03-11',
        'content-type' => 'application/json' }, body => '{"parent":')->{status};
    is($status, 400, 'JSON that is none');
    my $untyped = $sim->request(POST => '/v1/pages', headers => { authorization => 'Bearer ntn_sim_token', 'notion-version' => '2026-03-11' },
        body => '{"parent":{}}');
    like($untyped->{body}, qr/body.parent should be defined, instead was `undefined`/, 'a body without content type is no body');
};

subtest 'schema' => sub {
    my $got = $api->ok(GET => "data_sources/$ds->{id}");
    is_deeply({ map { $_ => $got->{properties}{$_}{id} } keys %{ $got->{properties} } }, $ds->{properties}, 'ids as announced');
    is($got->{properties}{Name}{id}, 'title', 'the title is called title');
    ok((grep { /%/ } values %{ $ds->{properties} }), 'some ids need percent-encoding');
    ok(!(grep { /[^A-Za-z0-9_.!~*'()%-]/ } values %{ $ds->{properties} }), 'all are encoded');
    is($got->{properties}{Customer}{relation}{dual_property}{synced_property_name}, 'Orders', 'a two-way relation names its mirror');
    is_deeply([map { $_->{name} } @{ $got->{properties}{Stage}{status}{groups} }], ['To-do', 'In progress', 'Complete'], 'status groups');
    like($got->{last_edited_time}, qr/:00\.000Z\z/, 'times are floored to the minute');
    my $db = $api->ok(GET => "databases/$ds->{database_id}");
    is_deeply($db->{data_sources}, [{ id => $ds->{id}, name => 'Orders' }], 'the database names its data sources');
    ok(!exists $db->{properties}, 'and has no schema of its own');
};

my $page = create(Name => { title => text('One') });

subtest 'a fresh page' => sub {
    is(value($page, 'Stage')->{name}, 'Lead', 'a status not given is the default option');
    is(value($page, 'Amount'), undef, 'a number is null');
    ok(!value($page, 'Paid'), 'a checkbox is false');
    is_deeply([map { value($page, $_) } qw(Notes Tags Owner Files Customer)], [([]) x 5], 'lists are empty');
    is_deeply($page->{properties}{Customer}{has_more}, JSON::PP::false, 'a relation says whether there is more');
    is_deeply([map { value($page, $_) } qw(Kind Due Site Mail Phone Where Odd)], [(undef) x 7], 'the others are null');
    is_deeply(value($page, 'Total'), { type => 'number', number => 42 }, 'formula');
    is_deeply(value($page, 'Sum'), { type => 'number', number => 7, function => 'sum' }, 'rollup');
    is_deeply(value($page, 'No'), { prefix => 'ORD', number => 1 }, 'unique id');
    is(value($page, 'Checked')->{state}, 'unverified', 'verification');
    is_deeply(value($page, 'Push'), {}, 'button');
    is(value($page, 'Maker')->{id}, $bot, 'made by the bot');
    is_deeply($page->{last_edited_by}, { object => 'user', id => $bot }, 'edited by the bot, a partial user');
    is(value($page, 'Made'), $page->{created_time}, 'created time');
    is_deeply($page->{parent}, { type => 'data_source_id', data_source_id => $ds->{id}, database_id => $ds->{database_id} }, 'parent');
    like($page->{url}, qr{\Ahttps://app\.notion\.com/p/One-[0-9a-f]{32}\z}, 'address');
    like($page->{created_time}, qr/T\d\d:\d\d:00\.000Z\z/, 'to the minute');
};

subtest 'text' => sub {
    my $bold = { bold => JSON::PP::true };
    my $p = update($page, Notes => { rich_text => [@{ text('a', 'b') }, { text => { content => 'c' }, annotations => $bold }, @{ text('', 'd') }] });
    is_deeply([map { [$_->{plain_text}, $_->{annotations}{bold} ? 1 : 0] } @{ value($p, 'Notes') }], [['ab', 0], ['c', 1], ['d', 0]],
        'runs of one style are joined, empty ones vanish');
    my $long = 'x' x 2000;
    $p = update($page, Notes => { rich_text => text($long, $long, 'y') });
    is_deeply([map { length $_->{plain_text} } @{ value($p, 'Notes') }], [2000, 2000, 1], 'and cut anew at 2000');
    like(refused($page, Notes => { rich_text => text("${long}x") }),
        qr/\A400 validation_error body failed validation: body\.properties\.Notes\.rich_text\[0\]\.text\.content\.length should be ≤ `2000`, instead was `2001`\.\z/,
        '2001 characters');
    like(refused($page, Notes => { rich_text => text('😀' x 1001) }), qr/instead was `2002`/, 'counted as JavaScript counts');
    update($page, Notes => { rich_text => text('😀' x 1000) });
    is(truth($page)->{properties}{Notes}, '😀' x 1000, '1000 of them fit');
    like(refused($page, Notes => { rich_text => text(('x') x 101) }), qr/rich_text\.length should be ≤ `100`, instead was `101`/, '101 items');
    like(refused($page, Notes => { rich_text => 'x' }), qr/should be an array, instead was `"x"`/, 'a string is no rich text');
    like(refused($page, Notes => { rich_text => [{ text => { content => 'x', link => { url => 'h' x 2001 } } }] }), qr/link\.url\.length should be ≤ `2000`/, 'long link');
    like(refused($page, Notes => { rich_text => [{ text => { content => 'x' }, annotations => { color => 'mauve' } }] }), qr/color should be a color/, 'no such colour');
    $p = update($page, Notes => { rich_text => [{ mention => { user => { id => $ada } } }, @{ text(' and ') }, { mention => { page => { id => $page->{id} } } },
        { mention => { date => { start => '2026-01-02' } } }, { equation => { expression => 'e=mc^2' } }, { text => { content => 'l', link => { url => 'https://e.org' } } }] });
    is(join('', map { $_->{plain_text} } @{ value($p, 'Notes') }), '@Ada and One2026-01-02e=mc^2l', 'mentions, equations and links');
    is(value($p, 'Notes')->[-1]{href}, 'https://e.org', 'a link has an address');
    update($page, Notes => { rich_text => [] });
    is(truth($page)->{properties}{Notes}, '', 'cleared by an empty list');
    is(truth(create(Name => { title => text("\x{1F600} <b>\"'\\\n\t") }))->{properties}{Name}, "\x{1F600} <b>\"'\\\n\t", 'all characters');
};

subtest 'numbers' => sub {
    for (['0.1', '0.1'], ['1e21', '1e+21'], ['123456789012345678901234567890', '1.2345678901234568e+29'], ['-0.0000001', '-1e-7'],
         ['100', '100'], ['9007199254740993', '9007199254740992'], ['1.50', '1.5'], ['0.000001', '0.000001']) {
        my ($in, $out) = @$_;
        my $answer = $sim->request(PATCH => "/v1/pages/$page->{id}", headers => { authorization => 'Bearer ntn_sim_token',
            'notion-version' => '2026-03-11', 'content-type' => 'application/json' }, body => "{\"properties\":{\"Amount\":{\"number\":$in}}}");
        like($answer->{body}, qr/"number":\Q$out\E[,}]/, "$in comes back as JavaScript prints it: $out");
    }
    like(refused($page, Amount => { number => '5' }), qr/number should be a number or `null`, instead was `"5"`/, 'a string is no number');
    is(value(update($page, Amount => { number => undef }), 'Amount'), undef, 'null clears');
};

subtest 'options' => sub {
    my $p = update($page, Kind => { select => { name => 'Fresh' } });
    is(value($p, 'Kind')->{name}, 'Fresh', 'an unknown name becomes an option');
    my ($fresh) = grep { $_->{name} eq 'Fresh' } @{ $api->ok(GET => "data_sources/$ds->{id}")->{properties}{Kind}{select}{options} };
    is($fresh->{id}, value($p, 'Kind')->{id}, 'of the schema too');
    is(value(update($page, Kind => { select => { name => 'fresh' } }), 'Kind')->{name}, 'Fresh', 'names match without regard to case');
    is(value(update($page, Kind => { select => { id => $fresh->{id} } }), 'Kind')->{name}, 'Fresh', 'by id');
    like(refused($page, Kind => { select => { id => 'zzzz' } }), qr/option with id "zzzz" does not exist/, 'an unknown id is refused');
    like(refused($page, Kind => { select => { name => 'a, b' } }), qr/commas not allowed/, 'commas are refused');
    like(refused($page, Kind => { select => { name => '' } }), qr/length should be ≥ `1`/, 'an empty name too');
    is(refused($page, Tags => { multi_select => [{ name => 'red', color => 'blue' }] }), "400 validation_error Select option color doesn't match existing", 'another colour too');
    $p = update($page, Tags => { multi_select => [map { { name => $_ } } qw(x red X y)] });
    is_deeply([map { $_->{name} } @{ value($p, 'Tags') }], [qw(x red y)], 'a set in order, each once');
    $p = update($page, Tags => { multi_select => [{ name => 'y' }] });
    is_deeply([map { $_->{name} } @{ value($p, 'Tags') }], ['y'], 'writing replaces');
    is(refused($page, Stage => { status => { name => 'Nope' } }), '400 validation_error Status option "Nope" does not exist.', 'status makes no options');
    is(value(update($page, Stage => { status => { name => 'won' } }), 'Stage')->{name}, 'Won', 'status by name');
    is(value(update($page, Stage => { status => undef }), 'Stage')->{name}, 'Lead', 'status null is the default');
    like(refused($page, Kind => { select => { name => 'Third' } }, Amount => { number => 'x' }), qr/Amount\.number should be/, 'when anything is wrong,');
    ok(!(grep { $_->{name} eq 'Third' } @{ $api->ok(GET => "data_sources/$ds->{id}")->{properties}{Kind}{select}{options} }), 'no option is made');
};

subtest 'dates' => sub {
    my $date = sub { my ($d) = @_; return value(update($page, Due => { date => $d }), 'Due') };
    is_deeply($date->({ start => '2026-02-28' }), { start => '2026-02-28', end => undef, time_zone => undef }, 'a day');
    is($date->({ start => '2026-02-28T10:20:30.456Z' })->{start}, '2026-02-28T10:20:00.000+00:00', 'a time, floored to the minute, with offset');
    is($date->({ start => '2026-02-28T10:20:00-05:30' })->{start}, '2026-02-28T10:20:00.000-05:30', 'an offset stays');
    is($date->({ start => '2026-02-28T10:20:00' })->{start}, '2026-02-28T10:20:00.000+00:00', 'no offset is UTC');
    is_deeply($date->({ start => '2026-03-29T01:59:00', end => '2026-03-29T03:00:00', time_zone => 'Europe/Berlin' }),
        { start => '2026-03-29T01:59:00.000+01:00', end => '2026-03-29T03:00:00.000+02:00', time_zone => undef }, 'a zone becomes offsets, across the change of clocks');
    is($date->({ start => '2026-10-25T01:59:00', time_zone => 'Europe/Berlin' })->{start}, '2026-10-25T01:59:00.000+02:00', 'before the hour that comes twice');
    is($date->({ start => '2026-10-25T03:00:00', time_zone => 'Europe/Berlin' })->{start}, '2026-10-25T03:00:00.000+01:00', 'and after it');
    is($date->({ start => '2026-07-01T12:00:00', time_zone => 'Asia/Kathmandu' })->{start}, '2026-07-01T12:00:00.000+05:45', 'a quarter of an hour');
    like(refused($page, Due => { date => { start => '2026-02-30' } }), qr/date\.start should be a valid ISO 8601 date string, instead was `"2026-02-30"`/, 'no such day');
    like(refused($page, Due => { date => { start => '2026-02-28 10:00' } }), qr/should be a valid ISO/, 'a blank instead of T');
    like(refused($page, Due => { date => { start => '2026-02-28', time_zone => 'Europe/Berlin' } }), qr/must include a time/, 'a zone needs a time');
    like(refused($page, Due => { date => { start => '2026-02-28T10:00:00Z', time_zone => 'Europe/Berlin' } }), qr/must not include a UTC offset/, 'and no offset');
    like(refused($page, Due => { date => { start => '2026-02-28T10:00:00', time_zone => 'Mars/Base' } }), qr/time_zone should be a valid/, 'no such zone');
    like(refused($page, Due => { date => { start => '2026-02-28', end => '2026-02-27' } }), qr/end must not be before/, 'an end before the start');
    like(refused($page, Due => { date => { start => '2026-02-28', end => '2026-03-01T00:00:00Z' } }), qr/both be/, 'a day to a time');
    is($date->(undef), undef, 'null clears');
    $sim->sim(POST => 'settings', { date_precision => 'ms' });
    is($date->({ start => '2026-02-28T10:20:30.456Z' })->{start}, '2026-02-28T10:20:30.456+00:00', 'or as fine as it came');
    $sim->sim(POST => 'settings', { date_precision => 'minute' });
};

subtest 'strings and the like' => sub {
    for (['Site', 'url', 2000], ['Mail', 'email', 200], ['Phone', 'phone_number', 200]) {
        my ($name, $type, $max) = @$_;
        is(value(update($page, $name => { $type => 'x' x $max }), $name), 'x' x $max, "$type of $max characters");
        like(refused($page, $name => { $type => 'x' x ($max + 1) }), qr/\Q$name.$type\E\.length should be ≤ `$max`, instead was `@{[$max + 1]}`/, 'not one more');
        like(refused($page, $name => { $type => '' }), qr/length should be ≥ `1`/, 'not the empty string');
        is(value(update($page, $name => { $type => undef }), $name), undef, 'null clears');
    }
    like(refused($page, Paid => { checkbox => undef }), qr/should be a boolean, instead was `null`/, 'a checkbox is never null');
    ok(value(update($page, Paid => { checkbox => JSON::PP::true }), 'Paid'), 'checkbox');
    my $p = update($page, Where => { place => { lat => 52.5, lon => 13.4, name => 'Berlin' } });
    is_deeply(value($p, 'Where'), { lat => 52.5, lon => 13.4, name => 'Berlin', address => undef, aws_place_id => undef, google_place_id => undef }, 'place');
    is(value(update($page, Checked => { verification => { state => 'verified' } }), 'Checked')->{verified_by}{id}, $bot, 'verification');
    $p = update($page, Owner => { people => [{ id => $ben }, { id => $ada }, { id => $ben }] });
    is_deeply([map { $_->{name} } @{ value($p, 'Owner') }], [qw(Ben Ada)], 'people');
    like(refused($page, Owner => { people => [{ id => $nobody }] }), qr/\A404 object_not_found Could not find user/, 'unknown people');
};

subtest 'files' => sub {
    my $p = update($page, Files => { files => [{ name => 'a', external => { url => 'https://e.org/a' } }] });
    is_deeply(value($p, 'Files'), [{ name => 'a', type => 'external', external => { url => 'https://e.org/a' } }], 'external');
    $sim->sim(PATCH => "page/$page->{id}", { properties => { Files => [{ name => 'h', hosted => JSON::PP::true }] } });
    my ($one, $two) = map { value($api->ok(GET => "pages/$page->{id}"), 'Files')->[0] } 1, 2;
    isnt($one->{file}{url}, $two->{file}{url}, 'a hosted file has another address at each reading');
    ok($one->{file}{expiry_time}, 'which expires');
    $p = update($page, Files => { files => [$two, { name => 'b', external => { url => 'https://e.org/b' } }] });
    is_deeply([map { $_->{type} } @{ value($p, 'Files') }], [qw(file external)], 'it is kept by writing it back');
    is_deeply([map { $_->{name} } @{ truth($page)->{properties}{Files} }], [qw(h b)], 'in truth');
    like(refused($page, Files => { files => [{ name => 'x', file => { url => 'https://e.org/x' } }] }), qr/not a file hosted by Notion/, 'but no other');
    like(refused($page, Files => { files => [{ external => { url => 'https://e.org' } }] }), qr/name\.length/, 'a name is needed');
    like(refused($page, Files => { files => [{ name => 'x' x 101, external => { url => 'https://e.org' } }] }), qr/name\.length/, 'of at most 100 characters');
};

subtest 'relations' => sub {
    my @ids = @{ $sim->sim(POST => 'pages', { data_source => $customers->{id}, pages => [map { { properties => { Name => "C$_" } } } 1 .. 130] })->{ids} };
    my $p = update($page, Customer => { relation => [map { { id => $_ } } @ids[0 .. 29]] });
    is(scalar @{ value($p, 'Customer') }, 25, '25 are shown');
    ok($p->{properties}{Customer}{has_more}, 'and more announced');
    is_deeply(truth($page)->{properties}{Customer}, [@ids[0 .. 29]], 'all are kept');
    my ($all, $cursor, $requests) = ([], '', 0);
    do {
        my $list = $api->ok(GET => "pages/$page->{id}/properties/$ds->{properties}{Customer}?page_size=12$cursor");
        push @$all, map { $_->{relation}{id} } @{ $list->{results} };
        is($list->{property_item}{type}, 'relation', 'a list of relation items') unless $requests++;
        $cursor = $list->{next_cursor} ? "&start_cursor=$list->{next_cursor}" : '';
        is($list->{has_more} ? 1 : 0, $cursor ? 1 : 0, 'has_more goes with the cursor');
    } while $cursor;
    is_deeply($all, [@ids[0 .. 29]], 'the property item has all');
    is($requests, 3, 'in three parts');
    is_deeply(truth({ id => $ids[0] })->{properties}{Orders}, [$page->{id}], 'the other side follows');
    my $before = truth({ id => $ids[1] });
    update($page, Customer => { relation => [{ id => $ids[0] }] });
    is_deeply(truth({ id => $ids[1] })->{properties}{Orders}, [], 'also when it is taken away');
    is(truth({ id => $ids[1] })->{last_edited_ms}, $before->{last_edited_ms}, 'which leaves its time alone');
    $api->ok(PATCH => "pages/$ids[2]", { properties => { Orders => { relation => [{ id => $page->{id} }] } } });
    is_deeply(truth($page)->{properties}{Customer}, [@ids[0, 2]], 'and the other way');
    like(refused($page, Customer => { relation => [map { { id => $_ } } @ids[0 .. 100]] }), qr/relation\.length should be ≤ `100`, instead was `101`/, '101 at once');
    like(refused($page, Customer => { relation => [{ id => $nobody }] }), qr/\A404 object_not_found Could not find page with ID: $nobody/, 'unknown page');
    like(refused($page, Customer => { relation => [{ id => $page->{id} }] }), qr/\A404/, 'page of another data source');
    $sim->sim(PATCH => "page/$page->{id}", { properties => { Owner => [($ada) x 30], Notes => [map { { mention => { user => { id => $ada } } } } 1 .. 30] } });
    $p = $api->ok(GET => "pages/$page->{id}");
    is(scalar @{ value($p, $_) }, 25, "25 of $_") for qw(Owner Notes);
    is(scalar @{ $api->ok(GET => "pages/$page->{id}/properties/$ds->{properties}{$_}")->{results} }, 30, "all of $_") for qw(Owner Notes);
    update($page, Owner => { people => [] }, Notes => { rich_text => [] });
};

subtest 'property items' => sub {
    my $item = sub { return $api->ok(GET => "pages/$page->{id}/properties/$ds->{properties}{$_[0]}") };
    my $number = $item->('Amount');
    is_deeply([@$number{qw(object type id number)}], ['property_item', 'number', $ds->{properties}{Amount}, undef], 'a single one');
    is($item->('Name')->{results}[0]{title}{plain_text}, 'One', 'a title is a list');
    is_deeply($item->('Notes')->{results}, [], 'an empty one an empty list');
    is($item->('Sum')->{property_item}{rollup}{number}, 7, 'a rollup is a list with its value beside');
    my ($odd) = grep { $ds->{properties}{$_} =~ /%/ } sort keys %{ $ds->{properties} };
    (my $double = $ds->{properties}{$odd}) =~ s/%/%25/g;
    like($api->error(GET => "pages/$page->{id}/properties/$double"), qr/\A400 validation_error .* is not a property that exists\.\z/, 'an id encoded twice is unknown');
};

subtest 'what cannot be written' => sub {
    is(refused($page, Nope => { number => 1 }, Nix => { url => 'x' }) =~ s/(\w+) is not/X is not/gr,
        '400 validation_error X is not a property that exists. X is not a property that exists.', 'unknown properties, all of them named');
    is(refused($page, Notes => { number => 1 }), '400 validation_error Notes is expected to be rich_text.', 'another type');
    is(refused($page, Total => { number => 1 }), '400 validation_error Total is expected to be formula.', 'a formula');
    for my $name (qw(Made Maker Edited Editor No Push Total Sum Odd)) {
        my $type = $page->{properties}{$name}{type};
        like(refused($page, $name => { $type => value($page, $name) }), qr/\A400 validation_error body failed validation\. Fix one:\nbody\.properties\.$name\.title should be defined/,
            "$type written back");
    }
    like(refused($page, Amount => { number => 1, id => 'x' }), qr/Amount\.id should be not present/, 'extra keys');
    like($api->error(PATCH => "pages/$page->{id}", { archived => JSON::PP::true }), qr/body\.archived should be not present, instead was `true`/, 'archived in the new version');
    is($api->ok(PATCH => "pages/$page->{id}", { archived => JSON::PP::false }, version => '2025-09-03')->{archived}, JSON::PP::false, 'but not in the old one');
    like($api->error(PATCH => "pages/$page->{id}", { properties => { Notes => { rich_text => text(('x' x 2000) x 100) } }, icon => 'y' x 400_000 }), qr/\A400 .*should be ≤ `512000`/, 'more than 500 KB');
    is(value(update($page, $ds->{properties}{Amount} => { number => 3 }), 'Amount'), 3, 'an encoded id names a property');
};

subtest 'trash, archive, rights' => sub {
    my $edited = truth($page)->{edits};
    my $p = $api->ok(PATCH => "pages/$page->{id}", { in_trash => JSON::PP::true });
    ok($p->{in_trash}, 'trashed');
    my $cannot = "400 validation_error Can't edit block that is archived. You must unarchive the block before editing.";
    is(refused($page, Amount => { number => 1 }), $cannot, 'no edit');
    is($api->error(PATCH => "pages/$page->{id}", { in_trash => JSON::PP::false, properties => { Amount => { number => 1 } } }), $cannot, 'not even while restoring');
    ok($api->ok(GET => "pages/$page->{id}")->{in_trash}, 'still to be read');
    ok(!$api->ok(PATCH => "pages/$page->{id}", { in_trash => JSON::PP::false })->{in_trash}, 'restored');
    is(truth($page)->{edits} - $edited, 2, 'two edits');
    ok($api->ok(PATCH => "pages/$page->{id}", { is_archived => JSON::PP::true })->{is_archived}, 'archived');
    $api->ok(PATCH => "pages/$page->{id}", { is_archived => JSON::PP::false, is_locked => JSON::PP::true });
    is(value(update($page, Amount => { number => 9 }), 'Amount'), 9, 'a lock stops nobody');
    $sim->sim(PATCH => "page/$page->{id}", { shared => JSON::PP::false });
    like($api->error(GET => "pages/$page->{id}"), qr/\A404/, 'a page not shared is not there');
    $sim->sim(PATCH => "page/$page->{id}", { shared => JSON::PP::true });
    $sim->sim(PATCH => "data_source/$ds->{id}", { in_trash => JSON::PP::true });
    ok($api->ok(GET => "pages/$page->{id}")->{in_trash}, 'a page in a trashed data source is trashed');
    $sim->sim(PATCH => "data_source/$ds->{id}", { in_trash => JSON::PP::false });

    $sim->sim(POST => 'token', { token => 'ntn_two', name => 'two', capabilities => ['read'] });
    $sim->sim(PATCH => "data_source/$customers->{id}", { shared => JSON::PP::false, token => 'ntn_two' });
    my %two = (token => 'ntn_two');
    like($api->error(PATCH => "pages/$page->{id}", {}, %two), qr/\A403 restricted_resource/, 'no right to update');
    like($api->error(POST => 'pages', { parent => { data_source_id => $ds->{id} } }, %two), qr/\A403/, 'nor to insert');
    like($api->error(GET => 'users', undef, %two), qr/\A403/, 'nor to list users');
    is($api->ok(GET => 'users/me', undef, %two)->{name}, 'two', 'users/me needs none');
    my $schema = $api->ok(GET => "data_sources/$ds->{id}", undef, %two);
    ok(!exists $schema->{properties}{Customer}, 'a relation to what is not shared is left out of the schema');
    is_deeply(value($api->ok(GET => "pages/$page->{id}", undef, %two), 'Customer'), [], 'and reads empty');
    $sim->sim(POST => 'settings', { unshared_relation => 'missing' });
    ok(!exists $api->ok(GET => "pages/$page->{id}", undef, %two)->{properties}{Customer}, 'or is not there');
    is($api->ok(GET => "users/$ada")->{person}{email}, 'ada@example.org', 'e-mail addresses with the right to them');
    $sim->sim(POST => 'token', { token => 'ntn_two', capabilities => ['users'] });
    ok(!exists $api->ok(GET => "users/$ada", undef, %two)->{person}{email}, 'not without');
    $sim->sim(POST => 'token', { token => 'ntn_pat', type => 'person' });
    is($api->ok(GET => 'users/me', undef, token => 'ntn_pat')->{type}, 'person', 'a personal token is a person');
    like($api->error(GET => 'users', undef, token => 'ntn_pat'), qr/\A403/, 'who may not list users');
    $sim->sim(POST => 'user', { name => 'Guest', guest => JSON::PP::true });
    ok(!(grep { $_->{name} eq 'Guest' } @{ $api->ok(GET => 'users')->{results} }), 'guests are not listed');
    $sim->sim(POST => 'token', { token => 'ntn_two', revoked => JSON::PP::true });
    like($api->error(GET => 'users/me', undef, %two), qr/\A401/, 'a revoked token');
};

subtest 'a person changes the schema' => sub {
    my $schema = sub { return $api->ok(GET => "data_sources/$ds->{id}")->{properties} };
    my $patch = sub { return $sim->sim(PATCH => "data_source/$ds->{id}", { properties => {@_} }) };
    update($page, Kind => { select => { name => 'A' } }, Amount => { number => 12.5 });
    my $time = truth($page)->{last_edited_ms};
    $patch->(Kind => { rename => 'Class', rename_option => { A => 'Alpha' } });
    is($schema->()->{Class}{id}, $ds->{properties}{Kind}, 'a renamed property keeps its id');
    is(value($api->ok(GET => "pages/$page->{id}"), 'Class')->{name}, 'Alpha', 'a renamed option shows at once');
    is(refused($page, Kind => { select => undef }), '400 validation_error Kind is not a property that exists.', 'the old name is unknown');
    $patch->(Class => { remove_option => 'Alpha', add_option => 'Gamma' });
    is(value($api->ok(GET => "pages/$page->{id}"), 'Class'), undef, 'a removed option leaves null');
    $patch->(Amount => { retype => 'rich_text' });
    is(value($api->ok(GET => "pages/$page->{id}"), 'Amount')->[0]{plain_text}, '12.5', 'another type takes the value along');
    is($schema->()->{Amount}{id}, $ds->{properties}{Amount}, 'and the id');
    $patch->(Amount => { retype => 'number', keep_id => JSON::PP::false });
    isnt($schema->()->{Amount}{id}, $ds->{properties}{Amount}, 'or not');
    is(value($api->ok(GET => "pages/$page->{id}"), 'Amount'), 12.5, 'and back');
    $patch->(Phone => undef, Born => { type => 'date' });
    ok(!exists $schema->()->{Phone} && exists $schema->()->{Born}, 'removed and added');
    $patch->(Total => { value => 'text now' });
    is_deeply(value($api->ok(GET => "pages/$page->{id}"), 'Total'), { type => 'string', string => 'text now' }, 'a formula gives something else');
    is(truth($page)->{last_edited_ms}, $time, 'all this leaves no trace on the page');
};

subtest 'persons' => sub {
    my $id = $sim->sim(POST => 'page', { data_source => $ds->{id}, by => $ben, created_ago_ms => 3_600_000,
        properties => { Name => 'By Ben', Amount => 5, Stage => 'Won', Tags => [qw(new red)], Due => { start => '2026-01-01', end => '2026-01-02' },
            Paid => JSON::PP::true, Owner => [$ada], Site => 'https://e.org', Notes => 'x' x 5000, Total => 'mine' } })->{id};
    my $p = $api->ok(GET => "pages/$id");
    is($p->{created_by}{id}, $ben, 'made by a person');
    is_deeply([map { length $_->{plain_text} } @{ value($p, 'Notes') }], [2000, 2000, 1000], 'long text is read in pieces');
    is_deeply(value($p, 'Total'), { type => 'string', string => 'mine' }, 'a formula value of its own');
    my $t = truth($p);
    is_deeply([@{ $t->{properties} }{qw(Name Amount Stage Tags Due Site)}],
        ['By Ben', 5, 'Won', [qw(new red)], { start => '2026-01-01', end => '2026-01-02', time_zone => undef }, 'https://e.org'], 'the truth in simple values');
    my $now = $sim->sim(GET => 'time')->{now_ms};
    ok(abs($now - 3_600_000 - $t->{created_ms}) < 60_000, 'made an hour ago');
    $sim->sim(PATCH => "page/$id", { properties => { Amount => 6 }, by => $ada });
    is(truth($p)->{last_edited_by}, $ada, 'edited by another');
    $sim->sim(PATCH => "page/$id", { in_trash => JSON::PP::true });
    $sim->sim(PATCH => "page/$id", { properties => { Amount => 7 } });
    is(truth($p)->{properties}{Amount}, 7, 'persons edit trashed pages');
    $sim->sim(PATCH => "page/$id", { purge => JSON::PP::true });
    like($api->error(GET => "pages/$id"), qr/\A404/, 'purged');
    is($sim->request(GET => "/_control/page/$id")->{status}, 404, 'in truth too');
    my $made = $sim->sim(POST => 'pages', { data_source => $ds->{id}, count => 20, first => 5, per_minute => 10, properties => { Name => 'S {n}', Amount => '{n}' } });
    is(truth({ id => $made->{first_id} })->{properties}{Name}, 'S 5', 'a series');
    is(truth({ id => $made->{last_id} })->{properties}{Amount}, 24, 'to its end');
    my $all = $sim->sim(GET => "pages?data_source=$ds->{id}&offset=1&limit=2");
    is(scalar @{ $all->{pages} }, 2, 'the truth about many, in parts');
    like($sim->request(PATCH => "/_control/page/$page->{id}", json => { propertys => {} })->{body}, qr/unknown key: propertys/, 'the control interface refuses what it does not know');
    $sim->sim(PATCH => "page/$made->{last_id}", { move_to => $customers->{id} });
    $p = $api->ok(GET => "pages/$made->{last_id}");
    is($p->{parent}{data_source_id}, $customers->{id}, 'moved to another data source');
    is(value($p, 'Name')->[0]{plain_text}, 'S 24', 'with its title');
};

subtest 'what is not certain' => sub {
    my $other = create(Name => { title => text('O') });
    my $page = create(Name => { title => text('U') }, Stage => { status => { name => 'Won' } }, Tags => { multi_select => [{ name => 'red' }] }, Owner => { people => [{ id => $ada }] });
    my %mail = (Mail => { email => 'e' x 140 . '@e.org' });
    ok(update($page, %mail), 'an address of 145 characters');
    $sim->sim(POST => 'settings', { short_max => 100, null_status => 'unset', unknown_status => 'made', array_writes => 'add' });
    like(refused($page, %mail), qr/length should be ≤ `100`/, 'short_max');
    is(value(update($page, Stage => { status => undef }), 'Stage'), undef, 'null_status unset');
    is(value(update($page, Stage => { status => { name => 'Brand new' } }), 'Stage')->{name}, 'Brand new', 'unknown_status made');
    my $more = update($page, Tags => { multi_select => [{ name => 'blue' }, { name => 'red' }] }, Owner => { people => [{ id => $ben }] });
    is_deeply([[map { $_->{name} } @{ value($more, 'Tags') }], [map { $_->{id} } @{ value($more, 'Owner') }]], [[qw(blue red)], [$ben, $ada]], 'array_writes add');
    is(@{ value(update($page, Tags => { multi_select => [] }), 'Tags') }, 2, 'takes nothing out');
    $sim->sim(POST => 'settings', { null_status => 'refused', array_writes => 'replace', unknown_status => 'refused', request_max => 300 });
    like(refused($page, Stage => { status => undef }), qr/status should be defined, instead was `null`/, 'null_status refused');
    my $large = { properties => { Notes => { rich_text => text('x' x 300) } } };
    is(($api->call(PATCH => "pages/$page->{id}", $large))[0], 400, 'request_max');
    $sim->sim(POST => 'settings', { request_status => 413 });
    my ($status, undef, $answer) = $api->call(PATCH => "pages/$page->{id}", $large);
    is_deeply([$status, $answer->{headers}{'x-notion-request-id'}], [413, undef], 'request_status 413: from the edge');
    $sim->sim(POST => 'settings', { request_max => 512000, mirror_stamps => JSON::PP::false(), trash_readable => JSON::PP::false() });
    my $customer = $api->ok(POST => 'pages', { parent => { data_source_id => $customers->{id} }, properties => { Name => { title => text('C') } } })->{id};
    my $edits = sub { return $sim->sim(GET => "page/$customer")->{last_edited_ms} };
    $sim->sim(PATCH => "page/$customer", { last_edited_time => 1_700_000_000_000, properties => {} });
    update($page, Customer => { relation => [{ id => $customer }] });
    is($edits->(), 1_700_000_000_000, 'a back-relation is no edit');
    $sim->sim(POST => 'settings', { mirror_stamps => JSON::PP::true() });
    update($page, Customer => { relation => [] });
    cmp_ok($edits->(), '>', 1_700_000_000_000, 'mirror_stamps: or is one');
    $api->ok(PATCH => "pages/$other->{id}", { in_trash => JSON::PP::true() });
    like($api->error(GET => "pages/$other->{id}"), qr/\A404 object_not_found/, 'trash_readable');
    $sim->sim(POST => 'settings', { trash_readable => JSON::PP::true() });
    ok($api->ok(GET => "pages/$other->{id}")->{in_trash}, 'it is there');
    is($api->error(POST => "pages", { parent => { data_source_id => $ds->{id} }, properties => {}, template => { type => 'default' } }) =~ /template should be not present/, 1, 'a template is refused, not forgotten');
};

subtest 'random worlds are repeatable' => sub {
    my @ids = map { $sim->sim(POST => 'reset', { seed => 42 }); $sim->sim(POST => 'data_source', { name => 'X', properties => { A => { type => 'date' } } }) } 1, 2;
    is_deeply($ids[0], $ids[1], 'the same seed makes the same ids');
    is($sim->request(POST => '/_control/reset', json => { sead => 1 })->{status}, 400, 'an unknown setting is refused');
    is_deeply($sim->sim(GET => 'counts')->{total}, 0, 'a reset empties the counters');
};

finish();

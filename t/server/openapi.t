# F2: what the simulator answers and sends, and what it accepts, is what Notion's OpenAPI document describes, for every type of
# property, every type of event and every error; t/node/openapi.mjs lists what that document is known to get wrong.
# The document is t/node/notion-api.json, an extract, or the whole one that NTS_NOTION_OPENAPI names.
use strict;
use warnings;
use MIME::Base64 ();
use NotionSync::OpenAPI;
use NotionSync::Sim;
use NotionSync::Test;

{ my $lacks = NotionSync::OpenAPI::lacks(); lacking($lacks) if defined $lacks }

my $sim   = start_sim();
my $api   = NotionSync::Sim->new($sim);
my $hooks = NotionSync::Sim::Receiver->new(dir => temp_dir());
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $world = $sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 0, delay_ms => 0, aggregate_ms => 0 });
note("seed $world->{settings}{seed}");
$sim->sim(POST => 'webhook', { url => $hooks->url, token => 'secret_x', active => $true });
my ($ada) = map { $_->{id} } grep { $_->{name} eq 'Ada' } @{ $world->{users} };
my $ds = $sim->sim(POST => 'data_source', { name => 'All', properties => {
    Name => { type => 'title', description => 'its name' }, Notes => { type => 'rich_text' }, Amount => { type => 'number', format => 'euro' },
    Stage => { type => 'status' }, Kind => { type => 'select', options => [qw(A B)] }, Tags => { type => 'multi_select' }, Due => { type => 'date' },
    Paid => { type => 'checkbox' }, Site => { type => 'url' }, Mail => { type => 'email' }, Phone => { type => 'phone_number' }, Owner => { type => 'people' },
    Files => { type => 'files' }, Self => { type => 'relation', dual => 'Back' }, One => { type => 'relation' },
    (map { ("F$_->[0]" => { type => 'formula', expression => '1', value => $_->[1] }, "R$_->[0]" => { type => 'rollup', function => 'sum', value => $_->[2] // $_->[1] }) }
        [1 => 5], [2 => { type => 'date', date => { start => '2026-01-01', end => undef, time_zone => undef } }], [3 => 'text', { type => 'array', array => [] }], [4 => undef]),
    Made => { type => 'created_time' }, Maker => { type => 'created_by' }, Edited => { type => 'last_edited_time' }, Editor => { type => 'last_edited_by' },
    No => { type => 'unique_id', prefix => 'N' }, Push => { type => 'button' }, Checked => { type => 'verification' }, Where => { type => 'place' }, Odd => { type => 'unsupported' },
} });
my %id = %{ $ds->{properties} };
my $group = $sim->sim(POST => 'user', { name => 'Team', type => 'group' })->{id};
my $new = { parent => { data_source_id => $ds->{id} }, properties => { Name => { title => [{ text => { content => 'X' } }] } } };
my $page = $api->ok(POST => 'pages', $new)->{id};
$api->ok(PATCH => "pages/$page", { properties => {
    Notes => { rich_text => [{ text => { content => 'a', link => { url => 'https://e.org' } }, annotations => { bold => $true, color => 'red_background' } },
        { mention => { user => { id => $ada } } }, { mention => { page => { id => $page } } }, { mention => { date => { start => '2026-01-01T10:00:00Z', end => '2026-01-01T11:00:00Z' } } },
        { mention => { database => { id => $ds->{database_id} } } }, { equation => { expression => 'x' } }] },
    Amount => { number => 1.5 }, Stage => { status => { name => 'Done' } }, Kind => { select => { name => 'C' } }, Tags => { multi_select => [{ name => 'x' }] },
    Due => { date => { start => '2026-01-01' } }, Paid => { checkbox => $true }, Site => { url => 'https://e.org' }, Mail => { email => 'a@e.org' }, Phone => { phone_number => '1' },
    Owner => { people => [{ object => 'user', id => $ada }] }, Files => { files => [{ name => 'f', external => { url => 'https://e.org/f' } }] },
    Self => { relation => [{ id => $page }] }, Checked => { verification => { state => 'verified', date => { start => '2026-01-01' } } }, Where => { place => { lat => 1, lon => 2 } },
} });
$sim->sim(PATCH => "page/$page", { properties => { Files => [{ name => 'h', hosted => $true }], Owner => [$ada, $group, '11111111-1111-4111-8111-111111111111'] } });
$api->ok(GET => "pages/$page");
$api->ok(GET => "pages/$page/properties/$id{$_}") for grep { $_ ne 'Odd' } sort keys %id;     # of that type no item is known
$sim->sim(PATCH => "page/$page", { body => "a\n![f](notion-file:f.png)\n<unknown url=\"https://www.notion.so/x\" alt=\"bookmark\"/>", body_cut => $true });
$api->ok(GET => "pages/$page/markdown");
$api->ok(PATCH => "pages/$page/markdown", $_) for { type => 'update_content', update_content => { content_updates => [{ old_str => 'a', new_str => 'b', replace_all_matches => $true }] } },
    { type => 'replace_content', replace_content => { new_str => 'whole', allow_deleting_content => $false } };
$api->ok(GET => "data_sources/$ds->{id}");
$api->ok(GET => "databases/$ds->{database_id}");
my @rich = (rich_text => [{ text => { content => "b\nc" } }]);
$api->ok(PATCH => "blocks/$page/children", { children => [(map { { $_ => {@rich} } } qw(paragraph bulleted_list_item numbered_list_item to_do quote heading_1 heading_2 heading_3 heading_4)),
    { code => { @rich, language => 'c' } }, { divider => {} }, { bookmark => { url => 'https://e.org' } }, { paragraph => { @rich, children => [{ quote => {@rich} }] } }] });
$sim->sim(PATCH => "page/$page", { body => $sim->sim(GET => "page/$page")->{body} . "\n<page url=\"https://www.notion.so/x\">Child</page>\n<database url=\"https://www.notion.so/y\">Data</database>\n![x](https://e.org/x.png)" });
my $list = $api->ok(GET => "blocks/$page/children?page_size=5");
$api->ok(GET => "blocks/$page/children?start_cursor=$list->{next_cursor}");
$api->ok(PATCH => "blocks/$page/children", { children => [{ divider => {} }], position => $_ }) for { type => 'start' }, { type => 'after_block', after_block => { id => $list->{results}[0]{id} } };
$api->ok(GET => 'users/me');
$api->ok(GET => "users/$_->{id}") for grep { $_->{type} ne 'group' } @{ $world->{users} };
$api->ok(GET => 'users');
$api->ok(POST => 'search', { query => 'X', sort => { timestamp => 'last_edited_time', direction => 'ascending' } });
$sim->sim(POST => 'pages', { data_source => $ds->{id}, count => 30, per_minute => 10, properties => { Name => 'P {n}' } });
$api->ok(POST => "data_sources/$ds->{id}/query", $_)
    for {}, { page_size => 5, sorts => [{ property => 'Name', direction => 'ascending' }, { timestamp => 'created_time', direction => 'descending' }] }, { is_archived => $true },
    { filter => { and => [{ property => 'Paid', checkbox => { equals => $true } }, { or => [{ property => 'Kind', select => { equals => 'C' } }, { property => 'Due', date => { is_empty => $true } }] },
        { timestamp => 'created_time', created_time => { on_or_after => '2020-01-01' } }] } };
$api->ok(PATCH => "data_sources/$ds->{id}", { properties => { Kind => { name => 'Class' }, Phone => undef, Extra => { type => 'number', number => { format => 'percent' } } } });

# what the document lacks, and what it says otherwise
$api->ok(POST => "data_sources/$ds->{id}/query", { page_size => 1, start_cursor => $api->ok(POST => "data_sources/$ds->{id}/query", { page_size => 1 })->{next_cursor} });
$api->ok(PATCH => "pages/$page?filter_properties=title", { properties => { Mail => { email => 'e' x 140 . '@e.org' } } });
$api->ok(GET => "pages/$page", undef, version => '2025-09-03');
$sim->sim(POST => 'settings', { novelties => $true });
$api->ok(GET => $_) for "pages/$page", "data_sources/$ds->{id}";
$sim->sim(POST => 'settings', { novelties => $false });

# every type of event
for my $change ({ content => $true }, { locked => $true }, { locked => $false }, { properties => { Amount => 2 } }, { in_trash => $true }, { in_trash => $false }) {
    $sim->sim(PATCH => "page/$page", $change);
    wait_for { $sim->sim(GET => 'idle')->{idle} } 20, 'delivered';
}
my $other = $sim->sim(POST => 'data_source', { name => 'Other' })->{id};
$sim->sim(PATCH => "page/$page", { move_to => $other });
for my $flag ($true, $false) {
    $sim->sim(PATCH => "data_source/$ds->{id}", { in_trash => $flag });
    wait_for { $sim->sim(GET => 'idle')->{idle} } 20, 'delivered';
}

# every error
$api->call(@$_) for [GET => 'pages/x'], [GET => 'pages/00000000-0000-4000-8000-000000000000'], [POST => 'pages', {}], [GET => 'users/me', undef, token => 'x'],
    [GET => 'users/me', undef, version => undef], [PATCH => "pages/$page", { properties => { Nope => { number => 1 } } }], [POST => "data_sources/$ds->{id}/query", { page_size => 1000 }];
$sim->sim(POST => 'fault', { action => { status => 503, code => 'database_connection_unavailable' } });
$api->call(GET => 'users/me');
$sim->sim(POST => 'oauth', { client_id => 'app', client_secret => 's', redirect_uris => ['https://example.org/'] });
$sim->request(POST => '/v1/oauth/token', headers => { authorization => 'Basic ' . MIME::Base64::encode_base64('app:s', ''), 'notion-version' => '2026-03-11' },
    json => { grant_type => 'authorization_code', code => 'x' });
for my $status (400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504, 529) {
    $sim->sim(POST => 'fault', { action => { status => $status } });
    $api->call(GET => 'users/me');
}
$sim->sim(POST => 'fault', { action => { status => 503, commit => $true } });
$api->call(POST => 'pages', $new);
$hooks->stop;

my @kinds  = NotionSync::OpenAPI::check_record($sim->record, exceptions => 1);
my @events = map { /\Awebhook (\S+)/ ? $1 : () } @kinds;
is(scalar @events, 12, "twelve types of events: @events");
cmp_ok(scalar @kinds, '>', 45, 'and every kind of exchange');
finish();

# F2: what the unit tests of the Notion connector and the simulated histories see the module ask, and what the simulator answers there, is what
# Notion's OpenAPI document describes; of server tests each looks at its own (finish).
use strict;
use warnings;
use NotionSync::OpenAPI;
use NotionSync::Test;

{ my $lacks = NotionSync::OpenAPI::lacks(); lacking($lacks) if defined $lacks }
my $build = build_info('builddir');
my $dir   = temp_dir();

# What is wrong is found: each of these says one thing that the document does not know.
my $page  = '/v1/pages/00000000-0000-4000-8000-000000000001';
my %asked = (kind => 'api', agent => 'mod_notionsync/1', method => 'GET', path => '/v1/users/me', query => '', version => '2026-03-11', json => JSON::PP::false(),
    status => 0, type => 'application/json', spoilt => undef, request => undef, response => undef);
my %written = (%asked, method => 'PATCH', path => $page, json => JSON::PP::true(), status => 400, request => { properties => {} },
    response => { object => 'error', status => 400, code => 'validation_error', message => 'x', request_id => 'r' });
my %user  = (object => 'user', id => '00000000-0000-4000-8000-000000000002', name => 'A', avatar_url => undef, type => 'person', person => {}, request_id => 'r');
my %event = (id => $user{id}, timestamp => '2026-01-01T00:00:00.000Z', workspace_id => $user{id}, workspace_name => 'A', subscription_id => $user{id}, integration_id => $user{id},
    authors => [], attempt_number => 1, api_version => '2026-03-11', type => 'page.created', entity => { id => $user{id}, type => 'page' },
    data => { parent => { id => $user{id}, type => 'space' } });
my %clean = (%asked, status => 200, response => \%user);
for my $case (['nothing', [\%clean, { kind => 'webhook', body => \%event }], 0], ['another address', [{ %asked, path => '/v1/nothing' }], 1],
    ['a parameter', [{ %asked, query => 'a=1' }], 1], ['another version', [{ %asked, version => '2030-01-01' }], 1],
    ['a body', [{ %asked, request => {} }], 1], ['no body', [{ %written, method => 'POST', path => '/v1/pages', request => undef }], 1],
    ['a body that is not called JSON', [{ %written, json => JSON::PP::false() }], 1],
    ['a key in a body, though it was refused', [{ %written, request => { properties => {}, more => 1 } }], 1],
    ['a date that is none', [{ %written, request => { properties => { D => { date => { start => 'tomorrow' } } } } }], 1],
    ['a key in a body of somebody else, who was refused', [{ %written, agent => 'x', request => { more => 1 } }], 0],
    ['a key in an answer', [{ %clean, response => { %user, more => 1 } }], 1], ['an id that is none', [{ %clean, response => { %user, id => '1' } }], 1],
    ['an answer without request_id', [{ %clean, response => { map { $_ => $user{$_} } grep { $_ ne 'request_id' } keys %user } }], 1],
    ['an answer that is not JSON', [{ %clean, response => 'x' }], 1], ['... on purpose', [{ %clean, response => 'x', spoilt => 'truncated' }], 0],
    ['another status', [{ %clean, status => 418, response => { object => 'error', status => 418, code => 'x', message => 'x', request_id => 'r' } }], 1],
    ['a key in a webhook', [{ kind => 'webhook', body => { %event, more => 1 } }], 1], ['another type of event', [{ kind => 'webhook', body => { %event, type => 'page.eaten' } }], 1]) {
    my ($what, $lines, $bad) = @$case;
    write_file("$dir/case", join '', map { encode($_) . "\n" } @$lines);
    my $found = NotionSync::OpenAPI::judge(NotionSync::OpenAPI::kept(), NotionSync::OpenAPI::document(), "$dir/case");
    ok($found->{whole} && @{ $found->{kinds} } > 0 && $bad == grep({ !$_->[1] } @{ $found->{kinds} }), "$what: $bad wrong")
        or diag join "\n", @{ $found->{notes} }, map { join ' ', @$_ } @{ $found->{kinds} };
}

my @units = grep { -x } map { s{.*/(\w+)\.c\z}{$build/t/unit/$1}r } grep { read_file($_) =~ m{^#include "unit/ut_notion\.h"}m } glob build_info('srcdir') . '/t/unit/ut_*.c';
cmp_ok(scalar @units, '>', 7, 'there are unit tests of the connector');
{
    local $ENV{NOTIONSIM_RECORD} = "$dir/units";
    for my $unit (@units) {
        my ($exit, $out) = run_command($unit);
        is($exit, 0, $unit =~ s{.*/}{}r) or diag $out;
    }
}
my @kinds = NotionSync::OpenAPI::check_record("$dir/units");
cmp_ok(scalar(grep { /request/ } @kinds), '>', 7, 'requests of many kinds');

{
    local $ENV{NOTIONSIM_RECORD} = "$dir/histories";
    my ($exit, $out) = run_command("$build/t/simulation/simulation", '--seeds', $ENV{NTS_SEEDS} // '1..24', '--jobs', 1);
    like($out, qr/^simulation: \d+ seeds, 0 violations/m, 'histories') or diag $out;
}
@kinds = NotionSync::OpenAPI::check_record("$dir/histories");
cmp_ok(scalar(grep { /request/ } @kinds),  '>', 5,  'of requests');
cmp_ok(scalar(grep { /webhook/ } @kinds),  '>', 5,  'of webhooks');
cmp_ok(scalar(grep { /: \d+ / } @kinds),   '>', 10, 'and of answers');
finish();

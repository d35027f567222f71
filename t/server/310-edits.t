# Edits of one side arrive at the other: at once by hook and by trigger, for each type of property, and at the price that
# they must have (P4): Notion to the table one request, the table to Notion two, a new row one, our own echo none, an
# unmapped property none. Also with httpd's other process models, and through a subscription made by the real handshake.
use strict;
use warnings;
use NotionSync::Sync;
use IO::Select;
use Time::HiRes qw(time);

my $sync = start_sync(before => sub { $_[0]->add_pages(map { { name => "Record $_", score => $_ } } 1 .. 9) });
$sync->wait_equal;
$sync->wait_quiet;

# What was asked since a mark, as "class class ...", once nothing is left to do.
sub asked {
    my ($mark, $what) = @_;
    $sync->wait_quiet(what => "quiet after $what");
    return join ' ', map { $_->{class} } $sync->requests_since($mark);
}

# --- prices

my $mark = $sync->mark;
$sync->edit_page('Record 1', notes => 'from Notion');
$sync->wait_row('Record 1', notes => 'from Notion');
is(asked($mark, 'an edit in Notion'), 'page_read', 'an edit in Notion costs one request');

$mark = $sync->mark;
$sync->edit_row('Record 2', notes => 'from the table');
$sync->wait_page('Record 2', notes => 'from the table');
is(asked($mark, 'an edit in the table'), 'page_read page_update', 'an edit in the table costs two, its echo none');

$mark = $sync->mark;
my $key = $sync->add_row(name => 'New row', kind => 'company');
$sync->wait_page('New row', kind => 'company');
$sync->wait_equal(what => 'equal, with the number that Notion gave');
is(asked($mark, 'a new row'), 'page_create', 'a new row costs one request, its echo none');

$mark = $sync->mark;
$sync->add_page(name => 'New page', kind => 'person');
$sync->wait_row('New page', kind => 'person');
is(asked($mark, 'a new page'), 'page_read', 'a new page costs one request');

$mark = $sync->mark;
$sync->edit_page('Record 3', extra => 'of no concern');
is(asked($mark, 'an unmapped property'), '', 'an edit of an unmapped property costs none');
$sync->edit_row('Record 3', extra => 'of no concern');
is(asked($mark, 'an unmapped column'), '', 'nor does one of an unmapped column');

$mark = $sync->mark;
my $first = $sync->fault(GET => '^/v1/pages/' . $sync->page_id('Record 4'), { delay_ms => 10_000 });
$sync->edit_page('Record 4', notes => 'half-typed 1');
wait_for { $sync->fault_hits($first) } 20, 'the first edit is being read';
$sync->edit_page('Record 4', notes => "half-typed $_") for 2 .. 5;      # while it is
$sync->wait_row('Record 4', notes => 'half-typed 5');
my @reads = split ' ', asked($mark, 'a burst');
cmp_ok(scalar @reads, '<=', 3, 'a burst of edits to one record costs few requests');

# --- each type, both ways, there and back to nothing

my %there = (
    name => 'Record 5', notes => 'n', score => -0.125, kind => 'company', tags => [qw(paid vip)], stage => 'Lost', due => '2026-12-31',
    vip => 1, site => 'https://example.org', email => 'a@example.org', phone => '1',
);
my %nothing = map { $_ => undef } keys %there;
@nothing{qw(name tags vip)} = ('Record 5', [], 0);
delete $nothing{stage};       # Notion gives a page without status its default
for my $case ([\%there, 'set'], [\%nothing, 'cleared']) {
    my ($edit, $word) = @$case;
    $sync->edit_page('Record 5', %$edit);
    $sync->wait_row('Record 5', %$edit, what => "all properties are $word from Notion");
    $sync->wait_quiet;
    $sync->edit_row('Record 6', %$edit, name => 'Record 6');
    $sync->wait_page('Record 6', %$edit, name => 'Record 6', what => "all properties are $word from the table");
    $sync->wait_quiet;
}
$sync->edit_row('Record 7', kind => 'an option that is new', tags => ['also new', 'vip']);
$sync->wait_page('Record 7', kind => 'an option that is new', tags => ['also new', 'vip'], what => 'options are created in Notion');
$sync->edit_page('Record 8', name => 'Renamed');
$sync->wait_row('Renamed', score => 8, what => 'a title change arrives, however Notion reports it');
my $long = join '', map { chr(97 + $_ % 26) } 1 .. 9000;
$sync->edit_row('Record 9', notes => $long);
$sync->wait_page('Record 9', notes => $long, what => 'a text longer than one piece of rich text');
$sync->wait_equal(what => 'equal in the end');
$sync->wait_quiet;
$sync->verify_ok;

# --- the same record back and forth, one second after a sync and less

my $start = time;
for my $n (1 .. 5) {
    $sync->edit_page('Record 1', score => 100 + $n);
    $sync->wait_row('Record 1', score => 100 + $n, what => "there $n");
    $sync->edit_row('Record 1', score => 200 + $n);
    $sync->wait_page('Record 1', score => 200 + $n, what => "and back $n");
}
cmp_ok(time - $start, '<', 30 * patience(), 'no edit is taken for an echo and left to reconciliation');

# --- one transaction of many rows

$sync->sql('UPDATE contacts SET notes = name');
wait_ok { !grep { ($_->{notes} // '') ne $_->{name} } $sync->pages } 30, 'a statement over all rows arrives';
$sync->wait_equal;
$sync->wait_quiet;
$sync->verify_ok;
$sync->secrets_ok($sync->httpd->get('/notionsync')->{body});

# --- other process models, and the real handshake

for my $mpm (qw(worker prefork)) {
    my $other = start_sync(mpm => $mpm, hook => 'handshake', mapping => 'NotionSyncReconcile off full=off');
    $other->add_row(name => 'Ada');
    $other->wait_page('Ada', what => "$mpm: a row arrives in Notion");

    open my $tool, '-|', $other->ctl_command('hook', 'work') or die "fork: $!";
    my $read = '';
    my $lines = sub {
        my ($match) = @_;
        wait_for {
            sysread $tool, $read, 4096, length $read if IO::Select->new($tool)->can_read(0);
            return $read =~ $match;
        } 20, "notionsyncctl hook says $match:\n$read";
    };
    $lines->(qr{/hook/work});
    my $hook = $other->sim->sim(POST => 'webhook', { url => $other->hook_url, send_handshake => JSON::PP::true });
    is($hook->{handshake}{status}, 200, "$mpm: the handshake is taken");
    $lines->(qr/secret_\w+/);
    my ($token) = $read =~ /(secret_\w+)/;
    is($token, $hook->{token}, "$mpm: and its token shown");
    push @{ $other->{secrets} }, $token;
    $other->sim->sim(POST => 'webhook/verify', { token => $token });
    $other->edit_page('Ada', notes => 'first event');
    $lines->(qr/the subscription works/);
    close $tool;
    is($?, 0, "$mpm: notionsyncctl hook succeeds");
    $other->wait_row('Ada', notes => 'first event', what => "$mpm: an edit arrives by hook");
    $other->edit_row('Ada', score => 3);
    $other->wait_page('Ada', score => 3, what => "$mpm: and one by trigger");
    $other->wait_equal;
    $other->wait_quiet;
    $other->verify_ok(what => "$mpm: equal");
    $other->secrets_ok;
}

finish();

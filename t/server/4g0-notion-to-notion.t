# A mapping whose external side is a data source of another workspace: two simulators, and between them the same engine. Neither side
# compares what it is given, keeps intents or images; ids of pages, properties and choices differ, names of properties too. Takes minutes.
use strict;
use warnings;
use NotionSync::Sync;

# field, property here and there, its schema
my @fields = (
    ['name',  'Name',  'Title',    { type => 'title' }],
    ['notes', 'Notes', 'Text',     { type => 'rich_text' }],
    ['score', 'Score', 'Points',   { type => 'number' }],
    ['kind',  'Kind',  'Type',     { type => 'select',       options => [qw(person company)] }],
    ['tags',  'Tags',  'Labels',   { type => 'multi_select', options => [qw(vip old new)] }],
    ['due',   'Due',   'Deadline', { type => 'date' }],
    ['vip',   'Vip',   'Urgent',   { type => 'checkbox' }],
);
my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my %limits = (rate_limit => 0, stale_ms => 300, delay_ms => 20, aggregate_ms => 50, webhook_retry_ms => 200);

my $away = start_sim();
$away->sim(POST => 'reset', \%limits);
my $there = $away->sim(POST => 'data_source',
    { name => 'Kontakte', properties => { (map { $_->[2] => $_->[3] } @fields), Other => { type => 'rich_text' } } })->{id};
my ($desk, $shelf) = map { $away->sim(POST => 'data_source', { name => $_, properties => { Name => { type => 'title' }, Notes => { type => 'rich_text' } } })->{id} } qw(Desk Shelf);
my $sync = new_sync(define => { AWAY => $away->url, THERE => $there, DESK => $desk, SHELF => $shelf });
my @side = ({ sim => $sync->sim, source => $sync->source, at => 1 }, { sim => $away, source => $there, at => 2 });

# --- people of either workspace

sub properties_on {
    my ($side, %record) = @_;
    return { map { my $f = $_; map { $f->[ $side[$side]{at} ] => $_ } $record{ $f->[0] } } grep { exists $record{ $_->[0] } } @fields };
}
sub add_to    { my ($side, %record) = @_; return $side[$side]{sim}->sim(POST => 'page', { data_source => $side[$side]{source}, properties => properties_on($side, %record) })->{id} }
sub edit_on   { my ($side, $id, %edit) = @_; return $side[$side]{sim}->sim(PATCH => "page/$id", { properties => properties_on($side, %edit) }) }
sub trash_on  { my ($side, $id, $in) = @_; return $side[$side]{sim}->sim(PATCH => "page/$id", { in_trash => $in ? $true : $false }) }
sub pages_on {
    my ($side) = @_;
    my @pages = @{ $side[$side]{sim}->sim(GET => "pages?data_source=$side[$side]{source}&limit=1000")->{pages} };
    return map {
        my $page = $_;
        +{ id => $page->{id}, trashed => $page->{in_trash} ? 1 : 0,
            map { $_->[0] => NotionSync::Sync::canonical($_->[0], $page->{properties}{ $_->[ $side[$side]{at} ] }) } @fields };
    } @pages;
}
sub live_on { my ($side) = @_; return grep { !$_->{trashed} } pages_on($side) }
sub find_on { my ($side, $name) = @_; my @found = grep { ($_->{name} // '') eq $name } live_on($side); return @found == 1 ? $found[0] : undef }

sub line { my ($page) = @_; return encode([map { $page->{ $_->[0] } } @fields]) }
sub differences {
    my %count;
    $count{ line($_) }++ for live_on(0);
    $count{ line($_) }-- for live_on(1);
    return map { "$count{$_} $_" } grep { $count{$_} } sort keys %count;
}
sub wait_equal {
    my ($what, $seconds) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @left;
    my $good = wait_ok { @left = differences(); !@left } $seconds // 30, $what;
    diag("differs: $_") for @left;
    $sync->explain_trouble unless $good;
    return $good;
}
sub wait_quiet {
    return wait_for { $_->{sim}->sim(GET => 'idle')->{idle} || return 0 for @side; $sync->is_quiet } 60, 'nothing is left to do';
}
sub audit_of { my ($name) = @_; return $sync->audit($name) }

# --- configuration

$sync->httpd->write_file('conf/token-away', "ntn_sim_token\n", mode => 0600);
$sync->httpd->config(<<'CONF' . join('', map { "  NotionSyncField \"$_->[1]\" <-> \"$_->[2]\"\n" } @fields) . <<'REST');
NotionSyncStateDB sqlite3 "${STATE}/notionsync.db"
NotionSyncSecretKey "file:${ROOT}/conf/key"
<NotionSyncService work notion>
  NotionSyncToken "file:${ROOT}/conf/token"
  NotionSyncEndpoint ${SIM}
  NotionSyncBudget 6000/60s
  NotionSyncHookSecret file:${ROOT}/conf/hook-secret
</NotionSyncService>
<NotionSyncService away notion>
  NotionSyncToken "file:${ROOT}/conf/token-away"
  NotionSyncEndpoint ${AWAY}
  NotionSyncBudget 6000/60s
  NotionSyncHookSecret file:${ROOT}/conf/hook-secret
</NotionSyncService>
<NotionSyncMapping contacts>
  NotionSyncNotion work ${SOURCE}
  NotionSyncExternal away ${THERE}
  NotionSyncDebounce 20ms
  NotionSyncDeletes propagate limit=100%
CONF
</NotionSyncMapping>
<NotionSyncMapping books>
  NotionSyncNotion away ${DESK}
  NotionSyncExternal away ${SHELF}
  NotionSyncField Name <-> Name
  NotionSyncField Notes <-> Notes
  NotionSyncMatch Name Name
  NotionSyncDebounce 20ms
  NotionSyncDeletes propagate limit=100%
</NotionSyncMapping>
<Location "/notionsync">
  NotionSyncServe status
</Location>
<Location "/notionsync/hook">
  NotionSyncServe hook
</Location>
REST

add_to(0, name => "Here $_", score => $_, kind => 'person', tags => ['vip']) for 1 .. 5;
$sync->wait_listed;
$sync->start;
$away->sim(POST => 'webhook', { url => $sync->httpd->url('/notionsync/hook/away'), token => $NotionSync::Sync::HOOK_SECRET, active => $true });
$sync->wait_state('running');
wait_equal('what is here is made there');
is(scalar(() = live_on(1)), 5, 'five pages');
wait_quiet();

# --- edits, both ways, by events

my $new = add_to(1, name => 'From there', notes => 'hello', due => '2026-05-01', vip => $true, kind => 'company', tags => [qw(old new)]);
wait_equal('a page that is made there comes here');
my $one = find_on(0, 'Here 1')->{id};
my $far = find_on(1, 'Here 1')->{id};
edit_on(0, $one, notes => 'edited here', kind => 'company');
wait_ok { (find_on(1, 'Here 1')->{notes} // '') eq 'edited here' } 20, 'an edit here is carried over';
edit_on(1, $far, score => 42, tags => ['old']);
wait_ok { my $p = find_on(0, 'Here 1'); ($p->{score} // 0) == 42 && encode($p->{tags}) eq '["old"]' } 20, 'an edit there comes back';
wait_equal('both are equal');
wait_quiet();
sub writes { return [map { scalar grep { $_->{class} =~ /create|update/ } @{ $_->{sim}->sim(GET => 'log?limit=10000')->{log} } } @side] }
my $before = writes();
$sync->must('reconcile', 'contacts', '--full');
wait_quiet();
is_deeply(writes(), $before, 'and it is quiet: no write comes back as news, and a full run finds nothing to write');

# --- a conflict

edit_on(0, $one, notes => 'says this side');
edit_on(1, $far, notes => 'says the other');
wait_quiet();
wait_equal('a conflict ends with one value');
is(find_on(0, 'Here 1')->{notes}, 'says this side', 'times of whole minutes overlap: tie=notion');
like(encode([audit_of($one)]), qr/says the other/, 'and the other is kept in the audit');

# --- deletes and restores

my $two = find_on(0, 'Here 2')->{id};
my $two_far = find_on(1, 'Here 2')->{id};
trash_on(1, $two_far, 1);
wait_ok { !find_on(0, 'Here 2') } 20, 'trashed there, trashed here';
wait_quiet();
trash_on(1, $two_far, 0);
wait_ok { find_on(0, 'Here 2') } 20, 'restored there, restored here';
is(find_on(0, 'Here 2')->{id}, $two, 'the same page');
wait_quiet();
trash_on(0, $two, 1);
wait_ok { !find_on(1, 'Here 2') } 20, 'trashed here, trashed there';
wait_quiet();
trash_on(0, $two, 0);
wait_ok { find_on(1, 'Here 2') } 20, 'and back';
is(find_on(1, 'Here 2')->{id}, $two_far, 'the same page, too');
wait_equal('both are equal');
wait_quiet();

# --- runs find what nobody told of, and ask little

$_->{sim}->sim(POST => 'settings', { paused => $true }) for @side;
edit_on(0, $one, notes => 'untold here');
edit_on(1, $two_far, notes => 'untold there');
add_to(1, name => 'Untold');
trash_on(1, find_on(1, 'Here 3')->{id}, 1);
wait_for { $_->{sim}->sim(GET => 'idle')->{stale} == 0 || return 0 for @side; 1 } 30, 'queries show what is true';
$sync->must('reconcile', 'contacts', '--full');
wait_equal('a full run finds edits, a new page and a trashed one of either side');
ok(!find_on(0, 'Here 3'), 'the trashed one is gone here');
wait_quiet();
my $verify = $sync->ctl('verify', 'contacts', '--json');
is($verify->{exit}, 0, 'verify: both sides are equal') or diag $verify->{out}, $verify->{err};
$_->{sim}->sim(POST => 'settings', { paused => $false }) for @side;

# --- writes that were not answered

sub fault_on { my ($side, $method, $path, $action) = @_; return $side[$side]{sim}->sim(POST => 'fault', { match => { method => $method, path_regex => $path }, times => 1, action => $action }) }
sub count_of { my ($side, $name) = @_; return scalar(() = grep { ($_->{name} // '') eq $name } live_on($side)) }
for my $side (0, 1) {
    fault_on($side, 'POST', '^/v1/pages$', { status => 503, commit => $true });
    add_to(1 - $side, name => "Unsure $side");
}
wait_equal('creates that were answered with 503 and the id of the page are known');
fault_on($_, 'POST', '^/v1/pages$', { commit_then_cut => $true }) for 0, 1;
add_to(1 - $_, name => "Cut $_") for 0, 1;
wait_ok { count_of($_, "Cut $_") == 1 || return 0 for 0, 1; 1 } 20, 'creates that were cut off have happened';
wait_for { my $s = $sync->status; !$s->{pending} && $sync->is_quiet } 180, 'they are found by what was sent';
wait_equal('and are linked');
is(count_of($_, "Cut $_"), 1, "one page on side $_") for 0, 1;
edit_on(0, find_on(0, "Cut $_")->{id}, notes => "after $_") for 0, 1;
wait_ok { (find_on(1, "Cut $_")->{notes} // '') eq "after $_" || return 0 for 0, 1; 1 } 20, 'and synced as any other';

# --- one service on both sides: a page that people move from one to the other is known there as the same

sub books_on { my ($source) = @_; return sort map { $_->{properties}{Name} . ': ' . ($_->{properties}{Notes} // '') } grep { !$_->{in_trash} } @{ $away->sim(GET => "pages?data_source=$source")->{pages} } }
sub books_equal {
    my ($want, $what) = @_;
    my @is;
    wait_ok { @is = map { join ', ', books_on($_) } $desk, $shelf; $is[0] eq $want && $is[1] eq $want } 30, $what or diag encode(\@is);
    return;
}
$sync->httpd->log_allow(qr/held\.moved|notion\.moved/);
my ($first) = map { $away->sim(POST => 'page', { data_source => $desk, properties => { Name => $_ } })->{id} } qw(Atlas Bible);
books_equal('Atlas: , Bible: ', 'two books on either side');
$away->sim(PATCH => "page/$first", { move_to => $shelf });
wait_ok { my $s = $sync->status('books'); $s->{held} == 1 && $s->{parked} == 1 } 30, 'a page that is moved is held where it is, and its partner waits' or diag encode($sync->status('books'));
is_deeply([books_on($desk), books_on($shelf)], ['Bible: ', 'Atlas: ', 'Atlas: ', 'Bible: '], 'no copy is made, and nothing deleted');
$away->sim(PATCH => "page/$first", { move_to => $desk });
wait_ok { my $s = $sync->status('books'); !$s->{held} && !$s->{parked} } 30, 'moved back it is what it was' or diag encode($sync->status('books'));
$away->sim(PATCH => "page/$first", { properties => { Notes => 'read' } });
books_equal('Atlas: read, Bible: ', 'and synced as before');
$away->sim(PATCH => "page/$first", { move_to => $shelf });
wait_ok { $sync->status('books')->{held} } 30, 'moved once more';
$sync->must('resolve', 'books', $first, 'apart');
wait_ok { encode([[books_on($desk)], [books_on($shelf)]]) eq encode([['Atlas: read', 'Bible: '], ['Atlas: read', 'Atlas: read', 'Bible: ']]) } 30,
    'if a person says so it is a record of its own, with a copy' or diag encode([[books_on($desk)], [books_on($shelf)]]);

# --- the state store is lost: what we made and nobody knows tells so, and nothing is made twice

wait_quiet();
$sync->httpd->stop;
unlink glob $sync->httpd->state . '/notionsync.db*' or die "unlink: $!\n";
my ($bible) = grep { $_->{properties}{Name} eq 'Bible' } @{ $away->sim(GET => "pages?data_source=$desk")->{pages} };
$away->sim(PATCH => "page/$bible->{id}", { properties => { Name => 'Bibel' }, stale_ms => 0 });
wait_for { $_->{sim}->sim(GET => 'idle')->{stale} == 0 || return 0 for @side; 1 } 30, 'queries show what is true';
$before = writes();
$sync->httpd->log_allow(qr/state\.lost|match\.ambiguous/);
$sync->httpd->start;
$sync->wait_state('waiting', mapping => $_, code => qr/^state\.lost\z/, what => "$_ waits for a person") for qw(contacts books);
is_deeply(writes(), $before, 'and nothing was written');
is(scalar(my @on = books_on($desk)), 2, 'a book that was renamed meanwhile is not taken for two');

finish();

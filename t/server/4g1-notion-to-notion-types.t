# Relations, people, files and places between two data sources of two workspaces: each side calls records, people and files otherwise, and
# no id or address of one is ever written to the other as it is.
use strict;
use warnings;
use utf8;
use HTTP::Tiny;
use NotionSync::Sync;

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my %limits = (rate_limit => 0, stale_ms => 300, delay_ms => 20, aggregate_ms => 50, webhook_retry_ms => 200);

# field, property here and there, its type, arrow and options
my %fields = (
    people => [
        ['name',    'Name',    'Titel',   'title',    '<->'],
        ['notes',   'Notes',   'Text',    'rich_text', '<->'],
        ['company', 'Company', 'Firma',   'relation', '<-> relation=companies'],
        ['boss',    'Boss',    'Chef',    'relation', '<-> relation=people'],
        ['reports', 'Reports', 'Team',    'relation', '<-> relation=people'],
        ['owner',   'Owner',   'Wer',     'people',   '<->'],
        ['docs',    'Docs',    'Dateien', 'files',    '<->'],
        ['place',   'Place',   'Ort',     'place',    '->'],
        ['aim',     'Aim',     'Ziel',    'place',    '<-'],
        ['maker',   'Maker',   'Von',     '',         '->'],
    ],
    companies => [
        ['name',  'Name',  'Titel', 'title',    '<->'],
        ['staff', 'Staff', 'Leute', 'relation', '<-> relation=people'],
    ],
);
my $away = start_sim();
my $sync = new_sync(define => { AWAY => $away->url });
my ($httpd, @sims) = ($sync->httpd, $sync->sim, $away);
my @source;
for my $side (0, 1) {
    my $sim = $sims[$side];
    $sim->sim(POST => 'reset', \%limits);
    $sim->sim(POST => 'settings', { files_at => $sim->url('/files') });
    my %name = map { $_->[0] => $_->[1 + $side] } map { @$_ } values %fields;
    $source[$side]{companies} = $sim->sim(POST => 'data_source', { name => 'Companies', properties => { $name{name} => { type => 'title' } } })->{id};
    $source[$side]{people} = $sim->sim(POST => 'data_source', { name => 'People', properties => {
        (map { $name{ $_->[0] } => { type => $_->[3] } } grep { $_->[3] && $_->[3] ne 'relation' } @{ $fields{people} }),
        # two relations here, and the two ends of one there
        $name{boss}    => { type => 'relation', data_source => 'self', $side ? (dual => $name{reports}) : () },
        $side ? () : ($name{reports} => { type => 'relation', data_source => 'self' }),
        $name{company} => { type => 'relation', data_source => $source[$side]{companies}, dual => $name{staff} },
        $name{maker}   => { type => $side ? 'people' : 'created_by' } } })->{id};
}

# --- configuration

my $service = sub { my ($name, $endpoint) = @_; return <<"CONF" };
<NotionSyncService $name notion>
  NotionSyncToken "file:\${ROOT}/conf/token"
  NotionSyncEndpoint \${$endpoint}
  NotionSyncBudget 6000/60s
  NotionSyncHookSecret file:\${ROOT}/conf/hook-secret
</NotionSyncService>
CONF
my $mapping = sub { my ($name, $more) = @_; return <<"CONF" . join('', map { my ($arrow, $options) = split / /, $_->[4], 2; qq{  NotionSyncField "$_->[1]" $arrow "$_->[2]" } . ($options // '') . "\n" } @{ $fields{$name} }) . "</NotionSyncMapping>\n" };
<NotionSyncMapping $name>
  NotionSyncNotion work $source[0]{$name}
  NotionSyncExternal away $source[1]{$name}
  NotionSyncDebounce 20ms
  NotionSyncDeletes propagate limit=100%
  $more
CONF
my $base = 'NotionSyncFileBase http://127.0.0.1:${PORT}/notionsync/file';
$httpd->config(qq{NotionSyncStateDB sqlite3 "\${STATE}/notionsync.db"\nNotionSyncSecretKey "file:\${ROOT}/conf/key"\n}
    . $service->(work => 'SIM') . $service->(away => 'AWAY') . $mapping->(people => $base) . $mapping->(companies => '')
    . qq{<Location "/notionsync">\n  NotionSyncServe status\n</Location>\n<Location "/notionsync/hook">\n  NotionSyncServe hook\n</Location>\n}
    . qq{<Location "/notionsync/file">\n  NotionSyncServe file\n</Location>\n});

# --- what people do and see: records and people by their names, files by their names and where they lead

my @user = map { { map { $_->{name} => $_->{id} } @{ $_->sim(GET => 'world')->{users} } } } @sims;
sub raw   { my ($side, $table) = @_; return grep { !$_->{in_trash} } @{ $sims[$side]->sim(GET => "pages?data_source=$source[$side]{$table}&limit=1000")->{pages} } }
sub names { my ($side, $table, %record) = @_; return { map { exists $record{ $_->[0] } ? ($_->[ 1 + $side ] => $record{ $_->[0] }) : () } @{ $fields{$table} } } }
sub add   { my ($side, $table, %record) = @_; return $sims[$side]->sim(POST => 'page', { data_source => $source[$side]{$table}, properties => names($side, $table, %record) })->{id} }
sub title { my ($side, $page) = @_; return $page->{properties}{ $side ? 'Titel' : 'Name' } // '' }
sub found { my ($side, $table, $name) = @_; return (grep { title($side, $_) eq $name } raw($side, $table))[0] }
sub id_of { my ($side, $table, $name) = @_; return (found($side, $table, $name) // die "no '$name' on side $side")->{id} }
sub edit  { my ($side, $table, $name, %edit) = @_; return $sims[$side]->sim(PATCH => 'page/' . id_of($side, $table, $name), { properties => names($side, $table, %edit) }) }
sub value {
    my ($side, $table, $name, $field) = @_;
    my ($of) = grep { $_->[0] eq $field } @{ $fields{$table} };
    my $page = found($side, $table, $name);
    return $page ? $page->{properties}{ $of->[ 1 + $side ] } : 'no page';
}
sub shown {
    my ($side, $table, $name, $field) = @_;
    my $value = value($side, $table, $name, $field);
    return $value // '' unless ref $value;
    my %called = $field =~ /owner|maker/ ? reverse %{ $user[$side] } : map { $_->{id} => title($side, $_) } map { raw($side, $_) } keys %fields;
    return encode($value) if $field =~ /place|aim/;
    return join ',', sort map { ref $_ ? "$_->{name}=" . ($_->{hosted} ? 'held' : $_->{url} =~ s{http://127[^/]+/}{link/}r =~ s{[\w-]{80}\z}{}r) : $called{$_} // "($_)" } @$value;
}
sub both {
    my ($table, $name, $field, $want, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $want = [$want, $want] unless ref $want;
    my @got;
    my $ok = wait_ok { @got = map { shown($_, $table, $name, $field) } 0, 1; $got[0] eq $want->[0] && $got[1] eq $want->[1] } 30, $what;
    diag(explain([ \@got, eval { $sync->must('explain', $table, id_of(0, $table, $name)) } ])) unless $ok;
    return $ok;
}
sub quiet {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return wait_ok { (grep { !$_->sim(GET => 'idle')->{idle} } @sims) == 0 && !grep { my $s = $sync->status($_); $s->{waiting} || $s->{pending} } keys %fields } 60, 'nothing is left to do';
}
sub writes { return [map { my $n = $_->sim(GET => 'counts')->{classes}; ($n->{page_create} // 0) + ($n->{page_update} // 0) } @sims] }

isnt($user[0]{Ada}, $user[1]{Ada}, 'a person has another id in the other workspace');
$httpd->log_allow(qr/reference\.waits/);
$httpd->log_expect(qr/field\.person/);
$sync->start;
$away->sim(POST => 'webhook', { url => $httpd->url('/notionsync/hook/away'), token => $NotionSync::Sync::HOOK_SECRET, active => $true });
$sync->wait_state('running', mapping => $_) for sort keys %fields;

# --- relations: in any order, both ways, to itself, in circles, of both ends

add(0, companies => name => 'Acme');
add(0, people => name => 'Ada', company => [id_of(0, companies => 'Acme')]);
add(0, people => name => 'Bob', boss => [id_of(0, people => 'Ada')]);
edit(0, people => 'Ada', boss => [id_of(0, people => 'Ada'), id_of(0, people => 'Bob')]);
both(people => 'Ada', 'boss', 'Ada,Bob', 'two who refer to each other, and to themselves');
both(people => 'Bob', 'boss', 'Ada', 'the other one');
both(people => 'Ada', 'company', 'Acme', 'a relation to another data source');
both(companies => 'Acme', 'staff', 'Ada', 'and its other end');
add(1, companies => name => 'Bolt', staff => [id_of(1, people => 'Ada'), id_of(1, people => 'Bob')]);
both(companies => 'Bolt', 'staff', 'Ada,Bob', 'made at the other end, of the other side');
both(people => 'Ada', 'company', 'Acme,Bolt', 'it is a member more for those whom it names');
both(people => 'Bob', 'company', 'Bolt', 'on both sides');
quiet();
edit(1, people => 'Ada', company => [id_of(1, companies => 'Bolt')]);
edit(0, people => 'Ada', company => [map { id_of(0, companies => $_) } qw(Acme Bolt)], notes => 'edited');
both(people => 'Ada', 'company', 'Bolt', 'one taken out there');
both(companies => 'Acme', 'staff', '', 'is taken out of its other end');
both(people => 'Ada', 'reports', 'Ada,Bob', 'what changes by itself on the other side alone comes here, too');
add(0, people => name => "P$_") for 1 .. 30;
wait_ok { my $n = () = raw(1, 'people'); $n == 32 } 60, 'thirty more';
edit(1, companies => 'Acme', staff => [map { id_of(1, people => "P$_") } 1 .. 30]);
both(companies => 'Acme', 'staff', join(',', sort map { "P$_" } 1 .. 30), 'more members than a page shows');
both(people => 'P30', 'company', 'Acme', 'each of which knows it');
quiet();
my $before = writes();
$sync->must('reconcile', $_, '--full') for sort keys %fields;
quiet();
is_deeply(writes(), $before, 'full runs find nothing to write');
$sync->verify_ok(mapping => $_, what => "verify: $_") for sort keys %fields;

# --- what is not linked yet waits, and is shown

$sync->must('pause', 'companies');
$sync->wait_state('paused', mapping => 'companies');
add(1, companies => name => 'Late');
edit(1, people => 'Bob', company => [map { id_of(1, companies => $_) } qw(Bolt Late)], notes => 'beside');
both(people => 'Bob', 'notes', 'beside', 'beside a company that is not linked the other fields go on');
my $waits = id_of(1, companies => 'Late');
wait_ok { encode($sync->must('explain', 'people', id_of(0, people => 'Bob'))) =~ /reference\.waits.*external refers to '\Q$waits\E', which is not linked yet/ } 30, 'which is shown';
is(shown(0, people => 'Bob', 'company'), 'Bolt', 'and takes nothing out');
$sync->must('resume', 'companies');
both(people => 'Bob', 'company', 'Bolt,Late', 'it is filled in when that is linked');
both(companies => 'Late', 'staff', 'Bob', 'at both ends');
quiet();

# --- people

sub person { my ($side, $name, $email) = @_; return $user[$side]{$name} = $sims[$side]->sim(POST => 'user', { name => $name, $email ? (email => $email) : () })->{id} }

edit(0, people => 'Ada', owner => [$user[0]{Ada}]);
both(people => 'Ada', 'owner', 'Ada', 'a person is the one of that address');
edit(1, people => 'Ada', owner => [@{ $user[1] }{qw(Ada Ben)}]);
both(people => 'Ada', 'owner', 'Ada,Ben', 'or, where there is none, of that name');
wait_ok { shown(1, people => 'Ada', 'maker') eq 'Ada' } 20, 'who made the page here stands in a field of people there';
person(1, 'Zoe', 'zoe@example.org');
edit(1, people => 'Ada', owner => [@{ $user[1] }{qw(Ada Zoe)}], notes => 'beside Zoe');
both(people => 'Ada', 'notes', 'beside Zoe', 'beside somebody who is not in the other workspace the other fields go on');
wait_ok { my $told = encode($sync->must('explain', 'people', id_of(0, people => 'Ada'))); $told =~ /field\.person.*zoe\@example\.org/ } 20, 'and it is said who is missed';
is(shown($_, people => 'Ada', 'owner'), ('Ada,Ben', 'Ada,Zoe')[$_], "nobody is taken out on side $_") for 0, 1;
person(0, 'Zoe', 'zoe@example.org');
$httpd->restart;
$sync->must('reconcile', 'people', '--full');
both(people => 'Ada', 'owner', 'Ada,Zoe', 'who was invited since is found when it is asked again');

# --- files

edit(0, people => 'Ada', docs => [{ name => 'Pläne.pdf', hosted => $true }, { name => 'Plan', url => 'https://e.org/p' }]);
both(people => 'Ada', 'docs', ['Plan=https://e.org/p,Pläne.pdf=held', 'Plan=https://e.org/p,Pläne.pdf=link/notionsync/file/'], 'a file that Notion keeps here is a link there, of its name');
my ($link) = map { $_->{url} } grep { $_->{name} eq 'Pläne.pdf' } @{ value(1, people => 'Ada', 'docs') };
my $go = sub { my ($url) = @_; return $httpd->get($url =~ s{\Ahttp://[^/]+}{}r) };
my $sent = $go->($link);
is($sent->{status}, 302, 'the link leads on');
like($sent->{headers}{location}, qr{\A\Q@{[ $sims[0]->url('/files/') ]}\E}, 'to where the one Notion has the file');
edit(1, people => 'Ada', docs => [@{ value(1, people => 'Ada', 'docs') }, { name => 'Skizze.png', hosted => $true }]);
both(people => 'Ada', 'docs', ['Plan=https://e.org/p,Pläne.pdf=held,Skizze.png=link/notionsync/file/', 'Plan=https://e.org/p,Pläne.pdf=link/notionsync/file/,Skizze.png=held'],
    'a file of the other side is a link here, and each keeps its own');
($sent) = map { $go->($_->{url}) } grep { $_->{name} eq 'Skizze.png' } @{ value(0, people => 'Ada', 'docs') };
like($sent->{headers}{location}, qr{\A\Q@{[ $sims[1]->url('/files/') ]}\E}, 'which leads to the other Notion');
quiet();
$before = writes();
edit(0, people => 'Ada', notes => 'once more');
both(people => 'Ada', 'notes', 'once more', 'an edit beside files');
quiet();
is_deeply([map { writes()->[$_] - $before->[$_] } 0, 1], [0, 1], 'costs one write there, whatever the addresses are by now');
edit(1, people => 'Ada', docs => [grep { $_->{name} ne 'Pläne.pdf' } @{ value(1, people => 'Ada', 'docs') }]);
both(people => 'Ada', 'docs', ['Plan=https://e.org/p,Skizze.png=link/notionsync/file/', 'Plan=https://e.org/p,Skizze.png=held'], 'a link taken out there takes the file out here');
wait_ok { $go->($link)->{status} == 410 } 20, 'and leads nowhere then';

# --- places

edit(0, people => 'Ada', place => { lat => 52.5, lon => 13.25, name => 'Berlin' });
edit(1, people => 'Ada', aim => { lat => 1, lon => 2 });
wait_ok { shown(1, people => 'Ada', 'place') =~ /Berlin/ && shown(0, people => 'Ada', 'aim') } 20, 'places go each their way';
my $at = sub { my ($side, $field) = @_; my $place = value($side, people => 'Ada', $field); return { map { $_ => $place->{$_} } grep { defined $place->{$_} } keys %$place } };
is_deeply([$at->(1, 'place'), $at->(0, 'aim')], [{ lat => 52.5, lon => 13.25, name => 'Berlin' }, { lat => 1, lon => 2 }], 'and are the same');
quiet();
$before = writes();
$sync->must('reconcile', 'people', '--full');
quiet();
is_deeply(writes(), $before, 'a full run finds nothing to write');
$sync->verify_ok(mapping => 'people');
finish();

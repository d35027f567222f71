# The schemas of two data sources that are synced with each other change while all runs (S5.4): a property of either one that is renamed, also over
# a restart; deleted and restored; of another type and back; choices. And NotionSyncFields auto: what one of them lacks is offered,
# shown by provision --print, made by provision or by itself, and synced.
use strict;
use warnings;
use NotionSync::Sync;

my $true = JSON::PP::true();
my $away = start_sim();
$away->sim(POST => 'reset', { rate_limit => 0, stale_ms => 300, delay_ms => 20, aggregate_ms => 50, webhook_retry_ms => 200 });
sub make_source { my ($sim, $name, %properties) = @_; return $sim->sim(POST => 'data_source', { name => $name, properties => \%properties })->{id} }
my @choices = (type => 'select', options => [qw(person company)]);
my $there = make_source($away, 'Kontakte', Title => { type => 'title' }, Text => { type => 'rich_text' }, Points => { type => 'number' },
    Type => {@choices}, Deadline => { type => 'date' }, Other => { type => 'rich_text' });
my $tasks_there = make_source($away, 'Aufgaben', Titel => { type => 'title' }, 'due-date' => { type => 'date' },
    Rank => { type => 'select', options => [qw(high low)] }, Seen => { type => 'created_time' });

my $sync = new_sync(source => { properties => { Name => { type => 'title' }, Notes => { type => 'rich_text' }, Score => { type => 'number' },
    Kind => {@choices}, Due => { type => 'date' }, Unmapped => { type => 'number' } } },
    define => { AWAY => $away->url, THERE => $there, TASKS_THERE => $tasks_there });
my ($sim, $httpd) = ($sync->sim, $sync->httpd);
my $tasks = make_source($sim, 'Tasks', Name => { type => 'title' }, 'Due date' => { type => 'date' }, Mail => { type => 'email' },
    Stage => { type => 'status', options => ['To do', 'Done'] }, Tags => { type => 'multi_select', options => [qw(a b)] }, Link => { type => 'url' });
my %contacts = (state => 'contacts', side => [[$sim, $sync->source, 'Name'], [$away, $there, 'Title']]);
my %tasks = (state => 'tasks', side => [[$sim, $tasks, 'Name'], [$away, $tasks_there, 'Titel']]);

$httpd->write_file('conf/token-away', "ntn_sim_token\n", mode => 0600);
my $config = <<"CONF";
NotionSyncStateDB sqlite3 "\${STATE}/notionsync.db"
NotionSyncSecretKey "file:\${ROOT}/conf/key"
<NotionSyncService work notion>
  NotionSyncToken "file:\${ROOT}/conf/token"
  NotionSyncEndpoint \${SIM}
  NotionSyncBudget 6000/60s
  NotionSyncHookSecret file:\${ROOT}/conf/hook-secret
  NotionSyncProvision manual
</NotionSyncService>
<NotionSyncService away notion>
  NotionSyncToken "file:\${ROOT}/conf/token-away"
  NotionSyncEndpoint \${AWAY}
  NotionSyncBudget 6000/60s
  NotionSyncHookSecret file:\${ROOT}/conf/hook-secret
  NotionSyncProvision manual
</NotionSyncService>
<NotionSyncMapping contacts>
  NotionSyncNotion work \${SOURCE}
  NotionSyncExternal away \${THERE}
  NotionSyncField Name <-> Title
  NotionSyncField Notes <-> Text
  NotionSyncField Score <-> Points
  NotionSyncField Kind <-> Type options=create
  NotionSyncField Due <-> Deadline
  NotionSyncDebounce 20ms
</NotionSyncMapping>
<NotionSyncMapping tasks>
  NotionSyncNotion work $tasks
  NotionSyncExternal away \${TASKS_THERE}
  NotionSyncFields auto create=both
  NotionSyncDebounce 20ms
</NotionSyncMapping>
$NotionSync::Test::SERVED
CONF
$httpd->config($config);

# --- people of either workspace, and what they see

sub schema_on { my ($m, $side, %change) = @_; my ($s, $id) = @{ $m->{side}[$side] }; $s->sim(PATCH => "data_source/$id", { properties => \%change }); return }
sub types_on { my ($m, $side) = @_; my ($s, $id) = @{ $m->{side}[$side] }; my $p = $s->sim(GET => "data_source/$id")->{properties}; return join ', ', map { "$_:$p->{$_}{type}" } sort keys %$p }
sub choices_on { my ($m, $side, $name) = @_; my ($s, $id) = @{ $m->{side}[$side] }; return join ' ', map { $_->{name} } @{ $s->sim(GET => "data_source/$id")->{properties}{$name}{options} } }
sub add_on { my ($m, $side, %values) = @_; my ($s, $id) = @{ $m->{side}[$side] }; return $s->sim(POST => 'page', { data_source => $id, properties => \%values })->{id} }
sub page_on {
    my ($m, $side, $called) = @_;
    my ($s, $id, $title) = @{ $m->{side}[$side] };
    my ($page) = grep { !$_->{in_trash} && ($_->{properties}{$title} // '') eq $called } @{ $s->sim(GET => "pages?data_source=$id&limit=1000")->{pages} };
    return $page;
}
sub value_on { my ($m, $side, $called, $name) = @_; my $page = page_on($m, $side, $called) // return; my $v = $page->{properties}{$name}; return ref $v eq 'HASH' ? $v->{start} : $v }
sub edit_on { my ($m, $side, $called, %values) = @_; $m->{side}[$side][0]->sim(PATCH => 'page/' . page_on($m, $side, $called)->{id}, { properties => \%values }); return }
sub wait_value {
    my ($m, $side, $called, $name, $want, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $good = wait_ok { encode([value_on($m, $side, $called, $name)]) eq encode([$want]) } 30, $what;
    $good or diag encode(page_on($m, $side, $called)), encode($sync->status($m->{state}));
    return $good;
}
sub wait_quiet {
    return wait_for {
        $_->sim(GET => 'idle')->{idle} || return 0 for $sim, $away;
        for my $name (qw(contacts tasks)) { my $s = $sync->status($name); return 0 if $s->{waiting} || $s->{pending} }
        1;
    } 60, 'nothing is left to do';
}
sub suspended { return @{ $sync->status->{fields}{suspended} } }

add_on(\%contacts, 0, Name => "Record $_", Notes => "note $_", Score => $_, Kind => 'person', Due => '2026-03-01') for 1 .. 4;
add_on(\%tasks, 0, Name => 'Task 1', 'Due date' => '2026-03-01', Mail => 'a@example.org', Stage => 'Done', Tags => [qw(a b)], Link => 'https://example.org/');
wait_for { $_->sim(GET => 'idle')->{stale} == 0 || return 0 for $sim, $away; 1 } 30, 'queries show what is true';
$sync->start;
$away->sim(POST => 'webhook', { url => $httpd->url('/notionsync/hook/away'), token => $NotionSync::Sync::HOOK_SECRET, active => $true });
$sync->wait_state('running');
wait_value(\%contacts, 1, 'Record 4', 'Text', 'note 4', 'what is here is made there');
wait_quiet();

# --- a property of the other data source is renamed

schema_on(\%contacts, 1, Text => { rename => 'Remarks' });
edit_on(\%contacts, 0, 'Record 1', Notes => 'after the renaming');
wait_value(\%contacts, 1, 'Record 1', 'Remarks', 'after the renaming', 'a property there is followed by its id');
edit_on(\%contacts, 1, 'Record 1', Remarks => 'and back');
wait_value(\%contacts, 0, 'Record 1', 'Notes', 'and back', 'both ways');
wait_quiet();
schema_on(\%contacts, 0, Notes => { rename => 'Notizen' });
$httpd->restart;
edit_on(\%contacts, 0, 'Record 1', Notizen => 'after a restart');
wait_value(\%contacts, 1, 'Record 1', 'Remarks', 'after a restart', 'after a restart, too, though the configuration knows the former names');
edit_on(\%contacts, 1, 'Record 2', Remarks => 'from there');
wait_value(\%contacts, 0, 'Record 2', 'Notizen', 'from there', 'on both sides');
is($sync->status->{state}, 'running', 'and the mapping runs');
wait_quiet();
$config =~ s/Notes <-> Text/Notizen <-> Remarks/ or die;
$httpd->config($config);
$httpd->graceful;
edit_on(\%contacts, 0, 'Record 3', Notizen => 'by its new name');
wait_value(\%contacts, 1, 'Record 3', 'Remarks', 'by its new name', 'the configuration may follow');
wait_quiet();

# --- one that is deleted and restored, on either side; the other fields go on

my @where = ('Notion', 'the other data source');
my @score = qw(Score Points);
my @notes = qw(Notizen Remarks);
for my $side (0, 1) {
    my $far = 1 - $side;
    my $called = 'Record ' . (1 + $side);
    schema_on(\%contacts, $side, $score[$side] => undef);
    wait_ok { my @s = suspended(); @s == 1 && $s[0]{notion} eq 'Score' } 30, "a property that was deleted in $where[$side] suspends its field";
    my ($field) = suspended();
    is($field->{what}, "the property '$score[$side]' was deleted in $where[$side]", 'saying which');
    is($sync->status->{state}, 'running', 'the mapping runs');
    edit_on(\%contacts, $side, $called, $notes[$side] => "while it is suspended $side");
    wait_value(\%contacts, $far, $called, $notes[$far], "while it is suspended $side", 'the others go on');
    edit_on(\%contacts, $far, $called, $score[$far] => 50 + $side);
    add_on(\%contacts, $far, ($far ? 'Title' : 'Name') => "Made $side", $score[$far] => 60 + $side);
    wait_ok { page_on(\%contacts, $side, "Made $side") } 30, 'records are made';
    wait_quiet();
    like($sync->ctl('verify', 'contacts')->{out}, qr/ 0 different.*not compared, because suspended: "Score" and Points: the property/s, 'verify names what it does not compare');
    schema_on(\%contacts, $side, $score[$side] => { restore => $true });
    wait_ok { !suspended() } 30, 'restored it is synced again by itself';
    wait_value(\%contacts, $side, $called, $score[$side], 50 + $side, 'what was edited meanwhile arrives');
    wait_value(\%contacts, $side, "Made $side", $score[$side], 60 + $side, 'and what was made');
    is(value_on(\%contacts, $far, 'Record 4', $score[$far]), 4, 'nothing is cleared');
    wait_quiet();
}

# --- one of another type, and back

my @due = qw(Due Deadline);
for my $side (0, 1) {
    my $far = 1 - $side;
    schema_on(\%contacts, $side, $due[$side] => { retype => 'button' });
    wait_ok { my @s = suspended(); @s == 1 && $s[0]{notion} eq 'Due' } 30, "a property of another type in $where[$side] suspends its field";
    like((suspended())[0]{what}, qr/it was synced as date in \Q$where[$side]\E, and is button now/, 'saying what it was');
    edit_on(\%contacts, $far, 'Record 3', $due[$far] => "2026-04-0" . (1 + $side));
    wait_quiet();
    schema_on(\%contacts, $side, $due[$side] => { retype => 'date' });
    wait_ok { !suspended() } 30, 'given its type again it is synced again';
    wait_value(\%contacts, $side, 'Record 3', $due[$side], "2026-04-0" . (1 + $side), 'as edited meanwhile');
    wait_value(\%contacts, $side, 'Record 4', $due[$side], '2026-03-01', 'what the other type cleared is put back');
    is(value_on(\%contacts, $far, 'Record 4', $due[$far]), '2026-03-01', 'and was never taken for an edit');
    wait_quiet();
}

# --- choices, made and renamed on either side

my @kind = qw(Kind Type);
for my $side (0, 1) {
    my $far = 1 - $side;
    schema_on(\%contacts, $side, $kind[$side] => { add_option => "New $side" });
    edit_on(\%contacts, $side, 'Record 1', $kind[$side] => "New $side");
    wait_value(\%contacts, $far, 'Record 1', $kind[$far], "New $side", "a choice that is added in $where[$side] is made on the other side");
    wait_quiet();
    schema_on(\%contacts, $side, $kind[$side] => { rename_option => { "New $side" => "Renamed $side" } });
    wait_value(\%contacts, $far, 'Record 1', $kind[$far], "Renamed $side", 'and gets its new name there');
    wait_quiet();
}
is($sync->status->{parked} + $sync->status->{held}, 0, 'nothing is parked or held');
$sync->verify_ok;

# --- what nobody has mapped

my $offered = $sync->must('status', 'contacts')->[0]{fields}{offered};
is_deeply({ map { $_->{property} => $_->{line} } @$offered }, { Unmapped => 'NotionSyncField "Unmapped" <-> "Unmapped"', Other => 'NotionSyncField "Other" <-> "Other"' },
    'properties of both that nobody has mapped are offered');
is_deeply({ map { $_->{property} => $_->{lacks} } @$offered }, { Unmapped => 'the other data source has no such property yet', Other => 'Notion has no such property yet' },
    'with what the line lacks');

# --- NotionSyncFields auto: what is lacking is told, shown, made and synced

my $status = $sync->wait_state('running', mapping => 'tasks');
wait_value(\%tasks, 1, 'Task 1', 'due-date', '2026-03-01', 'namesakes are paired, and so are the two titles');
add_on(\%tasks, 1, Titel => 'Aufgabe', Rank => 'low');
wait_ok { page_on(\%tasks, 0, 'Aufgabe') } 30, 'whatever they are called';
like($status->{triggers}, qr/lacking: .*property \Q$_\E(?:,| \().*notionsyncctl provision tasks makes them/, 'what is lacking is told')
    for 'Rank', 'Seen', map { "$_ of the other data source" } qw(Mail Stage Tags Link);
my $before = [types_on(\%tasks, 0), types_on(\%tasks, 1)];
my $printed = $sync->ctl('provision', 'tasks', '--print');
is($printed->{exit}, 0, 'provision --print');
my ($to_here, $to_there) = map { my $id = $_; $printed->{out} =~ /^-- PATCH \/v1\/data_sources\/\Q$id\E\n-- (\{.*\})$/m ? decode($1)->{properties} : undef } $tasks, $tasks_there;
is_deeply($to_here, { Rank => { select => { options => [{ name => 'high' }, { name => 'low' }] } }, Seen => { date => {} } }, 'shows what would be asked of one workspace');
is_deeply($to_there, { Mail => { email => {} }, Link => { url => {} }, Stage => { select => { options => [{ name => 'To do' }, { name => 'Done' }] } },
    Tags => { multi_select => { options => [{ name => 'a' }, { name => 'b' }] } } }, 'and of the other');
is_deeply([types_on(\%tasks, 0), types_on(\%tasks, 1)], $before, 'and asks nothing');
my $answer = $sync->ctl('provision', 'tasks');
is($answer->{exit}, 0, 'provision') or diag $answer->{err};
like($answer->{out}, qr/was made: in the other data source .*"Mail".*; in Notion "Rank", "Seen"/, 'says what was made');
is(types_on(\%tasks, 0), 'Due date:date, Link:url, Mail:email, Name:title, Rank:select, Seen:date, Stage:status, Tags:multi_select', 'here');
is(types_on(\%tasks, 1), 'Link:url, Mail:email, Rank:select, Seen:created_time, Stage:select, Tags:multi_select, Titel:title, due-date:date', 'and there');
wait_value(\%tasks, 1, 'Task 1', 'Stage', 'Done', 'a choice');
wait_value(\%tasks, 1, 'Task 1', 'Mail', 'a@example.org', 'an address');
wait_value(\%tasks, 1, 'Task 1', 'Link', 'https://example.org/', 'a link');
wait_value(\%tasks, 0, 'Aufgabe', 'Rank', 'low', 'and what came from there');
like($sync->ctl('provision', 'tasks', '--print')->{out}, qr/\A[^{]*\z/, 'then there is nothing more to do');
wait_quiet();

# --- a property that comes while all runs

schema_on(\%tasks, 0, 'Next step' => { type => 'rich_text' });
wait_ok { $sync->status('tasks')->{triggers} =~ /lacking: property Next step of the other data source \(notionsyncctl provision tasks makes them\)/ } 30,
    'a new property is offered with the command that makes its partner';
unlike(types_on(\%tasks, 1), qr/Next step/, 'which nobody else does');
$sync->must('provision', 'tasks');
like(types_on(\%tasks, 1), qr/Next step:rich_text/, 'until it is given');
edit_on(\%tasks, 0, 'Task 1', 'Next step' => 'call');
wait_value(\%tasks, 1, 'Task 1', 'Next step', 'call', 'then it is synced');
wait_quiet();
$config =~ s/^  NotionSyncProvision manual\n//mg;
$httpd->config($config);
$httpd->graceful;
$sync->wait_state('running', mapping => 'tasks');
schema_on(\%tasks, 1, Later => { type => 'number' });
wait_ok { types_on(\%tasks, 0) =~ /Later:number/ } 30, 'with NotionSyncProvision auto its partner is made by itself';
edit_on(\%tasks, 1, 'Task 1', Later => 7);
wait_value(\%tasks, 0, 'Task 1', 'Later', 7, 'and synced');
edit_on(\%tasks, 1, 'Task 1', Tags => [qw(a brand-new)]);
wait_ok { choices_on(\%tasks, 0, 'Tags') =~ /brand-new/ } 30, 'a new choice is made where create= lets it be';
wait_quiet();
$httpd->log_expect(qr/is suspended, the others go on/);
$httpd->log_allow(qr/notion\.schema_changed|lacking:/);
$sync->secrets_ok;
finish();

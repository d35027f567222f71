# Mappings that share a table or a data source: what one of them writes the others carry on - Notion, table, Notion again; two tables
# with one data source between them; and that data source as the external side of a third mapping - once, and then nothing more is
# written by anybody. Takes minutes.
use strict;
use warnings;
use NotionSync::Sync;

# D1 <-> contacts <-> D2 <-> other_table, the second hop through another service that leads to the same database; D2 <-> D3, whose external
# side D2 is. All data sources are reached as one bot, so that what one mapping writes looks like an echo to every other.
my $sync = new_sync;
my ($sim, $httpd) = ($sync->sim, $sync->httpd);
my $second = $sim->sim(POST => 'data_source', { name => 'Second', properties => { Name => { type => 'title' }, Notes => { type => 'rich_text' } } })->{id};
my $third = $sim->sim(POST => 'data_source', { name => 'Third', properties => { Title => { type => 'title' }, Text => { type => 'rich_text' } } })->{id};
$sync->sql('CREATE TABLE other_table (id INTEGER PRIMARY KEY, name TEXT, notes TEXT)');
my $config = $httpd->config . <<"CONF";
<NotionSyncService crm2 sql>
  NotionSyncDatabase sqlite "\${STATE}/contacts.db"
  NotionSyncProvision auto
</NotionSyncService>
<NotionSyncService work2 notion>
  NotionSyncToken "file:\${ROOT}/conf/token"
  NotionSyncEndpoint \${SIM}
  NotionSyncBudget 6000/60s
  NotionSyncHookSecret file:\${ROOT}/conf/hook-secret
</NotionSyncService>
<NotionSyncMapping chain>
  NotionSyncNotion work2 $second
  NotionSyncExternal crm2 CONTACTS
  NotionSyncField Name <-> name
  NotionSyncField Notes <-> notes
  NotionSyncDebounce 20ms
</NotionSyncMapping>
<NotionSyncMapping fan>
  NotionSyncNotion work $second
  NotionSyncExternal crm other_table
  NotionSyncField Name <-> name
  NotionSyncField Notes <-> notes
  NotionSyncDebounce 20ms
</NotionSyncMapping>
<NotionSyncMapping beyond>
  NotionSyncNotion work $third
  NotionSyncExternal work2 $second
  NotionSyncField Title <-> Name
  NotionSyncField Text <-> Notes
  NotionSyncDebounce 20ms
</NotionSyncMapping>
CONF
$httpd->config($config);
$sync->start;
$sim->sim(POST => 'webhook', { url => $httpd->url('/notionsync/hook/work2'), token => $NotionSync::Sync::HOOK_SECRET, active => JSON::PP::true });

my @ends = (
    ['the first data source', sub { map { [$_->{name}, $_->{notes}] } $sync->pages }],
    ['the table', sub { map { [$_->{name}, $_->{notes}] } $sync->rows }],
    ['the second data source', sub { map { [@{ $_->{properties} }{qw(Name Notes)}] } pages_of($second) }],
    ['the third data source', sub { map { [@{ $_->{properties} }{qw(Title Text)}] } pages_of($third) }],
    ['the other table', sub { map { [@$_{qw(name notes)}] } @{ $sync->sql('SELECT name, notes FROM other_table') } }],
);
sub pages_of { my ($source) = @_; return grep { !$_->{in_trash} } @{ $sim->sim(GET => "pages?data_source=$source&limit=1000")->{pages} } }
sub shape { return join "\n", sort map { join ': ', map { $_ // '' } @$_ } @_ }

sub all_have {
    my ($want, $what) = @_;
    for my $end (@ends) {
        my $found;
        wait_ok { $found = shape($end->[1]->()); $found eq $want } 30, "$what: $end->[0]" or diag("found:\n$found\nwanted:\n$want");
    }
    return;
}
sub all_quiet { return $sync->is_quiet && !grep { my $s = $sync->status($_); $s->{waiting} || $s->{pending} } qw(chain fan beyond) }

# Each mapping has looked at all that there is, and then at what the others may have told it meanwhile.
sub quiet {
    my ($what) = @_;
    wait_ok { all_quiet() } 30, "quiet: $what";
    my $before = writes();
    $sync->must('reconcile', $_, '--full') for qw(contacts chain fan beyond);
    wait_ok { all_quiet() } 30, "quiet once more: $what";
    is(writes(), $before, "and nothing more is written: $what");
    return;
}
sub writes { return scalar(grep { $_->{class} =~ /create|update/ } $sync->requests_since(0)) + $sync->sql('SELECT count(*) AS n FROM _notionsync_intent')->[0]{n} }
sub echoes { return $httpd->get('/notionsync?auto')->{body} =~ /^jobs\.own_echoes: (\d+)$/m ? $1 : -1 }

# --- a record from each end reaches all others, once

$sync->add_page(name => 'one', notes => 'from the first');
all_have('one: from the first', 'a page of the first data source');
quiet('a page');
$sync->sql("INSERT INTO other_table (name, notes) VALUES ('two', 'from the last')");
all_have("one: from the first\ntwo: from the last", 'a row of the last table');
quiet('a row');
$sync->add_row(name => 'three', notes => 'from the middle');
all_have("one: from the first\nthree: from the middle\ntwo: from the last", 'a row between');
quiet('a row between');
my ($far) = grep { $_->{properties}{Title} eq 'one' } pages_of($third);
my ($mark, $echoes) = ($sync->mark, echoes());
$sim->sim(PATCH => "page/$far->{id}", { properties => { Text => 'from beyond' } });
all_have("one: from beyond\nthree: from the middle\ntwo: from the last", 'an edit of the third data source');
# The event of its write comes through both services to the three mappings that have the second data source, the one that follows to one.
wait_ok { echoes() == $echoes + 4 } 30, 'the events of these two writes ask for nothing' or diag(echoes() - $echoes, ' echoes');
is($sync->classes_since($mark)->{page_update}, 2, 'there were no more');
quiet('an edit beyond');

# --- so do edits and deletes

$sync->edit_page('one', notes => 'edited first');
$sync->sql("UPDATE other_table SET notes = 'edited last' WHERE name = 'two'");
my ($page) = grep { $_->{properties}{Name} eq 'three' } pages_of($second);
$sim->sim(PATCH => "page/$page->{id}", { properties => { Notes => 'edited between' } });
all_have("one: edited first\nthree: edited between\ntwo: edited last", 'edits at three places');
quiet('edits');
$sync->trash_page('one');
all_have("three: edited between\ntwo: edited last", 'a page in the trash');
quiet('a delete');
$sync->verify_ok(mapping => $_, equal => 2, what => "verify: $_") for qw(contacts chain fan beyond);

# --- and what was written while the servers were down, or killed

$httpd->stop;
$sync->edit_page('two', notes => 'edited asleep');
$sync->sql("UPDATE other_table SET notes = 'asleep too' WHERE name = 'three'");
$httpd->start;
all_have("three: asleep too\ntwo: edited asleep", 'edits while nobody looked');
for my $round (1 .. 4) {
    my $mark = $sync->mark;
    $sync->edit_page('two', notes => "round $round");
    $sync->sql("UPDATE other_table SET notes = 'round $round' WHERE name = 'three'");
    # They die further on in the work each time.
    wait_for { scalar(() = $sync->requests_since($mark)) >= $round || all_quiet() } 30, 'the work goes on';
    wait_for { scalar $sync->workers } 30, 'workers';
    $sync->kill_workers;
}
all_have("three: round 4\ntwo: round 4", 'edits while workers die');
quiet('after deaths');
$httpd->log_allow(qr/worker \d+|exited|signal|restart/i);
$sync->secrets_ok;

# --- a circle is refused

$httpd->config($config . <<"CONF");
<NotionSyncMapping round>
  NotionSyncNotion work \${SOURCE}
  NotionSyncExternal crm2 other_table
  NotionSyncField Name <-> name
</NotionSyncMapping>
CONF
my ($exit, $out) = $httpd->configtest;
isnt($exit, 0, 'a circle is refused');
like($out, qr/<NotionSyncMapping round> on line \d+ of \S+: with this mapping there are two ways from its data source to its table/, 'with the reason');
finish();

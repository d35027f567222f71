# A mapping that cannot work is blocked and says why, in the tool, on the dashboard and in the log; the others go on, httpd
# serves; and once the cause is gone it recovers by itself and nothing is lost.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = new_sync(before => sub { $_[0]->add_pages(map { { name => "Record $_" } } 1 .. 3) });
my $httpd = $sync->httpd;
my $sim   = $sync->sim;
$sim->sim(POST => 'token', { token => 'ntn_second', name => 'second' });
push @{ $sync->{secrets} }, 'ntn_second';
$httpd->write_file('conf/second', "ntn_second\n", mode => 0600);

# name => what its code and its words must say, how it is made wrong beforehand, how it is put right
my $text = { type => 'rich_text' };
my %case = (
    nosource => { code => qr/notion\./, words => qr/data source|share|find/i, source => '00000000-0000-4000-8000-00000000dead' },
    noprop   => { code => qr/./, words => qr/Notes/, properties => { Name => { type => 'title' } } },
    badtype  => { code => qr/./, words => qr/Notes|button/, properties => { Name => { type => 'title' }, Notes => { type => 'button' } } },
    nocolumn => { code => qr/./, words => qr/notes/, columns => 'name TEXT' },
    notable  => { code => qr/sql\.|external|mapping/, words => qr/notable/, columns => '' },
    badcolumn => { code => qr/./, words => qr/notes|BLOB/, columns => 'name TEXT, notes BLOB' },
    nokey    => { code => qr/./, words => qr/key/i, table => 'CREATE TABLE nokey (name TEXT, notes TEXT)' },
    notoken  => { code => qr/./, words => qr/third/, service => 'third' },
    wrongtoken => { code => qr/notion\.(?:unauth|token)/, words => qr/token|401/i, service => 'fourth' },
    revoked  => { code => qr/notion\.(?:unauth|token)/, words => qr/token|401/i, service => 'second', later => 1 },
);
my $config = $httpd->config;
$httpd->write_file('conf/fourth', "ntn_nobody_knows\n", mode => 0600);
push @{ $sync->{secrets} }, 'ntn_nobody_knows';
$config .= <<"CONF" for qw(second third fourth);
<NotionSyncService $_ notion>
  NotionSyncToken "file:\${ROOT}/conf/$_"
  NotionSyncEndpoint \${SIM}
</NotionSyncService>
CONF
for my $name (sort keys %case) {
    my $c = $case{$name};
    $c->{id} = $c->{source} // $sim->sim(POST => 'data_source',
        { name => $name, properties => $c->{properties} // { Name => { type => 'title' }, Notes => $text } })->{id};
    my $columns = $c->{columns} // 'name TEXT, notes TEXT';
    $sync->sql($c->{table} // "CREATE TABLE $name (id INTEGER PRIMARY KEY, $columns)") if $columns;
    $sim->sim(POST => 'pages', { data_source => $c->{id}, pages => [{ properties => { Name => 'waits' } }] }) unless $c->{source};
    my $service = $c->{service} // 'work';
    $config .= <<"CONF";
<NotionSyncMapping $name>
  NotionSyncNotion $service $c->{id}
  NotionSyncExternal crm $name
  NotionSyncField Name <-> name
  NotionSyncField Notes <-> notes
</NotionSyncMapping>
CONF
}
$httpd->config($config);
$sync->start;

# --- all at once

for my $name (grep { !$case{$_}{later} } sort keys %case) {
    my $c = $case{$name};
    my $status = $sync->wait_state('blocked', mapping => $name);
    like($status->{outcome}{code} // '', $c->{code}, "$name: with a code");
    like(encode($status->{outcome}), $c->{words}, "$name: with the reason");
    ok(length($status->{outcome}{advice} // ''), "$name: and what to do");
    $httpd->log_expect(qr/mapping $name: blocked/);
    like($httpd->get("/notionsync?page=mapping&mapping=$name")->{body}, $c->{words}, "$name: the dashboard says so too");
}
$sync->wait_equal(what => 'the mapping that is right works beside them');
$sync->edit_page('Record 1', notes => 'goes on');
$sync->wait_row('Record 1', notes => 'goes on');
$sync->edit_row('Record 2', notes => 'goes on');
$sync->wait_page('Record 2', notes => 'goes on');
is($httpd->get('/index.html')->{status}, 200, 'httpd serves');
is($sync->ctl('status')->{exit}, 1, 'the tool reports a failure');
is($sync->ctl('status', 'contacts')->{exit}, 0, 'but not for the mapping that works');

# --- a token that is revoked while all runs

$sync->wait_state('running', mapping => 'revoked');
wait_ok { @{ $sync->sql('SELECT * FROM revoked') } } 20, 'a second connection works';
$sim->sim(POST => 'token', { token => 'ntn_second', revoked => JSON::PP::true() });
$sync->sql("UPDATE revoked SET notes = 'while it was revoked'");
my $status = $sync->wait_state('blocked', mapping => 'revoked');
like($status->{outcome}{code}, $case{revoked}{code}, 'its token is revoked: blocked');
like(encode($status->{outcome}), $case{revoked}{words}, 'with the reason');

# --- put right

$sim->sim(POST => 'token', { token => 'ntn_second', revoked => JSON::PP::false() });
$sim->sim(PATCH => "data_source/$case{noprop}{id}", { properties => { Notes => $text } });
$sim->sim(PATCH => "data_source/$case{badtype}{id}", { properties => { Notes => { retype => 'rich_text', keep_id => JSON::PP::true() } } });
$sim->sim(POST => 'data_source', { name => 'at last', id => $case{nosource}{source}, properties => { Name => { type => 'title' }, Notes => $text } });
$sim->sim(POST => 'pages', { data_source => $case{nosource}{source}, pages => [{ properties => { Name => 'waits' } }] });
$sim->sim(POST => 'token', { token => 'ntn_nobody_knows', name => 'now known' });
$sync->sql('ALTER TABLE nocolumn ADD COLUMN notes TEXT');
$sync->sql('CREATE TABLE notable (id INTEGER PRIMARY KEY, name TEXT, notes TEXT)');
$sync->sql('DROP TABLE badcolumn; CREATE TABLE badcolumn (id INTEGER PRIMARY KEY, name TEXT, notes TEXT)');
$sync->sql('DROP TABLE nokey; CREATE TABLE nokey (id INTEGER PRIMARY KEY, name TEXT, notes TEXT)');
$sync->must('resume', 'nocolumn');          # who does not want to wait need not
$sync->wait_state('running', mapping => 'nocolumn', seconds => 5, what => 'resume looks again at once');
for my $name (grep { $_ ne 'notoken' } sort keys %case) {
    $sync->wait_state('running', mapping => $name, seconds => 100, what => "$name: recovers by itself");
    my $rows;
    wait_ok { $rows = $sync->sql("SELECT * FROM $name"); @$rows == 1 && $rows->[0]{name} eq 'waits' } 30, "$name: and syncs what waited";
}
my ($page) = @{ $sim->sim(GET => "pages?data_source=$case{revoked}{id}")->{pages} };
is($page->{properties}{Notes}, 'while it was revoked', 'an edit that met the revoked token arrived');
$sync->wait_state('blocked', mapping => 'notoken', what => 'a secret is read at start only');
$httpd->write_file('conf/third', "$NotionSync::Sync::TOKEN\n", mode => 0600);
$httpd->graceful;
$sync->wait_state('running', mapping => 'notoken', what => 'so after a graceful restart that one works too');

# --- schema changes while all runs

$sim->sim(PATCH => "data_source/$case{noprop}{id}", { properties => { Notes => { rename => 'Remarks' } } });
my ($waits) = @{ $sim->sim(GET => "pages?data_source=$case{noprop}{id}")->{pages} };
$sim->sim(PATCH => "page/$waits->{id}", { properties => { Remarks => 'renamed' } });
wait_ok { ($sync->sql('SELECT notes FROM noprop')->[0]{notes} // '') eq 'renamed' } 20, 'a renamed property is followed by its id';
$sync->sql('ALTER TABLE nocolumn RENAME COLUMN notes TO remarks');
$sync->ctl('reconcile', 'nocolumn', '--full');
wait_ok { my $s = $sync->must('status', 'nocolumn')->[0]{fields}{suspended}; @$s == 1 && $s->[0]{external} eq 'notes' } 20, 'a column that is gone suspends its field';
is($sync->status('nocolumn')->{state}, 'running', 'and not the mapping');
$httpd->log_expect(qr/NotionSyncToken/, qr/"Notes" and notes is suspended/);
$httpd->log_allow(qr/sql\.|mapping \w+: /);
$sync->secrets_ok(map { $httpd->get("/notionsync$_")->{body} } '', '?json', '?auto', '?metrics');

finish();

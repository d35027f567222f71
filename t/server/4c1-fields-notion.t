# NotionSyncFields auto create=notion: a table's columns become properties, with choices where there are any, through provision or by
# itself; properties that are there, and their choices, are left alone; Notion's refusal is told and stops nothing that works.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = new_sync(
    table  => 'CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, score NUMERIC, vip BOOLEAN, due DATE, at TIMESTAMPTZ, notes TEXT, stage TEXT, '
        . 'kind TEXT, title TEXT, photo BLOB, e_mail TEXT, total INTEGER GENERATED ALWAYS AS (id * 2) VIRTUAL)',
    source => { name => 'Contacts', properties => { Name => { type => 'title' }, Kind => { type => 'select', options => ['person'] } } },
    notion => 'NotionSyncProvision manual',
    fields => qq{  NotionSyncField "Phase" <-> stage options=create\n  NotionSyncFields auto create=notion\n},
    before => sub {
        my ($s) = @_;
        $s->sql(q{INSERT INTO contacts (name, score, vip, due, at, notes, stage, kind) VALUES ('Ada', 1.5, 1, '2026-03-01', '2026-03-01 09:00:00+00:00', 'n', 'won', 'company'),
            ('Bob', 2, 0, NULL, NULL, NULL, 'won', NULL), ('Cyd', NULL, NULL, NULL, NULL, NULL, 'new, or so', NULL), ('Dan', 3, 0, NULL, NULL, NULL, 'lost', 'person')});
    },
);
my ($sim, $httpd, $source) = ($sync->sim, $sync->httpd, $sync->source);
sub types { my $p = $sim->sim(GET => "data_source/$source")->{properties}; return join ' ', map { "$_:$p->{$_}{type}" } sort keys %$p }
sub choices { my ($name) = @_; return [map { $_->{name} } @{ $sim->sim(GET => "data_source/$source")->{properties}{$name}{options} }] }
my $config = $httpd->config;

# --- by provision

$sync->start;
$httpd->log_expect(qr/mapping\.property_missing/, qr/'new, or so' cannot become a choice/);
$sync->wait_state('blocked', code => qr/mapping\.property_missing/);
my $mark = $sync->mark;
my $printed = $sync->ctl('provision', 'contacts', '--print');
is($printed->{exit}, 0, 'provision --print');
like($printed->{out}, qr/^-- PATCH \/v1\/data_sources\/\Q$source\E\n-- \{"properties":\{"Phase":\{"select":\{"options":\[\{"name":"won"\},\{"name":"lost"\}\]\}\}/m,
    'shows what would be sent to Notion, as a comment');
ok(!$sync->classes_since($mark)->{data_source_update}, 'and sends nothing');
is(types(), 'Kind:select Name:title', 'nothing is made');
my $answer = $sync->ctl('provision', 'contacts');
is($answer->{exit}, 0, 'provision') or diag $answer->{err};
is(types(), 'Kind:select Name:title Phase:select at:date due:date e_mail:rich_text notes:rich_text score:number total:number vip:checkbox',
    'each column has its property; an email is not guessed from a name');
is_deeply(choices('Phase'), [qw(won lost)], 'a text with options=create becomes choices: those that stand there, but for one with a comma');
is(choices('Kind')->[0], 'person', 'a property that was there keeps its choices');
like($sync->ctl('provision', 'contacts', '--print')->{out}, qr/\A[^-{]*\z/, 'then there is nothing more to do');
$sync->wait_state('running');
my %want = (score => 1.5, vip => JSON::PP::true, notes => 'n', Phase => 'won', total => 2);
my $found;
wait_ok { ($found) = map { $_->{properties} } grep { $_->{properties}{Name} eq 'Ada' } $sync->raw_pages; $found && $found->{Phase} } 30, 'a page for each row';
is_deeply({ map { $_ => $found->{$_} } keys %want }, \%want, 'with the values');
is($found->{due}, '2026-03-01', 'a day');
wait_ok { ($sync->status->{triggers} // '') =~ /column title.*cannot be synced|cannot be synced.*column title/ } 20, 'what cannot become a property is named';
like($sync->status->{triggers}, qr/photo \(BLOB\) cannot be synced/, 'each with the reason');
$sync->wait_quiet;

$sync->sql('ALTER TABLE contacts ADD COLUMN fresh TEXT');
$sync->must('reconcile', 'contacts', '--full');
wait_ok { ($sync->status->{triggers} // '') =~ /lacking: property fresh \(notionsyncctl provision contacts makes them\)/ } 30,
    'a column that comes while all runs is offered, with the command that makes its property';
unlike(types(), qr/fresh/, 'which nobody else does');
$sync->must('provision', 'contacts');
$sync->edit_row('Cyd', fresh => 'new');
wait_ok { grep { ($_->{properties}{fresh} // '') eq 'new' } $sync->raw_pages } 30, 'until it is given; then it is synced';
$sync->wait_quiet;

# --- by itself, and when Notion refuses

$config =~ s/^NotionSyncProvision manual\n//m or die;
$httpd->config($config);
$sync->fault('PATCH', '^/v1/data_sources/', { status => 403, code => 'restricted_resource' });
$httpd->log_expect(qr/goes on without the fields that are lacking/);
$httpd->stop;
$sync->sql('ALTER TABLE contacts ADD COLUMN later TEXT');
$httpd->start;
$sync->wait_state('running');
$sync->edit_row('Ada', notes => 'goes on');
wait_ok { grep { ($_->{properties}{notes} // '') eq 'goes on' } $sync->raw_pages } 30, 'Notion refuses to make a property: all else is synced';
$httpd->restart;
wait_ok { types() =~ /later:rich_text/ } 30, 'the next time it is made';
$sync->edit_row('Bob', later => 'x');
wait_ok { grep { ($_->{properties}{later} // '') eq 'x' } $sync->raw_pages } 30, 'and synced';

$sync->wait_quiet;
$sync->must('pause', 'contacts');
$httpd->stop;
$sync->sql('ALTER TABLE contacts ADD COLUMN rest TEXT');
$httpd->start;
wait_ok { ($sync->status->{triggers} // '') =~ /lacking: property rest / } 30, 'while a mapping is paused what is lacking is told';
unlike(types(), qr/rest:/, 'and not made');
$sync->must('resume', 'contacts');
wait_ok { types() =~ /rest:rich_text/ } 30, 'but when it goes on';
$sync->wait_quiet;
$httpd->stop;
$sync->sql('ALTER TABLE contacts ADD COLUMN soon TEXT');
my $fault = $sync->fault('PATCH', '^/v1/data_sources/', { status => 503, retry_after => 1 });
$httpd->log_allow(qr/making properties in the data source/);
$httpd->start;
wait_ok { types() =~ /soon:rich_text/ } 30, 'what Notion cannot do just now it does soon after';
is($sync->fault_hits($fault), 1, 'it was asked before');
$sync->wait_state('running');
$sync->sql('ALTER TABLE contacts ADD COLUMN live TEXT');
$sync->must('reconcile', 'contacts', '--full');
wait_ok { types() =~ /live:rich_text/ } 30, 'for a column that comes while all runs, too';

# --- a property that was deleted

$sync->wait_quiet;
$sim->sim(PATCH => "data_source/$source", { properties => { score => undef } });
wait_ok { $httpd->log_text =~ /"score" and score are no longer paired: the property has gone/ } 30, 'that a property was deleted is said';
$sync->wait_quiet;
is($sync->sql("SELECT score FROM contacts WHERE name = 'Ada'")->[0]{score}, 1.5, 'and clears nothing in the table');
$httpd->restart;
wait_ok { my ($ada) = grep { $_->{properties}{Name} eq 'Ada' } $sync->raw_pages; ($ada->{properties}{score} // 0) == 1.5 } 30, 'made anew it is filled from the table';
is($sync->sql("SELECT score FROM contacts WHERE name = 'Ada'")->[0]{score}, 1.5, 'which keeps its value');
$sync->secrets_ok;
finish();

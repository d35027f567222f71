# relation=MAPPING: what a page refers to is the key of the other table's row, and the other way round, whatever comes first;
# what cannot be referred to yet waits, and is shown; nothing is cleared because Notion hides it.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = new_sync;
my ($sim, $httpd) = ($sync->sim, $sync->httpd);
my %source;
$source{companies} = $sim->sim(POST => 'data_source', { name => 'Companies', properties => { Name => { type => 'title' } } })->{id};
$source{people} = $sim->sim(POST => 'data_source', { name => 'People', properties => {
    Name => { type => 'title' }, Company => { type => 'relation', data_source => $source{companies} }, Boss => { type => 'relation', data_source => 'self' } } })->{id};
$sync->sql('CREATE TABLE companies (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)');
$sync->sql('CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT,'
    . ' company INTEGER REFERENCES companies (id) ON UPDATE CASCADE ON DELETE SET NULL, boss INTEGER REFERENCES people (id))');
$httpd->config($httpd->config . <<"CONF");
<NotionSyncMapping people>
  NotionSyncNotion work $source{people}
  NotionSyncExternal crm people
  NotionSyncField Name    <-> name
  NotionSyncField Company <-> company relation=companies
  NotionSyncField Boss    <-> boss    relation=people
  NotionSyncDebounce 20ms
</NotionSyncMapping>
<NotionSyncMapping companies>
  NotionSyncNotion work $source{companies}
  NotionSyncExternal crm companies
  NotionSyncField Name <-> name
  NotionSyncDebounce 20ms
</NotionSyncMapping>
CONF
$sync->start;
$sync->wait_state('running', mapping => $_) for qw(people companies);

sub pages { my ($table) = @_; return grep { !$_->{in_trash} } @{ $sim->sim(GET => "pages?data_source=$source{$table}&limit=1000")->{pages} } }
sub page  { my ($table, $name) = @_; return (grep { ($_->{properties}{Name} // '') eq $name } pages($table))[0] }
sub row   { my ($table, $name) = @_; return $sync->sql("SELECT * FROM $table WHERE name = '$name'")->[0] }
sub new_page { my ($table, %properties) = @_; return $sim->sim(POST => 'page', { data_source => $source{$table}, properties => \%properties })->{id} }
sub edit { my ($id, %properties) = @_; return $sim->sim(PATCH => "page/$id", { properties => \%properties }) }
# Names, whatever the ids are.
sub on_page {
    my ($name, $property, $table) = @_;
    my $page = page(people => $name) or return 'no page';
    my %name_of = map { $_->{id} => $_->{properties}{Name} } pages($table);
    return join ',', sort map { $name_of{$_} // "($_)" } @{ $page->{properties}{$property} // [] };
}
sub in_row {
    my ($name, $column, $table) = @_;
    my $row = row(people => $name) or return 'no row';
    return defined $row->{$column} ? $sync->sql("SELECT name FROM $table WHERE id = $row->{$column}")->[0]{name} // "($row->{$column})" : '';
}
sub both_refer {
    my ($name, $property, $table, $want, $what) = @_;
    my @found;
    wait_ok { @found = (on_page($name, $property, $table), in_row($name, lc $property, $table)); $found[0] eq $want && $found[1] eq $want } 30, $what
        or diag("the page refers to '$found[0]', the row to '$found[1]'");
    return;
}
sub quiet { wait_ok { $sim->sim(GET => 'idle')->{idle} && !grep { my $s = $sync->status($_); $s->{waiting} || $s->{pending} } qw(people companies) } 30, 'nothing is left to do'; return }
sub page_writes { my ($mark) = @_; return $sync->classes_since($mark)->{page_update} // 0 }
# What is shown of a person who is parked.
sub trouble { my ($id) = @_; my $shown = $sync->must('explain', 'people', $id); return encode($shown) }

# --- both ways, in any order

my $acme = new_page(companies => Name => 'Acme');
my $ada  = new_page(people => Name => 'Ada', Company => [$acme]);
both_refer('Ada', 'Company', 'companies', 'Acme', 'a page that refers to a page that is as new');
$sync->sql("BEGIN; INSERT INTO people (name, company, boss) VALUES ('Bob', 1001, NULL); INSERT INTO companies (id, name) VALUES (1001, 'Bolt'); COMMIT");
both_refer('Bob', 'Company', 'companies', 'Bolt', 'a row that refers to a row that is newer');
$sync->sql("BEGIN; INSERT INTO people (id, name, boss) VALUES (501, 'Cy', 502); INSERT INTO people (id, name, boss) VALUES (502, 'Di', 501);"
    . " INSERT INTO people (id, name, boss) VALUES (503, 'Ed', 503); COMMIT");
both_refer('Cy', 'Boss', 'people', 'Di', 'two rows that refer to each other');
both_refer('Di', 'Boss', 'people', 'Cy', 'and the other one');
both_refer('Ed', 'Boss', 'people', 'Ed', 'one that refers to itself');
edit($ada, Boss => [page(people => 'Cy')->{id}], Company => [page(companies => 'Bolt')->{id}]);
both_refer('Ada', 'Boss', 'people', 'Cy', 'an edit in Notion');
both_refer('Ada', 'Company', 'companies', 'Bolt', 'of two relations');
$sync->sql("UPDATE people SET company = (SELECT id FROM companies WHERE name = 'Acme'), boss = NULL WHERE name = 'Ada'");
both_refer('Ada', 'Company', 'companies', 'Acme', 'an edit of the row');
both_refer('Ada', 'Boss', 'people', '', 'which takes one out');
edit($ada, Boss => [page(people => 'Cy')->{id}]);
both_refer('Ada', 'Boss', 'people', 'Cy', 'put back in Notion');
edit($ada, Boss => []);
both_refer('Ada', 'Boss', 'people', '', 'and taken out there');
quiet();

# --- a key that changes is no edit of those who refer to it

my $mark = $sync->mark;
$sync->sql("PRAGMA foreign_keys = ON; UPDATE companies SET id = 2002 WHERE name = 'Acme'");
wait_ok { row(people => 'Ada')->{company} == 2002 } 10, 'the database lets the row follow';
quiet();
both_refer('Ada', 'Company', 'companies', 'Acme', 'a key that changed');
is(page_writes($mark), 0, 'is written to no page');
is($sync->status('people')->{parked} // 0, 0, 'and parks nothing');

# --- what is not linked yet

$sync->must('pause', 'companies');
$sync->wait_state('paused', mapping => 'companies');
my $late = new_page(companies => Name => 'Late');
my $fay  = new_page(people => Name => 'Fay', Company => [$late]);
wait_ok { row(people => 'Fay') } 20, 'a page is copied without what it refers to while that is not linked';
is(in_row('Fay', 'company', 'companies'), '', 'which stays empty');
wait_ok { $sync->status('people')->{parked} } 20, 'and is shown';
like(trouble($fay), qr/reference\.waits.*waiting for a linked record: notion refers to '\Q$late\E', which is not linked yet/, 'with what it waits for');
edit($fay, Name => 'Fay N.');
wait_ok { row(people => 'Fay N.') } 20, 'other fields go on';
$sync->sql("UPDATE people SET company = 777 WHERE name = 'Bob'");
wait_ok { $sync->status('people')->{parked} == 2 } 20, 'a key that no row has waits too';
is(on_page('Bob', 'Company', 'companies'), 'Bolt', 'and takes nothing out');
$sync->must('resume', 'companies');
both_refer('Fay N.', 'Company', 'companies', 'Late', 'filled in as soon as it is linked');
$sync->sql("INSERT INTO companies (id, name) VALUES (777, 'Seven')");
both_refer('Bob', 'Company', 'companies', 'Seven', 'so is the other one');
wait_ok { !$sync->status('people')->{parked} } 20, 'nothing waits any more';
quiet();

# --- several where one has room; more than a page shows

my @many = map { new_page(companies => Name => "Many $_") } 1 .. 30;
edit($ada, Company => [@many[0, 1]]);
wait_ok { $sync->status('people')->{parked} } 20, 'two companies have no place in a column';
is(in_row('Ada', 'company', 'companies'), 'Acme', 'which keeps what it had');
like(trouble($ada), qr/reference\.many.*refers to 2 records, and the other side has room for one/, 'and it is said');
edit($ada, Company => \@many);
wait_ok { trouble($ada) =~ /refers to 30 records/ } 20, 'thirty are read though a page shows 25';
edit($ada, Company => [$many[7]]);
both_refer('Ada', 'Company', 'companies', 'Many 8', 'one of them is carried over');
wait_ok { !$sync->status('people')->{parked} } 20, 'and all is well';
quiet();
$sync->must('verify', $_) for qw(people companies);

# --- a target that is deleted, and comes back

$sim->sim(PATCH => "page/$many[7]", { in_trash => JSON::PP::true });
wait_ok { !row(companies => 'Many 8') } 20, 'a target goes';
wait_ok { !defined row(people => 'Ada')->{company} } 20, 'the database empties what referred to it';
quiet();
is($sync->status('people')->{parked} // 0, 0, 'nothing is parked');

# --- what Notion hides is not empty

my $rows = sub { encode([map { $_->{company} } @{ $sync->sql('SELECT company FROM people ORDER BY id') }]) };
my $before = $rows->();
$sim->sim(PATCH => "data_source/$source{companies}", { shared => JSON::PP::false });
edit($_->{id}, Name => $_->{properties}{Name} . ' II') for pages('people');
$sync->wait_state('blocked', mapping => 'people', code => qr/property_missing|relation_hidden/, what => 'the mapping says that it sees the relation no more');
is($rows->(), $before, 'and clears nothing');
$sim->sim(PATCH => "data_source/$source{companies}", { shared => JSON::PP::true });
$sync->must('resume', $_) for qw(companies people);
wait_ok { row(people => 'Bob II') && row(people => 'Fay N. II') } 60, 'when it is shared again the edits arrive';
both_refer('Bob II', 'Company', 'companies', 'Seven', 'beside what was there');
quiet();
$sync->must('verify', $_) for qw(people companies);
$httpd->log_allow(qr/reference\.|waiting for a linked record|refers to|blocked|not shared|Companies|Company|no property|could not be found|Could not find/);

finish();

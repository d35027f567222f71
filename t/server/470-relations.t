# relation=MAPPING: what a page refers to is the key of the other table's row, and the other way round, whatever comes first;
# what cannot be referred to yet waits, and is shown; nothing is cleared because Notion hides it. Takes minutes.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = new_sync;
my ($sim, $httpd) = ($sync->sim, $sync->httpd);
my %source;
$source{companies} = $sim->sim(POST => 'data_source', { name => 'Companies', properties => { Name => { type => 'title' } } })->{id};
$source{people} = $sim->sim(POST => 'data_source', { name => 'People', properties => {
    Name => { type => 'title' }, Company => { type => 'relation', data_source => $source{companies} }, Boss => { type => 'relation', data_source => 'self' },
    Friends => { type => 'relation', data_source => 'self' }, Clubs => { type => 'relation', data_source => $source{companies} } } })->{id};
# A two-way relation: Notion keeps Teams (of people) and Members (of teams) equal by itself.
$source{teams} = $sim->sim(POST => 'data_source', { name => 'Teams', properties => { Name => { type => 'title' },
    Members => { type => 'relation', data_source => $source{people}, dual => 'Team' } } })->{id};
$sync->sql('CREATE TABLE companies (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)');
$sync->sql('CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT,'
    . ' company INTEGER REFERENCES companies (id) ON UPDATE CASCADE ON DELETE SET NULL, boss INTEGER REFERENCES people (id),'
    . ' friends TEXT, clubs TEXT, team INTEGER)');
$sync->sql('CREATE TABLE teams (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, members TEXT)');
$httpd->config($httpd->config . <<"CONF");
<NotionSyncMapping people>
  NotionSyncNotion work $source{people}
  NotionSyncExternal crm people
  NotionSyncField Name    <-> name
  NotionSyncField Company <-> company relation=companies
  NotionSyncField Boss    <-> boss    relation=people
  NotionSyncField Friends <-> friends relation=people    format=json
  NotionSyncField Clubs   <-> clubs   relation=companies format=csv
  NotionSyncField Team    <-> team    relation=teams
  NotionSyncDebounce 20ms
</NotionSyncMapping>
<NotionSyncMapping companies>
  NotionSyncNotion work $source{companies}
  NotionSyncExternal crm companies
  NotionSyncField Name <-> name
  NotionSyncDebounce 20ms
</NotionSyncMapping>
<NotionSyncMapping teams>
  NotionSyncNotion work $source{teams}
  NotionSyncExternal crm teams
  NotionSyncField Name    <-> name
  NotionSyncField Members <-> members relation=people format=json
  NotionSyncDebounce 20ms
</NotionSyncMapping>
CONF
my @mappings = qw(people companies teams);
$sync->start;
$sync->wait_state('running', mapping => $_) for @mappings;

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
sub quiet { wait_ok { $sim->sim(GET => 'idle')->{idle} && !grep { my $s = $sync->status($_); $s->{waiting} || $s->{pending} } @mappings } 30, 'nothing is left to do'; return }
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

# What is asked of Ada's page.
sub asked_of_ada { my ($mark) = @_; return join ' ', map { $_->{path} =~ /\Q$ada\E\z/ ? $_->{class} : () } $sync->requests_since($mark) }
my $before = $sync->mark;
$sync->sql("UPDATE people SET company = 1001 WHERE name = 'Ada'");
both_refer('Ada', 'Company', 'companies', 'Bolt', 'a relation of one end');
quiet();
is(asked_of_ada($before), 'page_read page_update', 'is written without its echo being read');
$before = $sync->mark;
$sync->sql("INSERT INTO teams (id, name) VALUES (9001, 'Twos'); UPDATE people SET team = 9001, company = (SELECT id FROM companies WHERE name = 'Acme') WHERE name = 'Ada'");
both_refer('Ada', 'Team', 'teams', 'Twos', 'an end of a two-way relation');
quiet();
like(asked_of_ada($before), qr/page_update page_read\z/, 'whose event is read: what it tells of may be what was written at the other end');
$sync->sql("UPDATE people SET team = NULL WHERE name = 'Ada'");
both_refer('Ada', 'Team', 'teams', '', 'taken out');
both_refer('Ada', 'Company', 'companies', 'Acme', 'and as before');
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

# --- lists of keys, member by member

# Names of both sides, whatever the ids are.
sub list_on_page { my ($name, $property, $of, $table) = @_;
    my $page = (grep { ($_->{properties}{Name} // '') eq $name } pages($of))[0] or return 'no page';
    my %name_of = map { $_->{id} => $_->{properties}{Name} } pages($table);
    return join ',', sort map { $name_of{$_} // "($_)" } @{ $page->{properties}{$property} // [] };
}
sub keys_in_row { my ($name, $column, $of) = @_;
    my $text = (row($of => $name) // {})->{$column} // '';
    return $text =~ /^\[/ ? @{ JSON::PP->new->decode($text) } : split /,/, $text;
}
sub list_in_row { my ($name, $column, $of, $table) = @_;
    my %name_of = map { $_->{id} => $_->{name} } @{ $sync->sql("SELECT id, name FROM $table") };
    return join ',', sort map { $name_of{$_} // "($_)" } keys_in_row($name, $column, $of);
}
sub both_list {
    my ($name, $property, $of, $table, $want, $what, $time) = @_;
    my @found;
    wait_ok { @found = (list_on_page($name, $property, $of, $table), list_in_row($name, lc $property, $of, $table)); $found[0] eq $want && $found[1] eq $want }
        $time // 30, $what or diag("the page refers to '$found[0]', the row to '$found[1]'");
    return;
}
my %page_of = map { $_->{properties}{Name} => $_->{id} } pages('people');
edit($ada, Friends => [@page_of{'Bob', 'Cy'}], Clubs => [@many[1, 2]]);
both_list('Ada', 'Friends', people => 'people', 'Bob,Cy', 'a list of pages becomes a list of keys');
both_list('Ada', 'Clubs', people => 'companies', 'Many 2,Many 3', 'as CSV too');
like(row(people => 'Ada')->{friends}, qr/^\[\d+,\d+\]$/, 'keys that are numbers stand as numbers in JSON');
$sync->sql("UPDATE people SET friends = json_array(502, (SELECT id FROM people WHERE name = 'Ada')) WHERE name = 'Ada'");
edit($ada, Friends => [@page_of{'Bob', 'Cy', 'Ed'}]);
both_list('Ada', 'Friends', people => 'people', 'Ada,Di,Ed', 'added on both sides, removed on one: merged; one refers to itself');
$sync->sql("UPDATE people SET friends = json_array((SELECT id FROM people WHERE name = 'Ada')) WHERE id = 502");
both_list('Di', 'Friends', people => 'people', 'Ada', 'two that refer to each other');
$sync->sql("UPDATE people SET friends = '[502, 12345]' WHERE name = 'Cy'");
wait_ok { $sync->status('people')->{parked} } 20, 'a key that no row has waits';
is(list_on_page('Cy', 'Friends', people => 'people'), 'Di', 'and holds up no other');
like(trouble(page(people => 'Cy')->{id}), qr/reference\.waits.*waiting for 1 linked record: external refers to '12345', which is not linked yet/, 'which is said');
is(row(people => 'Cy')->{friends}, '[502, 12345]', 'nothing is rewritten for that');
edit(page(people => 'Cy')->{id}, Friends => [@page_of{'Di', 'Ed'}]);
wait_ok { join(' ', sort { $a <=> $b } keys_in_row('Cy', 'friends', 'people')) eq '502 503 12345' } 20, 'what waits stays where it is when others come';
$sync->sql("INSERT INTO people (id, name) VALUES (12345, 'Gil')");
both_list('Cy', 'Friends', people => 'people', 'Di,Ed,Gil', 'and is carried as soon as it is linked');
wait_ok { !$sync->status('people')->{parked} } 20, 'then all is well';
$sync->sql("UPDATE people SET friends = 'Gil' WHERE name = 'Di'");
wait_ok { $sync->status('people')->{parked} } 20, 'a column that holds no list';
like(trouble(page(people => 'Di')->{id}), qr/field\.unfit.*holds 'Gil', which is no JSON array of keys/, 'is shown');
$sync->sql("UPDATE people SET friends = NULL WHERE name = 'Di'");
both_list('Di', 'Friends', people => 'people', '', 'an emptied list empties the relation');
$sync->sql("DELETE FROM people WHERE id = 12345");
wait_ok { !page(people => 'Gil') } 20, 'a member goes';
quiet();
is($sync->status('people')->{parked} // 0, 0, 'which is no trouble');
is(row(people => 'Cy')->{friends} =~ /12345/ ? 1 : 0, 1, 'and no removal');
$sync->sql("UPDATE people SET friends = '[502]' WHERE name = 'Cy'");
both_list('Cy', 'Friends', people => 'people', 'Di', 'until somebody removes it');
quiet();
$sync->must('verify', $_) for qw(people companies);

# --- 500 members, and a relation of two ends

my $team = new_page(teams => Name => 'Crowd');
wait_ok { row(teams => 'Crowd') } 20, 'a team';
my $team_id = row(teams => 'Crowd')->{id};
$mark = $sync->mark;
$sync->sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO people (id, name, team) SELECT 20000 + i, 'Person ' || i, $team_id FROM n");
wait_ok { @{ $sim->sim(GET => "page/$team")->{properties}{Members} // [] } == 500 } 120, '500 rows that refer to one: Notion makes a list of 500 of that';
my $spent = sub { my $classes = $sync->classes_since($_[0]); my $all = 0; $all += $_ for values %$classes; return ($all, $classes) };
wait_ok { keys_in_row('Crowd', 'members', 'teams') == 500 } 60, 'which the row gets';
quiet();
my ($all, $classes) = $spent->($mark);
diag("500 rows to Notion and the list of them back: $all requests: " . encode($classes));
is($classes->{page_create}, 500, 'one request a record');
is($classes->{page_update} // 0, 0, 'none for the list');
$mark = $sync->mark;
my @members = @{ $sim->sim(GET => "page/$team")->{properties}{Members} };
edit($team, Members => [@members[2 .. 499]]);
wait_ok { keys_in_row('Crowd', 'members', 'teams') == 498 } 60, 'two less in Notion are two less in the row';
wait_ok { $sync->sql("SELECT count(*) AS n FROM people WHERE team = $team_id")->[0]{n} == 498 } 60, 'and those two refer to no team';
quiet();
($all, $classes) = $spent->($mark);
diag("two members less in Notion: $all requests: " . encode($classes));
is($classes->{page_update} // 0, 0, 'nothing is written to Notion for that');
$mark = $sync->mark;
$sync->sql("UPDATE people SET team = NULL WHERE id = 20300");
wait_ok { keys_in_row('Crowd', 'members', 'teams') == 497 } 60, 'one row less is one member less';
quiet();
($all, $classes) = $spent->($mark);
diag("one row less: $all requests: " . encode($classes));
is($classes->{page_update}, 1, 'for one write');
my $rest = row(teams => 'Crowd')->{members};
$sync->sql("UPDATE teams SET members = json_remove(members, '\$[0]') WHERE id = $team_id");
wait_ok { $sync->status('teams')->{parked} } 20, 'a list of more than a hundred cannot be written to Notion';
like(encode($sync->must('explain', 'teams', $team)), qr/reference\.many.*496 records are to be referred to, and Notion takes a list whole, with no more than 100/, 'which is said');
$sync->sql("UPDATE teams SET members = '$rest' WHERE id = $team_id");
wait_ok { !$sync->status('teams')->{parked} } 20, 'put back, all is well';
quiet();
is(scalar keys_in_row('Crowd', 'members', 'teams'), 497, 'and nothing is lost');

# Both ends at once: each is the other's echo.
my $small = new_page(teams => Name => 'Small');
wait_ok { row(teams => 'Small') } 20, 'another team';
my @free = @{ $sync->sql('SELECT id, name FROM people WHERE team IS NULL AND id > 20000 ORDER BY name LIMIT 2') };
$sync->sql("UPDATE teams SET members = '[$free[0]{id},$free[1]{id}]' WHERE name = 'Small'");
both_list('Small', 'Members', teams => 'people', "$free[0]{name},$free[1]{name}", 'a list that is short enough goes to Notion');
my $small_id = row(teams => 'Small')->{id};
wait_ok { $sync->sql("SELECT count(*) AS n FROM people WHERE team = $small_id")->[0]{n} == 2 } 60, 'and its other end to the rows of its members';
quiet();
is($sync->status($_)->{parked} // 0, 0, "nothing is parked: $_") for @mappings;
$sync->must('verify', $_) for @mappings;
my $written = sub { my $classes = $sync->classes_since($_[0]); return [grep { /create|update/ } sort keys %$classes] };
my $rows_written = sub { $sync->sql('SELECT count(*) AS n FROM _notionsync_intent')->[0]{n} };
my $intents = $rows_written->();
$mark = $sync->mark;
$sync->must('reconcile', $_, '--full') for @mappings;
quiet();
is_deeply($written->($mark), [], 'nothing goes on: all compared again, nothing is written to a page');
is($rows_written->(), $intents, 'nor to a row');
$mark = $sync->mark;
$sync->must('reconcile', 'people', '--full');
quiet();
is($sync->classes_since($mark)->{page_read} // 0, 0, 'and no page is read that shows what is known, an empty list of references neither');

# --- a target that is deleted, and comes back

$sim->sim(PATCH => "page/$many[7]", { in_trash => JSON::PP::true });
wait_ok { !row(companies => 'Many 8') } 20, 'a target goes';
wait_ok { !defined row(people => 'Ada')->{company} } 20, 'the database empties what referred to it';
quiet();
is($sync->status('people')->{parked} // 0, 0, 'nothing is parked');

# --- what Notion hides is not empty

my $rows = sub { encode([map { $_->{company} } @{ $sync->sql('SELECT company FROM people ORDER BY id') }]) };
my $shown = $rows->();
$sim->sim(PATCH => "data_source/$source{companies}", { shared => JSON::PP::false });
edit($_->{id}, Name => $_->{properties}{Name} . ' II') for pages('people');
wait_ok { row(people => 'Bob II') && row(people => 'Fay N. II') } 60, 'the other fields go on';
is($rows->(), $shown, 'and nothing is cleared');
my @hidden;
wait_ok { @hidden = @{ $sync->must('status', 'people')->[0]{fields}{suspended} } } 60, 'the mapping says that it sees the relation no more';
is_deeply([sort map { $_->{notion} } @hidden], ['Clubs', 'Company'], 'and suspends these fields');
like($hidden[0]{what}, qr/not shared/, 'saying what it may be');
$sim->sim(PATCH => "data_source/$source{companies}", { shared => JSON::PP::true });
$sync->must('resume', $_) for qw(companies people);
wait_ok { !@{ $sync->must('status', 'people')->[0]{fields}{suspended} } } 60, 'when it is shared again the field is synced again';
both_refer('Bob II', 'Company', 'companies', 'Seven', 'beside what was there');
quiet();
$sync->must('verify', $_) for qw(people companies);
$httpd->log_allow(qr/reference\.|field\.unfit|waiting for (a|\d+) linked record|refers to|blocked|not shared|Companies|Company|no property|could not be found|Could not find/);

finish();

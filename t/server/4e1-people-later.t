# Somebody who is not known in Notion yet is looked for again ten minutes later, by nobody's order: then the field is filled in. Until
# then edits of the record ask nobody who there is.
use strict;
use warnings;
use NotionSync::Clock;
use NotionSync::Sync;

my $clock = NotionSync::Clock->new;
my $sync = start_sync(
    env    => $clock->env,
    source => { properties => { Name => { type => 'title' }, Notes => { type => 'rich_text' }, Owner => { type => 'people' } } },
    table  => 'CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, notes TEXT, owner TEXT)',
    fields => qq{  NotionSyncField "Name" <-> name\n  NotionSyncField "Notes" <-> notes\n  NotionSyncField "Owner" <-> owner format=csv\n},
);
my $sim = $sync->sim;
$sync->httpd->log_expect(qr/no person in Notion is called 'zoe|clock/);
$sync->sql(q{INSERT INTO contacts (name, notes, owner) VALUES ('One', '1', 'zoe@example.org')});
my $pages = sub { return $sim->sim(GET => 'pages?data_source=' . $sync->source)->{pages} };
wait_ok { @{ $pages->() } == 1 } 20, 'the record is made without the person';
is_deeply($pages->()->[0]{properties}{Owner}, [], 'who is not known');
$sim->sim(POST => 'user', { name => 'Zoe', email => 'zoe@example.org' });
my $asked = sub { return $sim->sim(GET => 'counts')->{classes}{users} // 0 };
my $before = $asked->();
for my $n (2 .. 4) {
    $sync->sql("UPDATE contacts SET notes = '$n'");
    wait_ok { $pages->()->[0]{properties}{Notes} eq $n } 20, 'the record is edited';
}
is($asked->(), $before, 'which asks nobody who there is');
is_deeply($pages->()->[0]{properties}{Owner}, [], 'and finds nobody');

$clock->set('+620');
$sync->sql(q{UPDATE contacts SET notes = 'later'});
my ($zoe) = map { $_->{id} } grep { $_->{name} eq 'Zoe' } @{ $sim->sim(GET => 'world')->{users} };
wait_ok { encode($pages->()->[0]{properties}{Owner}) eq encode([$zoe]) } 30, 'ten minutes later the person is there';
is($asked->(), $before + 1, 'found by one request');
finish();

# What is not certain of Notion (docs/design/uncertain.md): under each reading that the simulator can be set to nothing is lost, nothing is
# written twice, and what cannot be said to Notion waits for a person, by field where Notion names one.
use strict;
use warnings;
use NotionSync::Sync;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $sync = start_sync(
    source => { properties => { Name => { type => 'title' }, Notes => { type => 'rich_text' }, Stage => { type => 'status', options => [qw(Lead Won)], default => 'Lead' },
        Tags => { type => 'multi_select', options => [qw(x y z)] }, Due => { type => 'date' }, 'E-mail' => { type => 'email' }, Peer => { type => 'relation', data_source => 'self', dual => 'Back' },
        Total => { type => 'formula', value => 42 } } },
    table  => 'CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, notes TEXT, stage TEXT, tags TEXT, due DATETIME, email TEXT, peer INTEGER, total INTEGER)',
    fields => join('', map { "  NotionSyncField $_\n" } 'Name <-> name', 'Notes <-> notes', 'Stage <-> stage', 'Tags <-> tags format=csv', 'Due <-> due', '"E-mail" <-> email', 'Peer <-> peer relation=contacts', 'Total -> total'),
);
my $sim = $sync->sim;
$sync->sql(q{INSERT INTO contacts (name, stage, tags, due, email) VALUES ('One', 'Won', 'x,y', '2026-12-01T10:20:33Z', 'a@e.org'), ('Two', 'Won', NULL, NULL, NULL)});
wait_ok { keys %{ pages() } == 2 } 20, 'two records';
my %id = map { $_ => pages()->{$_}{id} } qw(One Two);
$sync->wait_quiet;

# --- seconds of times (16.12)
is(page()->{Due}, '2026-12-01T10:20:00.000+00:00', 'a time goes to Notion by its minute');
is(row()->{due}, '2026-12-01T10:20:33Z', 'and keeps its seconds in the row');
for my $precision (qw(minute ms)) {
    with(date_precision => $precision);
    edit(due => "2026-12-02T10:2$_:33Z") for $precision eq 'minute' ? 1 : 2;
    my $want = '2026-12-02T10:2' . ($precision eq 'minute' ? 1 : 2);
    wait_ok { page()->{Due} eq "$want:00.000+00:00" } 20, "dates that are kept to the $precision: the row's time";
    $sync->wait_quiet;
    is(row()->{due}, "$want:33Z", 'which stays as it was');
    my $before = writes();
    edit(due => "$want:44Z", notes => "seconds $precision");
    wait_ok { page()->{Notes} eq "seconds $precision" } 20, 'another second of that minute';
    $sync->wait_quiet;
    is(row()->{due}, "$want:44Z", 'is the row\'s own');
    is(writes() - $before, 1, 'and no edit');
}
person(Due => '2026-12-05T08:30:00Z');
wait_ok { row()->{due} =~ /\A2026-12-05T08:30(?::00)?Z\z/ } 20, 'a new time from Notion';

# --- a status that is taken away (16.10)
my %end = (default => ['Lead', 'Lead'], unset => [undef, undef], refused => ['Won', undef]);
for my $reading (qw(default unset refused)) {
    with(null_status => $reading);
    edit(stage => 'Won', notes => "before $reading");
    wait_ok { page()->{Stage} // '' eq 'Won' and page()->{Notes} eq "before $reading" } 20, "a status set to null, which Notion takes as: $reading";
    $sync->wait_quiet;
    $sync->httpd->log_expect(qr/notion\.value: .*Stage/) if $reading eq 'refused';
    my $before = writes();
    edit(stage => undef, notes => "null $reading");
    wait_ok { page()->{Notes} eq "null $reading" } 20, 'the other fields go on';
    wait_ok { encode([page()->{Stage}, row()->{stage}]) eq encode($end{$reading}) } 20, 'page and row: ' . encode($end{$reading});
    $sync->wait_quiet;
    cmp_ok(writes() - $before, '<=', $reading eq 'refused' ? 3 : 2, 'and that is all that is written, what was refused included');
}
is(outcome(), 'notion.value', 'a refused one is parked');
with(null_status => 'default');
edit(stage => 'Won');
wait_ok { !defined outcome() } 20, 'until it is another';

# --- a status that Notion does not know (16.10)
$sync->httpd->log_expect(qr/has no choice 'Bogus'/);
for my $reading (qw(refused made)) {
    with(unknown_status => $reading);
    edit(stage => 'Bogus', notes => "bogus $reading");
    wait_ok { page()->{Notes} eq "bogus $reading" && (outcome() // '') eq 'field.unfit' } 20, "an unknown status, which Notion would have $reading: parked before it is sent";
    is(page()->{Stage}, 'Won', 'the page has what it had');
    edit(stage => 'Won');
    wait_ok { !defined outcome() } 20, 'and goes on with a known one';
}
is_deeply([map { $_->{name} } @{ $sim->sim(GET => 'data_source/' . $sync->source)->{properties}{Stage}{options} }], [qw(Lead Won)], 'no option was made');

# --- what lists that are written do to what was there (16.11)
edit(tags => 'x,y', peer => 2);
wait_ok { encode([sort @{ page()->{Tags} }]) eq '["x","y"]' && @{ page()->{Peer} } == 1 } 20, 'two tags, a relation';
$sync->wait_quiet;
with(array_writes => 'add');
my $before = writes();
edit(tags => 'y,z');
wait_ok { row()->{tags} eq 'x,y,z' } 20, 'should Notion add instead of replacing, what was taken out is there again, on both sides';
$sync->wait_quiet;
is(writes() - $before, 1, 'written once, not for ever');
with(array_writes => 'replace');
edit(tags => 'z');
wait_ok { encode(page()->{Tags}) eq '["z"]' } 20, 'else it goes';

# --- how long an address may be, and a request (16.9)
my $long = 'e' x 140 . '@e.org';
$sync->httpd->log_expect(qr/notion\.value: .*E-mail/, qr/notion\.refused: .*body\.length/, qr/notion\.too_large/);
with(short_max => 100);
edit(email => $long, notes => 'short');
wait_ok { page()->{Notes} eq 'short' && (outcome() // '') eq 'notion.value' } 20, 'an address of more than 100 characters, if that is the limit, is parked alone';
with(short_max => 200);
edit(notes => 'long');
wait_ok { page()->{'E-mail'} eq $long && !defined outcome() } 20, 'and goes with the next edit, if it is 200';
for my $status (400, 413) {
    with(request_max => 3000, request_status => $status);
    edit(notes => 'x' x 4000);
    wait_ok { (outcome() // '') eq ($status == 413 ? 'notion.too_large' : 'notion.refused') } 20, "a request that is too large for Notion, answered $status, is parked";
    with(request_max => 512000);
    edit(notes => "shorter $status");
    wait_ok { page()->{Notes} eq "shorter $status" && !defined outcome() } 20, 'until it is shorter';
}

# --- whether what is in the trash can be read (16.5)
$sync->httpd->log_expect(qr/notion\.missing/);
with(trash_readable => $false);
$sim->sim(PATCH => "page/$id{Two}", { in_trash => $true });
wait_ok { (outcome(2) // '') eq 'notion.missing' } 20, 'a trashed page that reads as missing';
is($sync->sql('SELECT COUNT(*) AS n FROM contacts')->[0]{n}, 2, 'takes no row along');
with(trash_readable => $true);
$sim->sim(PATCH => "page/$id{Two}", { in_trash => $false });
wait_ok { !defined outcome(2) } 20, 'restored it goes on';
$sim->sim(PATCH => "page/$id{Two}", { in_trash => $true });
wait_ok { $sync->sql('SELECT COUNT(*) AS n FROM contacts')->[0]{n} == 1 } 20, 'one that can be read takes its row along';
edit(peer => undef);
$sync->wait_quiet;

# --- whether archiving is told of (16.4): an archived page stays a record
for my $event ($false, $true) {
    with(archive_event => $event);
    $sim->sim(PATCH => "page/$id{One}", { archived => $true });
    edit(notes => "archived $event");
    wait_ok { page()->{Notes} eq "archived $event" } 20, 'archived, ' . ($event ? 'with' : 'without') . ' an event: edits go on';
    $sim->sim(PATCH => "page/$id{One}", { archived => $false });
    $sync->wait_quiet;
}

# --- whether the other end of a relation counts as edited (16.4)
$sync->sql(q{INSERT INTO contacts (name) VALUES ('Three')});
wait_ok { pages()->{Three} } 20, 'one more record';
my $three = row('Three')->{id};
for my $stamps ($false, $true) {
    with(mirror_stamps => $stamps);
    $before = writes();
    edit(peer => $stamps ? undef : $three);
    wait_ok { @{ page()->{Peer} } == ($stamps ? 0 : 1) } 20, 'a relation changes, its other end ' . ($stamps ? 'with' : 'without') . ' an event';
    $sync->wait_quiet;
    is(writes() - $before, 1, 'one write');
}

# --- whether a computed value that changes counts as an edit (16.4)
wait_ok { row()->{total} == 42 } 20, 'a computed value';
$sim->sim(PATCH => 'data_source/' . $sync->source, { properties => { Total => { value => 43 } } });
$sync->must('reconcile', 'contacts', '--full');
wait_ok { row()->{total} == 43 } 20, 'another one, untold, is found by a full run';
person(Total => 44);
wait_ok { row()->{total} == 44 } 20, 'one that is told of, at once';

# --- deliveries (16.1, 16.13, versions)
with(duplicate => 1, event_ids => 'new', webhook_type => '');
$before = reads();
person(Notes => 'told twice');
wait_ok { row()->{notes} eq 'told twice' } 20, 'an event that comes twice under two ids, without a content type';
$sync->wait_quiet;
cmp_ok(reads() - $before, '<=', 2, 'costs one request more at most');
is(entries('told twice'), 1, 'and is carried over once');
with(event_ids => 'same', webhook_type => 'text/plain; charset=iso-8859-1');
$before = reads();
person(Notes => 'told again');
wait_ok { row()->{notes} eq 'told again' } 20, 'an event that comes twice under one id, as another type';
$sync->wait_quiet;
is(reads() - $before, 1, 'is read once');
with(duplicate => 0, webhook_type => 'application/json');
for my $version (qw(2025-09-03 2022-06-28 2026-03-11)) {
    with(webhook_version => $version);
    person(Notes => "told as of $version");
    wait_ok { row()->{notes} eq "told as of $version" } 20, "a payload of $version";
    my $seen = $sim->sim(GET => 'events')->{last};
    $sim->sim(PATCH => 'data_source/' . $sync->source, { properties => { Stage => { add_option => "As of $version" } } });
    wait_ok { grep { $_->{type} =~ /schema_updated/ && $_->{state} eq 'delivered' } @{ $sim->sim(GET => "events?since=$seen")->{events} } } 20, 'a change of the schema is taken';
    edit(stage => "As of $version");
    wait_ok { page()->{Stage} eq "As of $version" } 30, 'and known';
    edit(stage => 'Won');
}

# --- what Notion adds without another version (16.14)
with(novelties => $true);
person(Notes => 'with more in it');
wait_ok { row()->{notes} eq 'with more in it' } 20, 'answers with parts that nobody knows are read';
edit(notes => 'and written');
wait_ok { page()->{Notes} eq 'and written' } 20, 'and written';
$sync->must('reconcile', 'contacts', '--full');
$sync->wait_quiet;
is_deeply([page()->{Notes}, row()->{notes}], ['and written', 'and written'], 'and compared');

# --- the id of a property whose type was changed (16.7); that it stays is seen by t/server/4f0-schema.t
$sync->httpd->log_expect(qr/"Due" and due is suspended/);
my $due = row()->{due};
for my $type (qw(rich_text date)) {
    $sim->sim(PATCH => 'data_source/' . $sync->source, { properties => { Due => { retype => $type, keep_id => $false } } });
    wait_ok { my @gone = @{ $sync->status->{fields}{suspended} }; @gone == 1 && $gone[0]{external} eq 'due' } 30, "a property that is $type under another id is another one: its field is suspended";
    edit(notes => "beside $type");
    wait_ok { page()->{Notes} eq "beside $type" } 20, 'the others go on';
}
is(row()->{due}, $due, 'and nothing is cleared');
like($sync->status->{fields}{suspended}[0]{advice}, qr/restore|map/i, 'it says what to do') or diag encode($sync->status->{fields});
finish();

sub with   { return $sim->sim(POST => 'settings', {@_}) }
sub pages  { return { map { $_->{properties}{Name} => $_ } @{ $sim->sim(GET => 'pages?data_source=' . $sync->source)->{pages} } } }
sub page   { return pages()->{One}{properties} }
sub row    { my ($name) = @_; return $sync->sql("SELECT * FROM contacts WHERE name = '" . ($name // 'One') . "'")->[0] // {} }
sub writes { return $sim->sim(GET => 'counts')->{classes}{page_update} }
sub reads  { return $sim->sim(GET => 'counts')->{classes}{page_read} }
sub person { my (%edit) = @_; return $sim->sim(PATCH => "page/$id{One}", { properties => \%edit }) }
sub outcome { return $sync->must('explain', 'contacts', $_[0] // 1)->{outcome}{code} }
sub entries { my ($text) = @_; return scalar grep { encode($_) =~ /\Q$text/ } @{ $sync->must('audit', 'contacts') } }

sub edit {
    my (%set) = @_;
    return $sync->sql('UPDATE contacts SET ' . join(', ', map { "$_ = " . (defined $set{$_} ? "'$set{$_}'" : 'NULL') } sort keys %set) . " WHERE name = 'One'");
}

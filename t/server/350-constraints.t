# A value that one side cannot take parks its own record or field, with the reason, and nothing else; an edit that makes it
# possible, on either side, lifts it.
use strict;
use warnings;
use NotionSync::Sync;

my $table = 'CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, notes TEXT, score REAL NOT NULL CHECK (typeof(score) = \'text\' OR score < 100), kind TEXT, '
    . 'tags TEXT, stage TEXT, due DATE, vip BOOLEAN, site TEXT, email TEXT UNIQUE, phone VARCHAR(10), no TEXT, made DATETIME, seen DATETIME, extra TEXT)';
my $sync = start_sync(table => $table, before => sub { $_[0]->add_pages(map { { name => "Record $_", score => $_, email => "r$_\@x.org" } } 1 .. 8) });
$sync->wait_equal;
$sync->wait_quiet;

sub why { my ($name) = @_; return $sync->must('explain', 'contacts', $sync->page_id($name)) }

# Parked, with a code and words; others go on. Then what lifts it.
sub parks {
    my ($name, $what, $break, $code, $words, $lift) = @_;
    $break->();
    my $now;
    wait_ok { $now = why($name); ($now->{trouble} // '') eq 'parked' } 20, "$what: parked" or diag encode($now);
    like($now->{outcome}{code} // '', $code, 'with its reason');
    like(encode($now->{outcome}), $words, 'in words');
    is($sync->status->{parked}, 1, 'and nothing else');
    my ($free) = grep { $_ ne $name } 'Record 7', 'Record 8';
    $sync->edit_page($free, notes => "beside $what");
    $sync->wait_row($free, notes => "beside $what", what => 'another record goes on');
    my $phone = 'p' . length $what;
    $sync->edit_row($free, phone => $phone);
    $sync->wait_page($free, phone => $phone, what => 'both ways');
    $lift->();
    wait_ok { !why($name)->{trouble} } 20, 'an edit lifts it' or diag encode(why($name));
    $sync->wait_equal(what => "equal after $what");
    $sync->wait_quiet;
}

# --- the table refuses

parks('Record 1', 'a CHECK', sub { $sync->edit_page('Record 1', score => 500) }, qr/sql\.constraint/, qr/CHECK|score/,
    sub { $sync->edit_page('Record 1', score => 50) });
is($sync->row('Record 1')->{score}, 50, 'the value that it can take is there');

parks('Record 2', 'UNIQUE', sub { $sync->edit_page('Record 2', email => 'r3@x.org', notes => 'and more') }, qr/sql\.constraint/, qr/UNIQUE|email/,
    sub { $sync->edit_page('Record 2', email => 'r2b@x.org') });
is($sync->row('Record 2')->{notes}, 'and more', 'the rest of the edit came with it');

parks('Record 3', 'NOT NULL', sub { $sync->edit_page('Record 3', score => undef) }, qr/./, qr/score|NOT NULL/i,
    sub { $sync->edit_page('Record 3', score => 33) });
my $id = $sync->page_id('Record 3');
$sync->edit_page($id, name => undef);
wait_ok { my ($row) = $sync->rows("score = 33"); !defined $row->{name} } 20, 'a text that is NOT NULL can be empty all the same';
$sync->edit_page($id, name => 'Record 3');
$sync->wait_row('Record 3');

parks('Record 4', 'a text too long', sub { $sync->edit_page('Record 4', phone => '12345678901234') }, qr/./, qr/10|phone|long/i,
    sub { $sync->edit_page('Record 4', phone => '1234567890') });

# A page that cannot become a row.
my $new = $sync->add_page(name => 'New', score => 1000);
my $found;
wait_ok { $found = $sync->ctl('explain', 'contacts', $new, '--json')->{json}; $found && ($found->{trouble} // '') eq 'parked' } 20,
    'a page that cannot be created as a row is parked';
is(scalar(() = $sync->rows), 8, 'and no half of it is there');
$sync->edit_page($new, score => 10);
$sync->wait_row('New', score => 10, what => 'until it can be');
$sync->wait_quiet;

# One that lacks what a row must have waits for that, and says for what; the edit that fills it in is tried at once.
my $lacks = $sync->add_page(name => 'Lacks', notes => 'something');
wait_ok { $found = $sync->ctl('explain', 'contacts', $lacks, '--json')->{json}; $found && ($found->{outcome}{code} // '') eq 'sql.required' } 20,
    'a page that lacks a value waits for it' or diag encode($found);
is_deeply([@{ $found->{outcome} }{qw(field remedy)}], ['score', 'wait'], 'of the column that is named');
like($found->{outcome}{advice}, qr/fill in the property "Score"/, 'and the property');
like($sync->httpd->get('/notionsync?page=failures')->{body}, qr/waits for a value of the column score/, 'which the dashboard says, too');
$sync->edit_page($lacks, score => 7);
$sync->wait_row('Lacks', score => 7, notes => 'something', what => 'until it is there');
$sync->wait_quiet;

# --- Notion refuses

parks('Record 5', 'a status that Notion does not have', sub { $sync->edit_row('Record 5', stage => 'Nonsense', notes => 'goes on') },
    qr/./, qr/Nonsense|Stage|status/, sub { $sync->edit_row('Record 5', stage => 'Won') });
is($sync->page('Record 5')->{notes}, 'goes on', 'other fields of that record are not held up');

parks('Record 6', 'a text where a number belongs', sub { $sync->sql("UPDATE contacts SET score = 'many' WHERE name = 'Record 6'") },
    qr/./, qr/many|score/i, sub { $sync->edit_row('Record 6', score => 6.5) });

# --- a trigger of the application that refuses, and one that rewrites

$sync->sql("CREATE TRIGGER refuse BEFORE UPDATE ON contacts WHEN NEW.notes = 'forbidden' BEGIN SELECT RAISE(ABORT, 'house rule 7'); END");
parks('Record 1', 'a trigger', sub { $sync->edit_page('Record 1', notes => 'forbidden') }, qr/sql\.constraint/, qr/house rule 7/,
    sub { $sync->edit_page('Record 1', notes => 'allowed') });
$sync->sql("CREATE TRIGGER tidy AFTER UPDATE OF email ON contacts WHEN NEW.email <> lower(NEW.email) "
    . 'BEGIN UPDATE contacts SET email = lower(NEW.email) WHERE id = NEW.id; END');
$sync->edit_page('Record 2', email => 'UPPER@X.ORG');
$sync->wait_page('Record 2', email => 'upper@x.org', what => 'what a trigger rewrites comes back');
$sync->wait_equal;
$sync->wait_quiet;
my $mark = $sync->mark;
$sync->must('reconcile', 'contacts', '--full');
is($sync->classes_since($mark)->{page_update} // 0, 0, 'once');

# --- S5.8: unique values that wait for each other

my %mail = map { $_ => $sync->row("Record $_")->{email} } 5 .. 8;
$sync->must('pause', 'contacts');
$sync->edit_page('Record 5', email => $mail{6});    # a chain: 5 waits for 6, 6 for 7, 7 goes first or last, as it comes
$sync->edit_page('Record 6', email => $mail{7});
$sync->edit_page('Record 7', email => 'free@x.org');
$sync->must('resume', 'contacts');
$sync->wait_row('Record 5', email => $mail{6}, what => 'a chain completes, whatever came first: its last');
$sync->wait_row('Record 6', email => $mail{7}, what => 'its middle');
$sync->wait_row('Record 7', email => 'free@x.org', what => 'its first');
wait_ok { !$sync->status->{parked} } 20, 'nobody is parked any more';
$sync->wait_quiet;

# A circle: each has what another one wants. They go together, in one transaction.
sub swaps {
    my ($what, %wanted) = @_;
    my %had = map { $_ => $sync->row("Record $_")->{email} } keys %wanted;
    $sync->must('pause', 'contacts');
    $sync->edit_page("Record $_", email => $had{ $wanted{$_} }) for sort keys %wanted;
    $sync->must('resume', 'contacts');
    $sync->wait_row("Record $_", email => $had{ $wanted{$_} }, what => "$what: record $_") for sort keys %wanted;
    wait_ok { !$sync->status->{parked} } 20, "$what: nobody is parked any more";
    $sync->wait_equal(what => "$what: equal");
    $sync->wait_quiet;
    my $mark = $sync->mark;
    $sync->must('reconcile', 'contacts', '--full');
    is($sync->classes_since($mark)->{page_update} // 0, 0, "$what: nothing comes back as an edit");
}
swaps('two that swap', 7 => 8, 8 => 7);
swaps('three in a circle', 5 => 6, 6 => 7, 7 => 5);
my @own = grep { ($_->{op} // '') eq 'update' && ($_->{state} // '') eq 'applied' } @{ $sync->must('audit', 'contacts', $sync->page_id('Record 7')) };
cmp_ok(scalar @own, '>=', 2, 'each has an entry of its own in the audit') or diag encode(\@own);

# No value can stand in for one of them: they wait for a person, and ask nobody anything.
$sync->sql("CREATE TRIGGER never BEFORE UPDATE OF email ON contacts WHEN NEW.email IS NULL OR NEW.email NOT LIKE '%@%' BEGIN SELECT RAISE(ABORT, 'no address'); END");
my %had = map { $_ => $sync->row("Record $_")->{email} } 7, 8;
$sync->must('pause', 'contacts');
$sync->edit_page('Record 7', email => $had{8});
$sync->edit_page('Record 8', email => $had{7});
$sync->must('resume', 'contacts');
my %parked;
wait_ok { %parked = map { $_->{key} => $_ } @{ $sync->must('failures', 'contacts') }; 2 == grep { ($_->{outcome}{remedy} // '') eq 'person' } values %parked } 20,
    'two that cannot make way for each other are parked' or diag encode(\%parked);
my ($seven, $eight) = map { $sync->row_key("Record $_") } 7, 8;
is($parked{$seven}{outcome}{blocker}, $eight, 'one names the other');
is($parked{$eight}{outcome}{blocker}, $seven, 'and the other the one');
like($sync->ctl('failures', 'contacts')->{out}, qr/no value can stand in column email of row \d+ .*no address/s, 'and what is in the way');
my $before = $sync->mark;
select undef, undef, undef, 3;
is_deeply($sync->classes_since($before), {}, 'they ask nobody anything while they wait');
$sync->edit_page('Record 8', email => 'away@x.org');
$sync->wait_row('Record 7', email => $had{8}, what => 'as soon as one lets go, the other has its value');
wait_ok { !$sync->status->{parked} } 20, 'both are well';
$sync->wait_equal;
$sync->wait_quiet;

$sync->verify_ok(equal => 10);
$sync->httpd->log_expect(qr/sql\.constraint/, qr/sql\.required/, qr/field\.unfit/, qr/field\.lossy/, qr/field\.opaque/);
finish();

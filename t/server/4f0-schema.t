# The schema changes while all runs (S5.4): a property that is deleted, of another type or hidden, or a column that is dropped, suspends its own
# field. The others go on; it is said once, in the log, on the dashboard and by the tool; put right, the field catches up by itself, and
# nothing that went with it is taken for an edit. A property that nobody has mapped is offered; options are found on either side.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = start_sync(
    before => sub { $_[0]->add_pages(map { { name => "Record $_", notes => "note $_", score => $_, stage => 'Lead', kind => 'person', tags => ['vip'], email => "r$_\@example.org" } } 1 .. 12) },
    notion => 'NotionSyncBudget 6000/60s',
);
my ($sim, $source, $httpd) = ($sync->sim, $sync->source, $sync->httpd);
$sync->wait_equal(seconds => 60);
$sync->wait_quiet;

sub schema { my (%change) = @_; $sim->sim(PATCH => "data_source/$source", { properties => \%change }); return }
sub suspended { return @{ $sync->status->{fields}{suspended} } }
sub wait_suspended {
    my ($column, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @now;
    wait_ok { @now = suspended(); @now == 1 && $now[0]{external} eq $column } 30, $what;
    return $now[0] // {};
}
sub wait_resumed {
    my ($what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return wait_ok { !suspended() } 30, $what;
}
sub said { my ($text) = @_; my $count = () = $httpd->log_text =~ /$text/g; return $count }
my @columns = @{ [@NotionSync::Sync::TWO_WAY] };
sub equal_but { my ($column, $what) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; return $sync->wait_equal(columns => [grep { $_ ne $column } @columns], what => $what) }

# --- a property is deleted, and restored

schema(Notes => undef);
my $field = wait_suspended(notes => 'a property that was deleted suspends its field');
like($field->{what}, qr/deleted in Notion/, 'says why');
like($field->{advice}, qr/restore it in Notion/, 'and what to do');
is($sync->status->{state}, 'running', 'the mapping runs');
is($sync->ctl('status')->{exit}, 0, 'and the tool finds no fault with it');
like($sync->ctl('status', 'contacts')->{out}, qr/suspended, the other fields go on: "Notes" and notes/, 'but says so to people');
like($httpd->get('/notionsync')->{body}, qr/Notes.{0,200}is suspended/s, 'so does the first page of the dashboard');
like($httpd->get('/notionsync?page=mapping&mapping=contacts')->{body}, qr/deleted in Notion.{0,200}restore it in Notion/s, 'and the page of the mapping, with what to do');
$sync->edit_page('Record 1', email => 'new@example.org');
$sync->wait_row('Record 1', email => 'new@example.org', what => 'the other fields go on, to the row');
$sync->edit_row('Record 2', score => 22, notes => 'edited meanwhile');
$sync->wait_page('Record 2', score => 22, what => 'and to the page');
$sync->add_row(name => 'Made meanwhile', notes => 'of a new row', stage => 'Won');
$sync->wait_page('Made meanwhile', stage => 'Won', what => 'records are made');
$sync->add_page(name => 'Page meanwhile');
$sync->wait_row('Page meanwhile', what => 'on either side');
$sync->must('reconcile', 'contacts', '--full');
$sync->must('reconcile', 'contacts', '--full');
$sync->wait_quiet;
my $verify = $sync->ctl('verify', 'contacts');
like($verify->{out}, qr/not compared, because suspended: "Notes" and notes: the property 'Notes' was deleted/, 'verify names what it does not compare');
like($httpd->get('/notionsync?page=mapping&mapping=contacts')->{body}, qr/verify.{0,600}not compared, because suspended: &quot;Notes&quot; and notes</s, 'so does the dashboard, of that run');
is($verify->{exit}, 0, 'all else is equal') or diag $verify->{out};
is(said(qr/"Notes" and notes is suspended/), 1, 'the log says it once');
is($sync->row('Record 3')->{notes}, 'note 3', 'and nothing is cleared');
my $mark = $sync->mark;
schema(Notes => { restore => JSON::PP::true() });
wait_resumed('restored, it is synced again by itself');
unlike($sync->ctl('verify', 'contacts')->{out}, qr/not compared/, 'and compared');
$sync->wait_page('Record 2', notes => 'edited meanwhile', what => 'what was edited meanwhile arrives');
$sync->wait_page('Made meanwhile', notes => 'of a new row', what => 'and the field of what was made meanwhile');
$sync->wait_equal;
$sync->wait_quiet;
my $class = $sync->classes_since($mark);
cmp_ok($class->{page_update} // 0, '<=', 2, 'with no write more than that') or diag encode($class);
cmp_ok($class->{page_read} // 0, '<=', 16, 'and no page read twice (they are too young for what a query shows of them)') or diag encode($class);
cmp_ok($class->{query} // 0, '<=', 3, 'by one run') or diag encode($class);
is(said(qr/"Notes" and notes is synced again/), 1, 'and the log says so');

# --- a conflict is a conflict

schema(Score => undef);
wait_suspended(score => 'another property is deleted');
$sync->edit_row('Record 4', score => 44);
$sync->wait_quiet;
schema(Score => { restore => JSON::PP::true() });
$sync->edit_page('Record 5', score => 55);
wait_resumed('and restored');
$sync->wait_page('Record 4', score => 44);
$sync->wait_row('Record 5', score => 55);

# --- made again under its id it is empty: nothing is cleared by that

my ($id) = map { $_->{id} } grep { $_ } $sim->sim(GET => "data_source/$source")->{properties}{Phone};
$sync->edit_row('Record 6', phone => '+49 1');
$sync->wait_page('Record 6', phone => '+49 1');
$sync->wait_quiet;
schema(Phone => undef);
wait_suspended(phone => 'a third one');
$sync->edit_row('Record 7', phone => '+49 7');
schema(Phone => { type => 'phone_number', id => $id =~ s/%([0-9A-F]{2})/chr hex $1/ger });
wait_resumed('comes back without its values');
$sync->wait_page('Record 6', phone => '+49 1', what => 'which are put back from the rows');
$sync->wait_page('Record 7', phone => '+49 7', what => 'as edited meanwhile');
is($sync->row('Record 6')->{phone}, '+49 1', 'and not taken for edits');

# --- another type, and back

schema(Notes => { retype => 'button' });
$field = wait_suspended(notes => 'a property of another type suspends its field');
like($field->{what}, qr/was synced as rich_text in Notion, and is button now/, 'saying what it was, and is');
like($field->{advice}, qr/former type \(rich_text\)/, 'and what to do');
$sync->edit_row('Record 3', notes => 'edited while it was a button');
$sync->edit_row('Record 4', score => 45);
$sync->wait_page('Record 4', score => 45, what => 'the others go on');
$httpd->graceful;
wait_ok { $sync->is_quiet } 60, 'also after a restart';
is(scalar(suspended()), 1, 'which forgets nothing');
is(said(qr/"Notes" and notes is suspended/), 2, 'and says nothing twice');
schema(Notes => { retype => 'rich_text' });
wait_resumed('given its type again it is synced again');
$sync->wait_page('Record 3', notes => 'edited while it was a button');
$sync->wait_page('Record 9', notes => 'note 9', what => 'what the other type cleared is put back');
is($sync->row('Record 9')->{notes}, 'note 9', 'and was never taken for an edit');
$sync->wait_equal;
$sync->edit_page('Record 9', notes => undef);
$sync->wait_row('Record 9', notes => undef, what => 'afterwards a person can clear it');

# --- another type that fits: what it cleared or altered is no edit either

$sync->wait_quiet;
schema(Kind => { retype => 'rich_text' });
wait_ok { $sync->is_quiet && !suspended() } 30, 'a type that fits as well is bound at once';
$sync->edit_row('Record 1', kind => 'free text now');
$sync->wait_page('Record 1', kind => 'free text now', what => 'and holds what that type holds');
is($sync->row('Record 2')->{kind}, 'person', 'values that follow are the same');

# --- a column

$sync->wait_quiet;
my $without_triggers = join ' ', 'BEGIN IMMEDIATE;', map { "DROP TRIGGER _notionsync_${_}_contacts;" } qw(insert update delete);
$sync->sql("$without_triggers ALTER TABLE contacts DROP email; COMMIT"); # at once: the module puts its triggers back
$sync->edit_page('Record 8', email => 'meanwhile@example.org', score => 88);
$field = wait_suspended(email => 'a column that is dropped suspends its field');
like($field->{what}, qr/no field 'email' any more/, 'says why');
wait_ok { ($sync->row('Record 8')->{score} // 0) == 88 } 60, 'the others go on';
$sync->sql("$without_triggers ALTER TABLE contacts ADD email TEXT; COMMIT");
$sync->must('resume', 'contacts');
wait_resumed('put back, and empty');
$sync->wait_row('Record 8', email => 'meanwhile@example.org', what => 'it is filled from Notion');
$sync->wait_row('Record 10', email => 'r10@example.org', what => 'all of it');
$sync->wait_equal(seconds => 60);
is($sync->page('Record 10')->{email}, 'r10@example.org', 'and clears nothing there');

# --- a property that nobody has mapped; names; options

schema('Due "soon"' => { type => 'date' });
wait_ok { grep { $_->{property} eq 'Due "soon"' } @{ $sync->must('status', 'contacts')->[0]{fields}{offered} } } 30, 'a new property is offered';
my ($offer) = grep { $_->{property} eq 'Due "soon"' } @{ $sync->must('status', 'contacts')->[0]{fields}{offered} };
is($offer->{line}, 'NotionSyncField "Due \"soon\"" <-> "due_soon"', 'with the line that would map it');
is($offer->{lacks}, 'the table has no such column yet', 'and what that lacks');
my ($extra) = grep { $_->{property} eq 'Unmapped' } @{ $sync->must('status', 'contacts')->[0]{fields}{offered} };
ok($extra, 'so is one that was always there');
like($sync->ctl('status', 'contacts')->{out}, qr/not mapped: NotionSyncField "Due \\"soon\\""/, 'to people, too');
like($httpd->get('/notionsync?page=mapping&mapping=contacts')->{body}, qr/NotionSyncField &quot;Due/, 'and on the dashboard');
schema(Stage => { add_option => 'Dormant' }, Notes => { rename => 'Remarks' });
$sync->wait_quiet;
$sync->edit_row('Record 11', stage => 'Dormant');
wait_ok { ($sync->page('Record 11')->{stage} // '') eq 'Dormant' } 30, 'an option that was added in Notion can be used in the table at once';
$sync->edit_row('Record 12', notes => 'by its new name');
wait_ok { grep { ($_->{properties}{Remarks} // '') eq 'by its new name' } $sync->raw_pages } 30, 'a property of another name is followed by its id';
$sync->edit_row('Record 11', tags => ['vip', 'brand new']);
$sync->wait_page('Record 11', tags => ['brand new', 'vip'], what => 'an option that the table adds is made in Notion');
$sync->wait_quiet;
is($sync->status->{parked} // 0, 0, 'nothing is parked');
is($sync->status->{held} // 0, 0, 'nor held');
$httpd->log_expect(qr/is suspended, the others go on/);
$httpd->log_allow(qr/sql\.(?:triggers|schema)|notion\.schema_changed|does not get on/);
$sync->secrets_ok;
finish();

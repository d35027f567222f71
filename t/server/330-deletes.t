# Deletes: each side's travels, comes back when it is taken back, loses against an edit; but nothing is ever emptied: a mass
# delete, the last record, and more than half wait for a person, and a short listing deletes nothing.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = start_sync(before => sub { $_[0]->add_pages(map { { name => "Record $_", notes => "n $_", tags => ['vip'] } } 1 .. 40) });
$sync->wait_equal;
$sync->wait_quiet;

# --- each way, and back

$sync->sql("UPDATE contacts SET extra = 'unmapped' WHERE name = 'Record 1'");
my $key  = $sync->row_key('Record 1');
my $page = $sync->page_id('Record 1');
$sync->trash_page('Record 1');
wait_ok { !$sync->row('Record 1') } 20, 'a page in the trash: its row is deleted';
$sync->wait_quiet;
my ($entry) = grep { $_->{op} eq 'remove' } $sync->audit;
is_deeply([@$entry{qw(side page key state)}], ['external', $page, $key, 'applied'], 'the delete is in the audit');
$sync->restore_page($page);
my $row = $sync->wait_row('Record 1', notes => 'n 1', tags => ['vip'], extra => 'unmapped',
    what => 'taken out of the trash: the row is back, columns included that are not mapped');
is($row->{key}, $key, 'under its key');
$sync->wait_quiet;
is($sync->page_id('Record 1'), $page, 'of the same page');

my $other = $sync->page_id('Record 2');
$sync->delete_row('Record 2');
wait_ok { !$sync->page('Record 2') } 20, 'a deleted row: its page is trashed';
is(($sync->trashed)[0]{page}, $other, 'not purged');
$sync->wait_quiet;
is($sync->status->{active}, 39, 'and linked no more');
$sync->restore_page($other);
$sync->wait_row('Record 2', notes => 'n 2', what => 'the page taken out of the trash brings back the row');
$sync->wait_equal;
$sync->wait_quiet;

# --- restored as soon as it was trashed: Notion tells of both as of one change, or of neither

# The page of a row that was deleted, out of the trash again before Notion tells anybody. What was told of it since.
sub restore_at_once {
    my ($name, $cancel) = @_;
    my $lost = $sync->page_id($name);
    my $last = $sync->sim->sim(GET => 'events')->{last};
    $sync->sim->sim(POST => 'settings', { aggregate_ms => 600_000, cancel => $cancel });
    $sync->delete_row($name);
    wait_for { !$sync->page($name) } 20, 'its page is trashed';
    $sync->restore_page($lost);
    $sync->sim->sim(POST => 'settings', { aggregate_ms => 50, cancel => JSON::PP::true() });
    $sync->sim->sim(POST => 'flush');
    wait_for { $sync->sim->sim(GET => 'idle')->{idle} } 20, 'what is told was told';
    return grep { $_->{entity} eq $lost } @{ $sync->sim->sim(GET => "events?since=$last")->{events} };
}

my @told = restore_at_once('Record 8', JSON::PP::false());
is_deeply([map { $_->{type}, scalar @{ $_->{body}{authors} } } @told], ['page.deleted', 2], 'one event that we and a person caused');
$sync->wait_row('Record 8', notes => 'n 8', what => 'is no echo of ours: the row is back');
$sync->wait_quiet;
@told = restore_at_once('Record 9', JSON::PP::true());
is_deeply([map { $_->{type} } @told], [], 'no event at all');
$sync->wait_quiet;
ok(!$sync->row('Record 9'), 'nobody knows of it');
$sync->wait_listed;
$sync->must('reconcile', 'contacts');
$sync->wait_row('Record 9', notes => 'n 9', what => 'until a listing of edits shows it: the row is back');
$sync->wait_equal;
$sync->wait_quiet;

# --- an edit wins over a delete

$sync->must('pause', 'contacts');
my $third = $sync->page_id('Record 3');
$sync->delete_row('Record 3');
$sync->edit_page($third, notes => 'edited meanwhile');
my $fourth = $sync->page_id('Record 4');
$sync->edit_row('Record 4', notes => 'edited meanwhile');
$sync->trash_page($fourth);
$sync->must('resume', 'contacts');
$sync->wait_row('Record 3', notes => 'edited meanwhile', what => 'a deleted row comes back for the edit of its page');
$sync->wait_page('Record 4', notes => 'edited meanwhile', what => 'a trashed page for the edit of its row');
is($sync->page_id('Record 4'), $fourth, 'the very page');
$sync->wait_equal;
$sync->wait_quiet;
$sync->verify_ok(equal => 40);

# --- a key is used again; a key is changed

$sync->sql("UPDATE contacts SET id = 1001 WHERE name = 'Record 5'");
$sync->edit_row('Record 5', notes => 'under a new key');
$sync->wait_page('Record 5', notes => 'under a new key', what => 'a record keeps its page when its key changes');
is(scalar(() = $sync->raw_pages), 40, 'no page was made for it');
my $sixth = $sync->row_key('Record 6');
$sync->sql("BEGIN; DELETE FROM contacts WHERE id = $sixth; " . $sync->insert_sql(id => $sixth, name => 'Record 6', notes => 'replaced') . '; COMMIT');
$sync->wait_page('Record 6', notes => 'replaced', what => 'delete and insert in one transaction is a replacement');
is(scalar(() = $sync->raw_pages), 40, 'of the same page');
$sync->wait_equal;
$sync->wait_quiet;

# --- a page that is out of sight is not deleted

$sync->patch_page('Record 7', { shared => JSON::PP::false() });
$sync->must('reconcile', 'contacts', '--full');
ok($sync->row('Record 7'), 'a page that is not shared any more (404) deletes nothing');
$sync->patch_page($sync->page_id('Record 7'), { shared => JSON::PP::true() });
$sync->fault('POST', '/query$', { short_page => JSON::PP::true() });
$sync->must('reconcile', 'contacts', '--full');
is(scalar(() = $sync->rows), 40, 'nor does a listing that was cut short');

# --- mass delete

$sync->sql('DELETE FROM contacts');
wait_ok { $sync->status->{held} > 0 } 20, 'a mass delete is held';
$sync->wait_quiet(what => 'and nothing more happens');
my $gone = () = $sync->trashed;
cmp_ok($gone, '<=', 5, 'at most five pages of forty were trashed by it');
is($sync->status->{held}, 40 - $gone, 'all others are held');
my ($held) = $sync->pages;
my $why = $sync->must('explain', 'contacts', $held->{page});
like($why->{outcome}{code}, qr/delete|limit/, 'explain says why');
like(encode($why->{outcome}), qr/limit|half/, 'in words');
$sync->must('reconcile', 'contacts', '--full');
is(scalar(() = $sync->trashed), $gone, 'a reconciliation does not go on with it');
$sync->edit_page($held->{page}, notes => 'still needed');
$sync->wait_row($held->{name}, notes => 'still needed', what => 'an edit of a held page brings its row back');
$sync->httpd->restart;
$sync->wait_state('running');
$sync->must('reconcile', 'contacts', '--full');
is(scalar(() = $sync->trashed), $gone, 'nor does a restart');
$sync->httpd->log_expect(qr/held/, qr/notion\.missing/);

# --- the last record; hold; ignore

my %case = (
    propagate => sub { my ($s, $n) = @_; wait_ok { !$s->page('One') } 20, 'propagate: a deleted row trashes its page' },
    hold      => sub { my ($s, $n) = @_; wait_ok { $s->status->{held} == 1 } 20, 'hold: a deleted row is held'; ok($s->page('One'), 'and its page stays') },
    ignore    => sub { my ($s, $n) = @_; wait_ok { $s->status->{active} == 1 } 20, 'ignore: a deleted row is let go'; ok($s->page('One'), 'and its page stays') },
);
for my $rule (sort keys %case) {
    my $s = start_sync(mapping => "NotionSyncDeletes $rule", before => sub { $_[0]->add_pages({ name => 'One' }, { name => 'Two' }) });
    $s->wait_equal;
    $s->wait_quiet;
    $s->delete_row('One');
    $case{$rule}->($s);
    $s->wait_quiet;
    $s->httpd->log_expect(qr/NotionSyncDeletes says $rule/) if $rule ne 'propagate';
    next unless $rule eq 'propagate';
    $s->delete_row('Two');
    wait_ok { $s->status->{held} == 1 } 20, 'the last record is never deleted by itself';
    ok($s->page('Two'), 'its page stays');
    $s->httpd->log_expect(qr/last record/);
}

finish();

# A row that has children is deleted with its page, and the database deletes them with it: it does not come back by itself, but when a person says
# so, who is told what went; on the command line, and on the dashboard.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = start_sync(before => sub { $_[0]->add_pages(map { { name => "Record $_", notes => "n $_", tags => ['vip'] } } 1 .. 8) });
$sync->wait_equal;
$sync->wait_quiet;
my %key = map { $_ => $sync->row_key("Record $_") } 1 .. 8;
$sync->sql('CREATE TABLE orders (id INTEGER PRIMARY KEY, contact INTEGER REFERENCES contacts (id) ON DELETE CASCADE)');
$sync->sql('CREATE TABLE calls (id INTEGER PRIMARY KEY, contact INTEGER REFERENCES contacts (id) ON DELETE SET NULL)');
$sync->sql("INSERT INTO orders (contact) VALUES ($key{1}), ($key{1}), ($key{1}), ($key{2}); INSERT INTO calls (contact) VALUES ($key{1}), ($key{2})");

# Its page is trashed, its row goes; then the page is wanted again.
sub trash_and_restore {
    my ($name) = @_;
    my $page = $sync->page_id($name);
    $sync->trash_page($name);
    wait_ok { !$sync->row($name) } 20, "the page of $name is trashed: its row is deleted";
    $sync->wait_quiet;
    $sync->restore_page($page);
    return $page;
}

my $page = trash_and_restore('Record 1');
wait_ok { $sync->status->{held} == 1 } 20, 'the page is back, and its row is held';
ok(!$sync->row('Record 1'), 'it does not come back alone');
my $why = $sync->must('explain', 'contacts', $page);
is($why->{outcome}{code}, 'held.children', 'the tool says why');
like($why->{outcome}{what}, qr/3 rows of orders were deleted with it/,            'what was deleted with it');
like($why->{outcome}{what}, qr/1 row of calls does not refer to it any more/, 'and what lost its reference');
my ($held) = @{ $sync->must('held', 'contacts') };
is($held->{decide}, 'delete', 'delete or restore can be said');
$sync->httpd->restart;
$sync->wait_state('running');
$sync->must('reconcile', 'contacts', '--full');
ok(!$sync->row('Record 1'), 'a restart and a full run change nothing');
is($sync->status->{held}, 1, 'it is held still');

$sync->must('approve', 'contacts', $page, 'restore');
my $row = $sync->wait_row('Record 1', notes => 'n 1', tags => ['vip'], what => 'restore: it comes back');
is($row->{key}, $key{1}, 'under its key');
is($sync->sql("SELECT count(*) AS n FROM orders WHERE contact = $key{1}")->[0]{n}, 0, 'without what went with it');
$sync->wait_equal;
$sync->wait_quiet;
is($sync->status->{held}, 0, 'and is not held again');

# --- the dashboard

my $httpd = $sync->httpd;
trash_and_restore('Record 2');
wait_ok { $sync->status->{held} == 1 } 20, 'another one';
my $body = $httpd->get('/notionsync?page=held&mapping=contacts')->{body};
like($body, qr/would come back alone.*1 row of calls.*1 row of orders was deleted with it.*Delete it.*Restore it/s, 'is shown with what went and both buttons');
my ($shown) = @{ decode($httpd->get('/notionsync?page=held&mapping=contacts&json')->{body})->{held} };
my ($token) = $httpd->get('/notionsync?page=mapping&mapping=contacts')->{body} =~ /name="token" value="([^"]+)"/;
$httpd->post('/notionsync', "mapping=contacts&token=$token&action=approve&link=$shown->{id}&choice=delete&fingerprint=$shown->{fingerprint}",
    headers => { 'content-type' => 'application/x-www-form-urlencoded', origin => $httpd->url });
wait_ok { !$sync->page('Record 2') } 20, 'delete: its page goes, too';
$sync->wait_quiet;
like($httpd->get('/notionsync?page=audit&mapping=contacts')->{body}, qr/1 row of orders was deleted with it/, 'the audit shows what went');

trash_and_restore('Record 3');
$sync->wait_row('Record 3', notes => 'n 3', what => 'a row to which nobody referred comes back by itself');
$sync->wait_quiet;

# --- somebody else deleted it

my $fourth = $sync->page_id('Record 4');
$sync->must('pause', 'contacts');
$sync->delete_row('Record 4');
$sync->edit_page($fourth, notes => 'edited meanwhile');
$sync->must('resume', 'contacts');
wait_ok { $sync->status->{held} == 1 } 20, 'deleted by the application, edited in Notion: held';
like($sync->must('explain', 'contacts', $fourth)->{outcome}{what}, qr/which rows of calls, orders .* is not known/, 'for what went with it is not known');
$sync->must('approve', 'contacts', $fourth, 'restore');
$sync->wait_row('Record 4', notes => 'edited meanwhile', what => 'restore: it comes back, with the edit');
$sync->wait_equal;
$sync->wait_quiet;

# --- undo

$sync->sql("INSERT INTO orders (contact) VALUES ($key{5})");
$sync->trash_page('Record 5');
wait_ok { !$sync->row('Record 5') } 20, 'a delete that is taken back';
$sync->wait_quiet;
my ($removed) = grep { $_->{op} eq 'remove' && $_->{side} eq 'external' && $_->{key} eq $key{5} } $sync->audit;
like($removed->{taken} // '', qr/1 row of orders was deleted with it/, 'whose entry says what went with the row');
my $undone = $sync->ctl('undo', $removed->{entry});
is($undone->{exit}, 1, 'is not taken back whole');
like($undone->{out} . $undone->{err}, qr/would come back alone: 1 row of orders was deleted with it/, 'for this reason');
wait_ok { $sync->page('Record 5') } 20, 'the page is back';
ok(!$sync->row('Record 5'), 'and the row is not');
is($sync->status->{held}, 1, 'which waits for a person');
$sync->httpd->log_expect(qr/held\.children/);
finish();

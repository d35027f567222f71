# NotionSyncAudit values=off: the audit says who, what, when and why, and holds none of the values; a write that a crash left
# open keeps its own until it is settled, and is recovered; undo is off and says so.
# Takes minutes.
use strict;
use warnings;
use NotionSync::Sync;

my $secret = 'Zq9-unheard-of';
my $sync = start_sync(mapping => 'NotionSyncConflict last-write-wins tie=notion', config => 'NotionSyncAudit keep=30d values=off',
    before => sub { $_[0]->add_pages(map { { name => $_, notes => "$secret before" } } qw(One Two Three Four Five Six)) });
sub kept {      # rows of the audit and the inbox that hold a value
    my ($s) = @_;
    return scalar @{ sqlite($s->httpd->state . '/notionsync.db', "SELECT id FROM entry WHERE state <> 0 AND (coalesce(fields, '') LIKE '%$secret%' OR coalesce(note, '') LIKE "
            . "'%$secret%' OR image IS NOT NULL) UNION ALL SELECT id FROM inbox WHERE image IS NOT NULL") };
}
$sync->wait_equal;
$sync->wait_quiet;
is(kept($sync), 0, 'the first sync leaves no value in the audit');

$sync->edit_page('One', notes => "$secret after");
$sync->wait_row('One', notes => "$secret after");
$sync->wait_quiet;
my ($entry) = grep { $_->{op} eq 'update' } reverse $sync->audit('One');
is_deeply([@$entry{qw(side state)}], ['external', 'applied'], 'an edit is in the audit');
like($entry->{fields}[0]{name}, qr/Notes/, 'with the name of the field');
ok(length($entry->{fields}[0]{reason} // ''), 'and why');
ok(!grep({ defined $entry->{fields}[0]{$_} } qw(before after agreed lost)), 'and no value');
my $undo = $sync->ctl('undo', $entry->{entry}, '--json');
is($undo->{exit}, 1, 'undo is refused');
like($undo->{out} . $undo->{err}, qr/undo is off.*values=off/, 'and says why');

# A conflict, a value that is refused, a delete each way.
$sync->must('pause', 'contacts');
$sync->edit_row('Two', notes => "$secret of the table");
$sync->edit_page('Two', notes => "$secret of Notion");
wait_ok { $sync->sim->sim(GET => 'idle')->{idle} } 10, 'both sides are edited';
$sync->must('resume', 'contacts');
$sync->wait_row('Two', notes => "$secret of Notion");
$sync->delete_row('Three');
wait_ok { !$sync->page('Three') } 20, 'a delete goes to Notion';
my $four = $sync->page_id('Four');
$sync->trash_page('Four');
wait_ok { !$sync->row('Four') } 20, 'and one comes from there';
$sync->wait_quiet;
is(kept($sync), 0, 'conflicts and deletes leave no value either, nor an image of a row');
# What that costs: a deleted row cannot be made again.
$sync->restore_page($four);
wait_ok { $sync->status->{held} == 1 } 20, 'a page taken out of the trash cannot bring back a row that was not kept';
like(encode($sync->must('explain', 'contacts', $four)->{outcome}), qr/image/, 'which is what the tool says');

my $page = $sync->httpd->get('/notionsync?page=audit')->{body};
unlike($page, qr/$secret (?:before|after|of)/, 'the dashboard shows no value of the audit');
like($page, qr/Notes/, 'and the names of the fields');
unlike($page, qr/>Undo</, 'and offers no undo');

# The worker dies while a write is held in Notion: the intent has its values, and is recovered.
my $fault = $sync->fault(PATCH => '^/v1/pages/' . $sync->page_id('Five') . '$', { delay_after_ms => 3000 });
$sync->edit_row('Five', notes => "$secret in flight");
wait_ok { $sync->fault_hits($fault) } 10, 'a write is in Notion\'s hands';
$sync->kill_workers;
my $open = sqlite($sync->httpd->state . '/notionsync.db', "SELECT fields FROM entry WHERE state = 0");
like(encode($open), qr/\Q$secret in flight/, 'killed: the open intent keeps its values');
wait_ok { $sync->status->{pending} == 0 } 150, 'the intent is settled';
is(kept($sync), 0, 'and has no value any more');
is($sync->page('Five')->{notes}, "$secret in flight", 'the write had arrived');
$sync->httpd->log_expect(qr/was ended by signal 9/, qr/held\.restore/);
$sync->httpd->log_allow(qr/notion\./);

finish();

# Another database in the place of the one that was synced - an older copy put back, or a new one - stops the mapping before
# anything is written or deleted on its word; a person says resume, and both sides become equal.
use strict;
use warnings;
use File::Copy qw(copy);
use NotionSync::Sync;

sub seed { my ($s) = @_; $s->add_pages(map { { name => "Record $_", notes => 'before' } } 1 .. 12); return }

# Puts a file in the place of the table's, as restoring a backup does.
sub put_in_place {
    my ($sync, $from) = @_;
    my $new = $sync->file . '.new';
    copy($from, $new) or die "$new: $!";
    $sync->httpd->give($new, 0600);
    rename $new, $sync->file or die "rename: $!";
    return;
}

sub nothing_happens {
    my ($sync, $mark, $what) = @_;
    is_deeply([grep { $_->{method} ne 'GET' && $_->{class} ne 'query' } $sync->requests_since($mark)], [], "$what: nothing was written to Notion");
    is(scalar(() = $sync->trashed), 0, "$what: no page was trashed");
    return;
}

# --- an older copy

my $sync = start_sync(before => \&seed);
$sync->wait_equal;
$sync->wait_quiet;
$sync->sql("UPDATE contacts SET phone = 'in the backup' WHERE name = 'Record 1'");
$sync->wait_page('Record 1', phone => 'in the backup');
$sync->wait_quiet;
my $backup = $sync->temp_dir_of . '/backup.db';
$sync->sql("VACUUM INTO '$backup'");
$sync->edit_row('Record 2', notes => 'after the backup');
$sync->wait_page('Record 2', notes => 'after the backup');
$sync->add_row(name => 'Made after the backup');
$sync->wait_page('Made after the backup');
$sync->edit_page('Record 3', notes => 'in Notion after the backup');
$sync->wait_row('Record 3', notes => 'in Notion after the backup');
$sync->wait_quiet;

my $mark = $sync->mark;
put_in_place($sync, $backup);
$sync->edit_row('Record 4', notes => 'after restoring');        # so that there is something to notice
my $status = $sync->wait_state('waiting', seconds => 60, what => 'an older copy of the database stops the mapping');
like($status->{outcome}{what}, qr/restored|older|another/, 'with the reason');
like($status->{outcome}{advice}, qr/notionsyncctl resume contacts/, 'and what to do');
nothing_happens($sync, $mark, 'an older copy');
$sync->edit_page('Record 5', notes => 'while it waits');
wait_ok { $sync->sim->sim(GET => 'idle')->{idle} } 10, 'events are taken while it waits';
is($sync->row('Record 5')->{notes}, 'before', 'but nothing is written');
$sync->httpd->graceful;
$sync->wait_state('waiting', what => 'a graceful restart does not change that');
is($sync->row('Record 5')->{notes}, 'before', 'nor write anything');
$sync->must('resume', 'contacts');
$sync->wait_row('Record 5', notes => 'while it waits', what => 'a person says resume, and it goes on');
$sync->wait_page('Record 4', notes => 'after restoring', what => 'in both directions');
$sync->wait_quiet;
$sync->wait_equal(what => 'both sides are equal');
is(scalar(() = $sync->raw_pages), 13, 'no page was made twice');
my @entries = $sync->audit;
ok((grep { $_->{op} eq 'update' && $_->{side} eq 'notion' && grep { ($_->{before} // '') eq 'after the backup' } @{ $_->{fields} } } @entries),
    'the value that the older copy overwrote is in the audit');
is(scalar(grep { $_->{op} eq 'remove' } @entries), 1, 'and so is the page whose row it does not have');
is(($sync->trashed)[0]{name}, 'Made after the backup', 'which is in the trash, not purged');
$sync->verify_ok;
$sync->httpd->log_expect(qr/external\.(?:restored|other)/);

# --- another database altogether

my $other = start_sync(before => \&seed);
$other->wait_equal;
$other->wait_quiet;
my $empty = $other->temp_dir_of . '/empty.db';
sqlite($empty, $other->table_sql);
$mark = $other->mark;
put_in_place($other, $empty);
$other->add_row(name => 'Stranger');
$status = $other->wait_state('waiting', seconds => 90, what => 'an empty database in its place stops the mapping');
like($status->{outcome}{what}, qr/another|restored/, 'with the reason');
nothing_happens($other, $mark, 'an empty database');
is(scalar(() = $other->rows), 1, 'nothing was written to the strange database');
$other->httpd->restart;
$other->wait_state('waiting', what => 'nor does a restart change that');
nothing_happens($other, $mark, 'after a restart');

$other->httpd->log_expect(qr/external\./);

# --- no file at all

my $none = start_sync(before => \&seed);
$none->wait_equal;
$none->wait_quiet;
$mark = $none->mark;
rename $none->file, $none->file . '.away' or die "rename: $!";
$none->edit_page('Record 1', notes => 'while the file is away');
wait_ok { my $s = $none->status; $s->{state} eq 'blocked' || $s->{state} eq 'waiting' } 60, 'a missing file stops the mapping';
ok(!-e $none->file, 'and is not made anew');
nothing_happens($none, $mark, 'a missing file');
rename $none->file . '.away', $none->file or die "rename: $!";
$none->must('resume', 'contacts');
$none->wait_row('Record 1', notes => 'while the file is away', seconds => 60, what => 'put back, it goes on');
$none->wait_equal;
$none->verify_ok;
$none->httpd->log_allow(qr/sql\.|external\./);

finish();

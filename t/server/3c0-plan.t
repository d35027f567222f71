# A plan says what a run would do and changes nothing; saved, it is carried out later just as it stands, except for records that
# are not as it shows them; it is what a mapping waits for whose database is another one.
use strict;
use warnings;
use File::Copy qw(copy);
use JSON::PP ();
use NotionSync::Sync;

my $json = JSON::PP->new->utf8->canonical;

sub slurp { my ($file) = @_; open my $in, '<', $file or die "$file: $!"; local $/ = undef; return scalar <$in> }
sub spew { my ($file, $text) = @_; open my $out, '>', $file or die "$file: $!"; print {$out} $text; close $out or die; return }
sub tool { my ($s, @args) = @_; my $answer = $s->ctl(@args); return ($answer->{exit}, $answer->{out} . $answer->{err}) }
sub item_of { my ($plan, $title) = @_; my @found = grep { ($_->{title} // '') eq $title } @{ $plan->{items} }; return @found == 1 ? $found[0] : undef }
sub fields_of { my ($item) = @_; return { map { (split / /, $_->{name})[-1] => $_ } @{ $item->{fields} } } }

# What a plan must leave alone.
sub stand {
    my ($s) = @_;
    return $json->encode({ rows => [$s->rows], pages => [$s->pages], trashed => scalar(() = $s->trashed),
        links => [sqlite($s->httpd->state . '/notionsync.db', 'SELECT * FROM link ORDER BY id')],
        entries => sqlite($s->httpd->state . '/notionsync.db', 'SELECT count(*) AS n FROM entry') });
}

# --- a mapping that is paused so that a plan can be read first

my $sync = start_sync(mapping => "  NotionSyncPaused on\n  NotionSyncMatch \"Name\" name", before => sub {
    my ($s) = @_;
    $s->add_pages(map { { name => "Both $_", notes => 'same' } } 1 .. 6);
    $s->add_pages({ name => 'Only in Notion', notes => 'n' }, { name => 'Twin' }, { name => 'Twin' });
    $s->add_rows(map { { name => "Both $_", notes => 'same' } } 1 .. 4);
    $s->add_rows({ name => 'Both 5', notes => 'same', phone => '555' }, { name => 'Both 6' }, { name => 'Only a row' }, { name => 'Twin' });
});
$sync->wait_state('paused');
my $before = stand($sync);
my $mark   = $sync->mark;
my $file   = $sync->temp_dir_of . '/plan.json';
my ($status, $out) = tool($sync, 'plan', 'contacts', '--save', $file);
is($status, 0, 'a plan of a paused mapping') or diag($out);
is(stand($sync), $before, 'changes nothing: no row, page, link or entry');
is_deeply([grep { $_->{method} ne 'GET' && $_->{class} ne 'query' } $sync->requests_since($mark)], [], 'and asks Notion for nothing but reads');
like($out, qr/^\s+6 match\b/m, 'it counts');
like($out, qr/\+ create in external "Only in Notion"/, 'and lists');
like($out, qr/phone: notion .*, external '555'; notion gets '555'/, 'with the values before and after');
is(sprintf('%04o', (stat $file)[2] & 07777), '0600', 'the saved file is for its owner only');
my $plan = $json->decode(slurp($file));
is($plan->{format}, 'notionsync plan 1', 'it is JSON');
is($plan->{mapping}{name}, 'contacts', 'of this mapping');
is(item_of($plan, 'Both 1')->{kind}, 'match', 'a pair');
is_deeply(fields_of(item_of($plan, 'Both 5'))->{phone}{to}, ['notion'], 'and what it lacks');
is(item_of($plan, 'Only a row')->{side}, 'notion', 'a create the other way');
is(scalar(grep { $_->{kind} eq 'ambiguous' } @{ $plan->{items} }), 3, 'three ambiguous ones');
is(scalar @{ $plan->{items} }, 11, 'and no more');

$sync->edit_row('Both 5', phone => '556');
spew("$file.bad", slurp($file) =~ s/555/557/r);
($status, $out) = tool($sync, 'apply', "$file.bad");
is($status, 1, 'a file that was changed is refused');
like($out, qr/changed since it was saved.*nothing was done/, 'whole');
spew("$file.cut", substr slurp($file), 0, 900);
($status, $out) = tool($sync, 'apply', "$file.cut");
is($status, 1, 'one that was cut');
like($out, qr/not a whole plan/, 'too');
is(scalar(() = $sync->rows), 8, 'nothing was done');

($status, $out) = tool($sync, 'apply', $file);
is($status, 1, 'applied: something was refused');
like($out, qr/7 done, 1 refused/, 'one record');
like($out, qr/refused: .*not as it was when the plan was made/, 'with the reason');
is($sync->row('Only in Notion')->{notes}, 'n', 'a create is done');
ok($sync->page('Only a row'), 'and the other way');
is($sync->row('Both 6')->{notes}, 'same', 'a pair that lacked something');
is($sync->page('Both 5')->{phone} // '', '', 'what was edited since is not written');
is($sync->status->{state}, 'paused', 'the mapping is paused still');
my @entries = $sync->audit;
ok(scalar(grep { ($_->{cause} // '') =~ /plan \d+ of .* applied by/ } @entries), 'the audit names the plan');
$mark = $sync->mark;
my $then = stand($sync);
($status, $out) = tool($sync, 'apply', $file);
like($out, qr/7 done, 1 refused/, 'applied again: the same');
is(stand($sync), $then, 'and nothing is done twice');

($status, $out) = tool($sync, 'plan', 'contacts', '--save', $file);
like($out, qr/notion gets '556'/, 'a new plan shows it as it is now');
($status, $out) = tool($sync, 'apply', $file);
is($status, 0, 'and that one is carried out whole') or diag($out);
is($sync->page('Both 5')->{phone}, '556', 'indeed');
$sync->must('resume', 'contacts');
$sync->edit_page('Both 1', notes => 'after resuming');
$sync->wait_row('Both 1', notes => 'after resuming', what => 'resumed, it runs');
($status, $out) = tool($sync, '--json', 'plan', 'contacts');
$plan = $json->decode($out);
is_deeply([sort map { $_->{kind} } @{ $plan->{items} }], [qw(ambiguous ambiguous ambiguous)], 'a plan of a mapping that is in sync has nothing to do');

$sync->httpd->log_allow(qr/match\.ambiguous/);

# --- another database in the place of the one that was synced

my $swapped = start_sync(before => sub { my ($s) = @_; $s->add_pages(map { { name => "Record $_", notes => 'before' } } 1 .. 12); return });
$swapped->wait_equal;
$swapped->wait_quiet;
my $backup = $swapped->temp_dir_of . '/backup.db';
$swapped->sql("VACUUM INTO '$backup'");
$swapped->edit_row('Record 2', notes => 'after the backup');
$swapped->wait_page('Record 2', notes => 'after the backup');
$swapped->add_row(name => 'Made after the backup');
$swapped->wait_page('Made after the backup');
$swapped->wait_quiet;
copy($backup, $swapped->file . '.new') or die $!;
$swapped->httpd->give($swapped->file . '.new', 0600);
rename $swapped->file . '.new', $swapped->file or die $!;
$swapped->edit_row('Record 4', notes => 'after restoring');
$status = $swapped->wait_state('waiting', seconds => 60, what => 'an older copy of the database stops the mapping');
like($status->{outcome}{advice}, qr/notionsyncctl plan contacts/, 'a plan is what it waits for');
$before = stand($swapped);
$file   = $swapped->temp_dir_of . '/plan.json';
($status, $out) = tool($swapped, 'plan', 'contacts', '--save', $file);
is($status, 0, 'which can be made while it waits') or diag($out);
is(stand($swapped), $before, 'and writes nothing');
like($out, qr/- delete in notion "Made after the backup"/, 'the page whose row the copy does not have');
is($swapped->status->{state}, 'waiting', 'it waits still');
($status, $out) = tool($swapped, 'apply', $file);
is($status, 0, 'applied') or diag($out);
like($out, qr/waited for this and goes on/, 'it goes on');
$swapped->wait_state('running');
is(($swapped->trashed)[0]{name}, 'Made after the backup', 'the page went to the trash');
$swapped->edit_page('Record 5', notes => 'afterwards');
$swapped->wait_row('Record 5', notes => 'afterwards', what => 'and works as before');
$swapped->wait_equal;
$swapped->verify_ok;
$swapped->httpd->log_expect(qr/external\.(?:restored|other)/);

# --- the state store is lost

sub lose_state {
    my ($s, $back) = @_;
    my $store = $s->httpd->state . '/notionsync.db';
    $s->httpd->stop;
    unlink glob "$store*";
    if ($back) {
        copy($back, $store) or die $!;
        $s->httpd->give($store, 0600);
    }
    $s->httpd->start;
    return;
}

my $lost = start_sync(before => sub { my ($s) = @_; $s->add_pages(map { { name => "Record $_", notes => "note $_" } } 1 .. 10); return });
$lost->wait_equal;
$lost->wait_quiet;
$mark = $lost->mark;
lose_state($lost);
$status = $lost->wait_state('waiting', what => 'a new state store and records on both sides: it waits');
like($status->{outcome}{advice}, qr/notionsyncctl plan/, 'for a plan');
is(scalar(() = $lost->rows), 10, 'no row was made');
is_deeply([grep { $_->{method} ne 'GET' && $_->{class} ne 'query' } $lost->requests_since($mark)], [], 'and no page');
$lost->httpd->log_allow(qr/mapping\.match|state\./);

# Match lines pair what they can; what is left is not made twice on its own.
my $some = start_sync(mapping => "  NotionSyncMatch \"Name\" name", before => sub { my ($s) = @_; $s->add_pages(map { { name => "Record $_", notes => "note $_" } } 1 .. 10); return });
$some->wait_equal;
$some->wait_quiet;
lose_state($some);
$some->wait_state('running', what => 'where all records find their partners by match fields it goes on by itself');
$some->edit_page('Record 1', notes => 'after the loss');
$some->wait_row('Record 1', notes => 'after the loss');
is(scalar(() = $some->rows), 10, 'and nothing was made twice');
$some->wait_equal;
$some->wait_quiet;
$some->httpd->stop;
$some->edit_page('Record 2', name => 'Called otherwise');
$some->delete_row('Record 3');
$some->wait_listed;             # or the page would still be found by its former name
lose_state($some);
$status = $some->wait_state('waiting', code => qr/state\.lost/, what => 'where some do not, it waits');
is(scalar(() = $some->rows), 9, 'and makes no row');
is(scalar(() = $some->raw_pages), 10, 'and no page');
$file = $some->temp_dir_of . '/plan.json';
($status, $out) = tool($some, 'plan', 'contacts', '--save', $file);
is($status, 0, 'its plan') or diag($out);
like($out, qr/\+ create in external "Called otherwise"/, 'shows what it would make, for a person to judge');
like($out, qr/\+ create in external "Record 3"/, 'all of it');
$some->delete_row('Record 2');
$some->trash_page('Record 3');
$some->wait_listed;
($status, $out) = tool($some, 'plan', 'contacts', '--save', $file);
like($out, qr/\+ create in external "Called otherwise"/, 'a person tidies up, and plans again');
unlike($out, qr/Record 3/, 'and again');
($status, $out) = tool($some, 'apply', $file);
is($status, 0, 'applied') or diag($out);
$some->wait_state('running', what => 'it goes on');
$some->wait_equal;
$some->verify_ok;
is(scalar(() = $some->rows), 9, 'with each record once');
$some->httpd->log_allow(qr/state\.lost/);

# An older copy of the state store does not know the pairs that were made since.
my $older = start_sync(before => sub { my ($s) = @_; $s->add_pages(map { { name => "Record $_", notes => "note $_" } } 1 .. 5); return });
$older->wait_equal;
$older->wait_quiet;
$older->httpd->stop;
my $copy = $older->temp_dir_of . '/state.db';
sqlite($older->httpd->state . '/notionsync.db', "VACUUM INTO '$copy'"); # with what only the log of writes holds
my $mark_of = sub { my $found = $older->sql("SELECT record FROM _notionsync_intent WHERE op = 'state'"); return @$found ? $found->[0]{record} : '' };
my $old_mark = $mark_of->();
$older->httpd->start;
wait_ok { $mark_of->() ne $old_mark } 30, 'each time it begins it leaves another mark in the database';
$older->add_row(name => 'Made since');
$older->wait_page('Made since');
$older->wait_quiet;
lose_state($older, $copy);
$older->wait_state('waiting', code => qr/state\.restored/, what => 'an older copy of the state store is recognised');
is(scalar(() = $older->raw_pages), 6, 'no page was made');
is(scalar(() = $older->rows), 6, 'nor a row');
$older->httpd->restart;
$older->wait_state('waiting', code => qr/state\.restored/, what => 'a restart does not change that');
tool($older, 'resume', 'contacts');
$older->wait_state('waiting', code => qr/state\.restored/, what => 'nor does resume');
$file = $older->temp_dir_of . '/plan.json';
($status, $out) = tool($older, 'plan', 'contacts', '--save', $file);
like($out, qr/2 create/, 'the plan shows the pair that would be made twice, from both its sides');
$older->trash_page('Made since');
$older->wait_listed;
($status, $out) = tool($older, 'plan', 'contacts', '--save', $file);
like($out, qr/1 create/, 'a person decides which to keep');
($status, $out) = tool($older, 'apply', $file);
is($status, 0, 'the plan is applied') or diag($out);
$older->wait_state('running', what => 'and it goes on');
$older->wait_equal;
is(scalar(() = $older->rows), 6, 'with each record once');
$older->verify_ok;
$older->httpd->log_allow(qr/state\.restored/);

finish();

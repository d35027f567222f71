# Both sides of one record are edited before either edit has travelled: different fields are both kept, sets are merged
# by member, one field follows the mapping's rule, the value that loses is in the audit, hold writes neither and waits
# for a person; and what was done can be taken back, unless it has been edited since.
use strict;
use warnings;
use NotionSync::Sync;

# Edits both sides while the mapping is paused, then lets it go on.
sub both_edit {
    my ($sync, $name, $page, $row) = @_;
    $sync->must('pause', 'contacts');
    my $id = $sync->page_id($name);
    $sync->edit_row($name, %$row);
    $sync->edit_page($id, %$page);
    wait_ok { $sync->sim->sim(GET => 'idle')->{idle} } 10, "$name: the events were delivered while it is paused";
    $sync->must('resume', 'contacts');
    return;
}

# The newest update of the field in the audit of a record: (entry, field).
sub entry_of {
    my ($sync, $name, $column, $op) = @_;
    for my $entry (reverse $sync->audit($name)) {
        next unless $entry->{op} eq ($op // 'update');
        for my $field (@{ $entry->{fields} }) {
            return ($entry, $field) if $field->{name} =~ / \Q$column\E\z/;
        }
    }
    return ({}, {});
}

my %agreed = (notes => 'agreed', phone => '1', tags => [qw(old vip)], score => 1);
my @names  = ('Disjoint', 'Conflict', 'Sets', 'Same', 'Undone');

for my $case (
    ['last-write-wins',                    'notion',   qr/tie=notion/],
    ['last-write-wins tie=external',       'external', qr/tie=external/],
    ['notion-wins',                        'notion',   qr/notion-wins/],
    ['external-wins',                      'external', qr/external-wins/],
) {
    my ($rule, $winner, $reason) = @$case;
    my $sync = start_sync(mapping => "NotionSyncConflict $rule",
        before => sub { $_[0]->add_pages(map { { name => $_, %agreed } } @names) });
    $sync->wait_equal(what => "$rule: equal at first");
    $sync->wait_quiet;

    both_edit($sync, 'Disjoint', { notes => 'of Notion' }, { phone => '2' });
    $sync->wait_row('Disjoint', notes => 'of Notion', phone => '2', what => "$rule: disjoint edits are both kept in the table");
    $sync->wait_page('Disjoint', notes => 'of Notion', phone => '2', what => "$rule: and in Notion");

    my ($won, $lost) = $winner eq 'notion' ? ('of Notion', 'of the table') : ('of the table', 'of Notion');
    both_edit($sync, 'Conflict', { notes => 'of Notion' }, { notes => 'of the table', score => 7 });
    $sync->wait_page('Conflict', notes => $won, score => 7, what => "$rule: $winner wins in Notion, the other field is kept");
    $sync->wait_row('Conflict', notes => $won, score => 7, what => "$rule: and in the table");
    $sync->wait_quiet;
    my ($entry, $field) = entry_of($sync, 'Conflict', 'notes');
    is($field->{lost}, $lost, "$rule: the losing value is in the audit");
    like($field->{reason} // '', $reason, "$rule: with the rule that decided");
    is($entry->{state}, 'applied', "$rule: as applied");

    both_edit($sync, 'Sets', { tags => [qw(old vip new)] }, { tags => [qw(vip)] });
    $sync->wait_row('Sets', tags => [qw(new vip)], what => "$rule: members are merged in the table");
    $sync->wait_page('Sets', tags => [qw(new vip)], what => "$rule: and in Notion");

    my $mark = $sync->mark;
    both_edit($sync, 'Same', { notes => 'both' }, { notes => 'both' });
    $sync->wait_quiet;
    is($sync->classes_since($mark)->{page_update} // 0, 0, "$rule: equal edits write nothing");
    $sync->edit_row('Same', notes => 'afterwards');
    $sync->wait_page('Same', notes => 'afterwards', what => "$rule: and are agreed");

    # Undo.
    my $undo = $sync->ctl('undo', (entry_of($sync, 'Conflict', 'notes'))[0]{entry}, '--json');
    is($undo->{exit}, 0, "$rule: a conflict's write can be taken back") or diag "$undo->{out}$undo->{err}";
    $sync->wait_page('Conflict', notes => 'agreed', what => "$rule: the value agreed before is in Notion");
    $sync->wait_row('Conflict', notes => 'agreed', what => "$rule: and in the table");
    $sync->wait_equal(what => "$rule: equal in the end");
    $sync->wait_quiet;
    $sync->verify_ok(equal => scalar @names);
}

# --- hold

my $sync = start_sync(mapping => 'NotionSyncConflict hold',
    before => sub { $_[0]->add_pages(map { { name => $_, %agreed } } @names) });
$sync->wait_equal;
$sync->wait_quiet;
both_edit($sync, 'Conflict', { notes => 'of Notion', phone => '3' }, { notes => 'of the table', score => 7 });
$sync->wait_row('Conflict', phone => '3', notes => 'of the table', what => 'held: the other fields go on towards the table');
$sync->wait_page('Conflict', score => 7, notes => 'of Notion', what => 'and towards Notion');
wait_ok { $sync->status->{held} == 1 } 10, 'the record is held';
my $why = $sync->must('explain', 'contacts', $sync->row_key('Conflict'));
is($why->{trouble}, 'held', 'explain says so');
is($why->{outcome}{code}, 'held.conflict', 'and why');
like($why->{outcome}{advice}, qr/equal/, 'and what to do');
$sync->edit_row('Disjoint', notes => 'goes on');
$sync->wait_page('Disjoint', notes => 'goes on', what => 'other records are not held up');
$sync->must('reconcile', 'contacts', '--full');
is($sync->page('Conflict')->{notes}, 'of Notion', 'reconciliation writes neither side');
is($sync->row('Conflict')->{notes}, 'of the table', 'of what is held');
is($sync->verify_ok(equal => @names - 1, excused => 1)->{different}, 0, 'verify lists it as held');
$sync->edit_row('Conflict', notes => 'of Notion');
wait_ok { $sync->status->{held} == 0 } 20, 'made equal by a person it is held no more';
$sync->wait_equal;
$sync->edit_row('Conflict', notes => 'after that');
$sync->wait_page('Conflict', notes => 'after that', what => 'and goes on');

# --- what undo refuses, and what else it takes back

$sync->wait_quiet;
$sync->edit_page('Undone', notes => 'one');
$sync->wait_row('Undone', notes => 'one');
$sync->wait_quiet;
my ($one) = entry_of($sync, 'Undone', 'notes');
$sync->edit_row('Undone', notes => 'two');
$sync->wait_page('Undone', notes => 'two');
$sync->wait_quiet;
my $refused = $sync->ctl('undo', $one->{entry}, '--json');
is($refused->{exit}, 1, 'what has been edited since is refused');
like($refused->{out} . $refused->{err}, qr/edited since/, 'with the reason');
is($sync->row('Undone')->{notes}, 'two', 'and left as it is');

my ($two) = entry_of($sync, 'Undone', 'notes');
isnt($two->{entry}, $one->{entry}, 'the second write has its own entry');
$sync->must('undo', $two->{entry});
$sync->wait_row('Undone', notes => 'one', what => 'a write towards Notion is taken back in the table');
$sync->wait_page('Undone', notes => 'one', what => 'and in Notion');

my $pages = () = $sync->pages;
$sync->add_row(name => 'By mistake', notes => 'm');
$sync->wait_page('By mistake');
$sync->wait_quiet;
my ($create) = entry_of($sync, 'By mistake', 'name', 'create');
$sync->must('undo', $create->{entry});
wait_ok { !$sync->page('By mistake') } 20, 'undo of a create removes the copy';
ok($sync->row('By mistake'), 'and leaves the origin');
$sync->must('reconcile', 'contacts', '--full');
$sync->edit_row('By mistake', notes => 'again');
$sync->wait_quiet;
is(scalar(() = $sync->pages), $pages, 'which is not synchronised again');

$sync->trash_page('Sets');
wait_ok { !$sync->row('Sets') } 20, 'a delete travels';
$sync->wait_quiet;
my ($remove) = grep { $_->{op} eq 'remove' && $_->{side} eq 'external' } reverse $sync->audit;
$sync->must('undo', $remove->{entry});
$sync->wait_page('Sets', %agreed, what => 'undo of a delete brings back the page');
$sync->wait_row('Sets', %agreed, what => 'and the row');
is($sync->ctl('undo', 999_999)->{exit}, 1, 'an unknown entry is refused');
is($sync->ctl('undo', 'x')->{exit}, 2, 'a wrong one is a usage error');
$sync->wait_equal(skip => ['By mistake']);

$sync->httpd->log_expect(qr/held\.conflict/);
finish();

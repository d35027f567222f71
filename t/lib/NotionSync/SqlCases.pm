package NotionSync::SqlCases;
# What is tested of every database server in the same way: a view in the place of a table, and what can befall a server.
#
#     view_is_synced(mariadb => $server, base => 'CREATE TABLE base (...)', wake => sub {...}, says => qr/.../);
#
#     my $faults = fault_cases($sync);
#     $faults->befalls('the server is stopped', break => sub {...}, mend => sub {...}, code => qr/sql\.unreachable/);
use strict;
use warnings;
use Exporter qw(import);
use NotionSync::Sync;

our @EXPORT = qw(view_is_synced fault_cases);

# Nobody can tell of what happens in a view. Edits are noticed by modified=, deletes by a full reconciliation, what it does not take
# parks the record, and the mapping's page says what that costs. Options: base (SQL that makes the table behind it, with a column `touched` that
# moves with each edit), wake (makes the mapping look at once, which else happens every few seconds), says (what the page says the view is),
# and the server, by the name that start_sync gives it.
sub view_is_synced {
    my (%opt) = @_;
    my ($base, $wake, $says) = delete @opt{qw(base wake says)};
    my ($server) = values %opt;
    $server->sql($base);
    my $sync = start_sync(
        %opt,
        external => 'key=id modified=touched',
        table    => 'CREATE VIEW contacts AS SELECT id, name, notes, score, site, upper(name) AS loud, touched FROM base WHERE NOT gone',
        fields   => join('', map { "  NotionSyncField \"$_->[0]\" $_->[1] $_->[2]\n" }
            ['Name', '<->', 'name'], ['Notes', '<->', 'notes'], ['Score', '<->', 'score'], ['Site', '<->', 'site'], ['Phone', '<-', 'loud']),
        before   => sub { $_[0]->add_pages(map { { name => "Page $_", score => $_ } } 1 .. 5) },
    );
    $sync->{compare} = [qw(name notes score site)];
    $sync->wait_equal(what => 'rows are made behind the view');
    wait_ok { ($sync->page('Page 1')->{phone} // '') eq 'PAGE 1' } 20, 'what it computes goes to Notion';
    $sync->wait_quiet;

    $sync->edit_page('Page 1', notes => 'from Notion');
    $sync->wait_row('Page 1', notes => 'from Notion');
    $sync->edit_row('Page 2', notes => 'from an application');
    wait_ok { $wake->(); ($sync->page('Page 2')->{notes} // '') eq 'from an application' } 20, 'an edit is noticed by its time';
    $server->sql("INSERT INTO base (name, score) VALUES ('Late', 7)");
    wait_ok { $wake->(); $sync->page('Late') } 20, 'so is a new row';
    $sync->wait_quiet;

    my $facts = encode($sync->httpd->get_json('/notionsync?page=mapping&mapping=contacts&json'));
    like($facts, qr/$says, on which no trigger tells.*by the column touched.*full reconciliation only/, 'the page says what that costs');

    $sync->sql(q{UPDATE base SET gone = true WHERE name = 'Page 3'});
    $sync->must('reconcile', 'contacts', '--full');
    wait_ok { !$sync->page('Page 3') } 20, 'what leaves the view is found by a full reconciliation';
    $sync->wait_equal;
    $sync->wait_quiet;
    $sync->verify_ok(equal => 5);
    return $sync;
}

# Of a sync with pages "Page 1" to "Page 12" and their rows.
sub fault_cases {
    my ($sync) = @_;
    return bless { sync => $sync, turn => 0 }, __PACKAGE__;
}

# One fault: edits on both sides while it lasts, what the status says, and that all arrives when it is mended. A mapping that
# is blocked for a person looks again within a minute; the test does not wait that long, but does what a person can. Options: break, mend; code, says
# and state, of the status; value and column, of the edit in Notion; no_rows: the table cannot be edited meanwhile; person: he must say that
# it is mended; then: what else is said when he says so too early.
sub befalls {
    my ($self, $what, %case) = @_;
    my $sync = $self->{sync};
    my ($page, $row) = map { 'Page ' . (1 + (2 * $self->{turn} + $_) % 12) } 0, 1;
    my $turn = ++$self->{turn};
    my ($column, $value) = ($case{column} // 'notes', $case{value} // "edit $turn");
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $case{break}->();
    $sync->edit_page($page, $column, $value);
    $sync->edit_row($row, site => "https://$turn.example.org/") unless $case{no_rows};
    my $now;
    wait_ok { $now = $sync->status; ($now->{outcome}{code} // '') =~ /\A$case{code}\z/ && (!$case{says} || encode($now->{outcome}) =~ $case{says}) }
        20, "$what: the status says so" or $sync->explain_trouble;
    is($now->{state}, $case{state}, "... and that the mapping is $case{state}") if $case{state};
    if ($case{then}) {
        $sync->must('resume', 'contacts');
        $sync->wait_state('blocked', code => qr/\A\Q$case{then}\E\z/, what => "... and $case{then} when the triggers fit again");
    }
    $case{mend}->();
    $sync->edit_row($row, site => "https://$turn.example.org/") if $case{no_rows};
    if ($case{person}) {
        ok($now->{outcome}{retry_at}, '... and when it will look again');
        $sync->must('resume', 'contacts');
    }
    $sync->wait_row($page, $column, $value, what => '... what was edited in Notion arrives');
    $sync->wait_page($row, site => "https://$turn.example.org/", what => '... what was edited in the table arrives');
    return;
}

1;

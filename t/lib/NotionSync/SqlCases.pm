package NotionSync::SqlCases;
# What is tested of every database server in the same way: the whole way of records, a view in the place of a table, and what can befall a server.
#
#     table_is_synced(pgsql => $server, columns => {...}, list => sub {...});
#     view_is_synced(mariadb => $server, base => 'CREATE TABLE base (...)', wake => sub {...}, says => qr/.../);
#
#     my $faults = fault_cases($sync);
#     $faults->befalls('the server is stopped', break => sub {...}, mend => sub {...}, code => qr/sql\.unreachable/);
use strict;
use warnings;
use Exporter qw(import);
use NotionSync::Sync;

our @EXPORT = qw(body_is_synced table_is_synced view_is_synced keys_are_followed fault_cases);

# The first sync, edits both ways, deletes and restores, what a constraint refuses, and a server that goes away and comes back in the middle
# of it. Options: columns, list (what a list of texts is in the column `tags`), first (sub before anything is there), meanwhile (sub with more;
# it answers how many records it has taken away), and the server, by the name that start_sync gives it.
sub table_is_synced {
    my (%opt) = @_;
    my ($columns, $list, $first, $meanwhile) = delete @opt{qw(columns list first meanwhile)};
    my ($server) = values %opt;
    my %full = (
        notes => "Two lines,\nwith \"quotes\", 'apostrophes', <markup> and \x{00e4}\x{1f600}", score => 12.5, kind => 'person',
        tags => [qw(old vip)], stage => 'Won', due => '2026-03-01', vip => 1, site => 'https://example.org/?a=1&b=2',
        email => 'ada@example.org', phone => '+44 20 7946 0000',
    );
    my $sync = start_sync(
        %opt,
        columns => $columns,
        mapping => 'NotionSyncMatch E-mail email',
        before  => sub {
            my ($s) = @_;
            $first->($s) if $first;
            add_copies($s);
            $s->add_pages({ name => 'Ada', %full }, map { { name => "Page $_", score => $_, email => "p$_\@x.org" } } 1 .. 30);
            $s->add_rows(map { { name => "Row $_", tags => $list->('paid'), vip => $_ % 2, email => "r$_\@x.org" } } 1 .. 10);
        },
    );

    $sync->wait_equal(what => 'both sides are filled from each other');
    my $ada = $sync->row('Ada');
    is_deeply({ map { $_ => $ada->{$_} } keys %full }, \%full, 'every type of property arrives');
    is($ada->{no}, 'CON-1', 'the unique id too');
    $sync->wait_quiet;
    $sync->verify_ok(equal => 41);

    # Both mappings of the table live on what one watcher tells.
    wait_ok { copies($sync) == 41 } 30, 'a second data source has all of it';
    is($server->our_connections, 2, 'over the same two connections, one of which listens');

    $sync->edit_page('Ada', notes => 'from Notion', score => 0.1, kind => 'company');
    $sync->wait_row('Ada', notes => 'from Notion', score => 0.1, kind => 'company', what => 'an edit in Notion');
    $sync->edit_row('Row 1', notes => 'from the table', due => '2026-04-02', tags => $list->('old', 'new'));
    $sync->wait_page('Row 1', notes => 'from the table', due => '2026-04-02', what => 'an edit of a row');
    wait_ok { copies($sync, 'from the table') == 1 && copies($sync, 'from Notion') == 1 } 20, 'both edits are in the second data source, too';
    $sync->add_row(name => 'Late', email => 'late@x.org');
    $sync->wait_page('Late', what => 'a new row');

    my $page = $sync->page_id('Page 2');
    $sync->delete_row('Page 2');
    wait_ok { !$sync->page('Page 2') } 20, 'a row that is deleted trashes its page';
    $sync->wait_quiet;
    $sync->restore_page($page);
    $sync->wait_row('Page 2', score => 2, what => 'and comes back with it, from its image');

    $sync->edit_page('Page 3', email => 'p4@x.org');
    my $now;
    wait_ok { $now = $sync->must('explain', 'contacts', $sync->page_id('Page 3')); ($now->{trouble} // '') eq 'parked' } 20,
        'a value that is taken parks the record';
    is($now->{outcome}{blocker}, $sync->row_key('Page 4'), 'and names who has it');
    $sync->edit_row('Page 4', email => 'free@x.org');
    $sync->wait_row('Page 3', email => 'p4@x.org', what => 'as soon as it is free it is written');

    $sync->wait_quiet;
    $sync->must('pause', 'contacts');    # S5.8: each is to have what the next one has
    my @circle = ('Page 8', 'Page 9', 'Page 10');
    $sync->edit_page($circle[$_], email => ('p9@x.org', 'p10@x.org', 'p8@x.org')[$_]) for 0 .. 2;
    $sync->must('resume', 'contacts');
    $sync->wait_row('Page 8',  email => 'p9@x.org',  what => 'records that exchange unique values in a circle: one');
    $sync->wait_row('Page 9',  email => 'p10@x.org', what => 'its next');
    $sync->wait_row('Page 10', email => 'p8@x.org',  what => 'and the last');
    wait_ok { !$sync->status->{parked} } 20, 'nobody is parked any more';

    my $taken = $meanwhile ? $meanwhile->($sync) : 0;

    $sync->wait_quiet;
    $server->stop;
    $sync->edit_page('Page 5', notes => 'while it was away');
    $sync->edit_page('Page 6', score => 66);
    wait_ok { $sync->httpd->log_text =~ /sql\.unreachable/ } 20, 'that the server is away is said';
    $server->start;
    $sync->edit_row('Page 7', notes => 'as soon as it was back');
    $sync->wait_row('Page 5', notes => 'while it was away', what => 'what was edited while the server was away arrives');
    $sync->wait_page('Page 7', notes => 'as soon as it was back', what => 'and changes are noticed again');
    $sync->wait_equal;
    $sync->wait_quiet;
    $sync->verify_ok(equal => 42 - $taken);
    $sync->httpd->log_expect(qr/sql\.constraint/, qr/sql\.unreachable/);
    return $sync;
}

# A second mapping of the table, one way.
sub add_copies {
    my ($sync) = @_;
    $sync->{copies} = $sync->sim->sim(POST => 'data_source',
        { name => 'Copies', properties => { Name => { type => 'title' }, Notes => { type => 'rich_text' } } })->{id};
    $sync->httpd->config($sync->httpd->config . <<"CONF");
<NotionSyncMapping copies>
  NotionSyncNotion work $sync->{copies}
  NotionSyncExternal crm contacts
  NotionSyncField Name  <- name
  NotionSyncField Notes <- notes
  NotionSyncDebounce 20ms
</NotionSyncMapping>
CONF
    return;
}

# How many pages there are, or with these notes.
sub copies {
    my ($sync, $notes) = @_;
    return scalar grep { !$_->{in_trash} && (!defined $notes || ($_->{properties}{Notes} // '') eq $notes) }
        @{ $sync->sim->sim(GET => "pages?data_source=$sync->{copies}&limit=1000")->{pages} };
}

# Nobody can tell of what happens in a view. Edits are noticed by modified=, deletes by a full reconciliation, what it does not take
# parks the record, what it computes is refused at the start, and the mapping's page says what that costs. Options: base (SQL that makes the table behind it, with a column `touched` that
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

    (my $config = $sync->config_text) =~ s/"Phone" <- loud/"Phone" <-> loud/ or die 'no such line';
    $sync->httpd->config($config);
    $sync->httpd->graceful;
    my $now = $sync->wait_state('blocked', code => qr/mapping\.computed/, what => 'a column that the view computes cannot be written');
    like(encode($now->{outcome}), qr/'loud'/, '... and is named');
    $sync->httpd->log_expect(qr/mapping\.computed/);
    return $sync;
}

# Keys of two columns, which are fields as well: changed on either side they are followed, a record that lacks a part of its key waits for it, and
# a row that is deleted under its last key takes its own page with it. Options: the server, by the name that start_sync gives it, or none.
sub keys_are_followed {
    my (%opt) = @_;
    my $sync = start_sync(
        %opt,
        external => 'key=email,score',
        table    => 'CREATE TABLE contacts (email varchar(50) NOT NULL, score bigint NOT NULL, name varchar(50), notes varchar(50), PRIMARY KEY (email, score))',
        fields   => join('', map { "  NotionSyncField \"$_->[0]\" <-> $_->[1]\n" } ['Name', 'name'], ['Notes', 'notes'], ['E-mail', 'email'], ['Score', 'score']),
        before   => sub { $_[0]->add_pages(map { { name => "Page $_", email => "p$_\@x.org", score => $_ } } 1 .. 6) },
    );
    $sync->{compare} = [qw(name notes score email)];
    $sync->wait_equal(what => 'rows are made under the keys that pages say');
    my $new = $sync->add_page(name => 'New', email => 'new@x.org');
    my $now;
    wait_ok { $now = $sync->ctl('explain', 'contacts', $new, '--json')->{json}; $now && ($now->{outcome}{code} // '') eq 'sql.required' } 20,
        'a page that lacks a part of its key waits for it';
    is($now->{outcome}{field}, 'score', '... by name');
    $sync->edit_page($new, score => 7);
    $sync->wait_row('New', score => 7, what => '... until it is there');

    $sync->edit_page('Page 1', score => 11);
    $sync->wait_row('Page 1', score => 11, what => 'a key that is changed in Notion');
    $sync->sql(q{UPDATE contacts SET email = 'moved@x.org' WHERE name = 'Page 2'});
    $sync->wait_page('Page 2', email => 'moved@x.org', what => '... and one that is changed in the table');
    $sync->wait_quiet;
    is($sync->must('explain', 'contacts', $sync->page_id($_->[0]))->{key}, encode([$_->[1], $_->[2]]), "... of $_->[0] is followed")
        for ['Page 1', 'p1@x.org', '11'], ['Page 2', 'moved@x.org', '2'];
    $sync->sql(q{UPDATE contacts SET notes = 'noticed' WHERE name = 'Page 1'});
    $sync->wait_page('Page 1', notes => 'noticed', what => 'an edit under the new key');

    # The key that one gave up and another takes.
    my $first = $sync->page_id('Page 1');
    $sync->sql(q{DELETE FROM contacts WHERE name = 'Page 1'});
    wait_ok { !$sync->page('Page 1') } 20, 'the row is deleted, and its page with it';
    $sync->wait_quiet;
    $sync->sql(q{INSERT INTO contacts (email, score, name) VALUES ('p1@x.org', 11, 'Another')});
    $sync->wait_page('Another', what => 'a row under its key is a new record');
    isnt($sync->page_id('Another'), $first, '... with a page of its own');
    $sync->edit_page('Page 4', email => 'p3@x.org', score => 3);
    wait_ok { $now = $sync->must('explain', 'contacts', $sync->page_id('Page 4')); ($now->{outcome}{code} // '') eq 'sql.constraint' } 20,
        'a key that is taken is waited for';
    $sync->edit_page('Page 3', score => 33);
    $sync->wait_equal(what => 'a key that one page gives up and another takes');
    $sync->wait_quiet;
    $sync->verify_ok(equal => 7);
    $sync->httpd->log_expect(qr/sql\.required/, qr/sql\.constraint/);
    return $sync;
}

# Of a sync with pages "Page 1" to "Page 12" and their rows.
sub fault_cases {
    my ($sync) = @_;
    return bless { sync => $sync, turn => 0 }, __PACKAGE__;
}

sub unescaped {
    my ($html) = @_;
    $html =~ s/&#(\d+);/chr $1/ge;
    $html =~ s/&(lt|gt|amp|quot);/{ lt => '<', gt => '>', amp => '&', quot => '"' }->{$1}/ge;
    return $html;
}

# One fault: edits on both sides while it lasts, what the status says, and that all arrives when it is mended. A mapping that
# is blocked for a person looks again within a minute; the test does not wait that long, but does what a person can. Options: break, mend; code, says
# and state, of the status; value and column, of the edit in Notion; no_rows: the table cannot be edited meanwhile; person: he must say that
# it is mended; suspends: the code of the one field that is concerned, while the others go on.
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
    return $self->suspends($what, $page, $row, $turn, %case) if $case{suspends};
    my $now;
    wait_ok { $now = $sync->status; ($now->{outcome}{code} // '') =~ /\A$case{code}\z/ && (!$case{says} || encode($now->{outcome}) =~ $case{says}) }
        20, "$what: the status says so" or $sync->explain_trouble;
    is($now->{state}, $case{state}, "... and that the mapping is $case{state}") if $case{state};
    my $words = $now->{outcome}{what};
    wait_ok { index(unescaped($sync->httpd->get('/notionsync?page=mapping&mapping=contacts')->{body}), $words) >= 0 } 20, '... in the same words as the dashboard';
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

# NotionSyncBody with a column of that type; $room: how many characters it holds, undef: as many as a page has. $words is what is said of one that is longer.
sub body_is_synced {
    my ($driver, $server, $type, $room, $words) = @_;
    my $sync = start_sync($driver => $server, columns => { extra => $type }, mapping => 'NotionSyncBody <-> extra', before => sub {
        $_[0]->add_pages({ name => 'Report' }, { name => 'Other' });
        $_[0]->patch_page('Report', { body => "# Report\nfirst\nsecond", quiet => JSON::PP::true(), stale_ms => 0 });
    });
    my $body = sub { return $sync->sim->sim(GET => 'page/' . $sync->page_id($_[0]))->{body} // '' };
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $sync->wait_row('Report', extra => "# Report\nfirst\nsecond", what => "$type: a body is in its row");
    my $text = "# Report\n1st 'one' \\ \x{1f600}\nsecond\nthird";
    $sync->edit_row('Report', extra => $text);
    wait_ok { $body->('Report') eq $text } 20, "$type: an edit of the row arrives in the page" or diag $body->('Report');
    $sync->add_row(name => 'New', extra => "made\noutside");
    wait_ok { $sync->page('New') && $body->('New') eq "made\noutside" } 20, "$type: a new row's text is in its page";
    $sync->wait_quiet;
    $sync->patch_page('Report', { body => "# Report\n\x{e4}nd\x{1f600}\nsecond" });
    $sync->wait_row('Report', extra => "# Report\n\x{e4}nd\x{1f600}\nsecond", what => "$type: an edit in Notion arrives");
    $sync->edit_row('Report', extra => undef);
    wait_ok { $body->('Report') eq '' } 20, "$type: and an emptied row empties it";
    $sync->wait_quiet;
    my $long = 'line ' x 16_000;
    $long = substr($long, 0, $room ? $room + 1 : 80_000) =~ s/ \z/x/r;
    $sync->patch_page('Other', { body => $long, properties => { Notes => 'with it' } });
    if ($room) {
        my $shown;
        $sync->httpd->log_expect($words);
        wait_ok { $shown = $sync->must('explain', 'contacts', $sync->row_key('Other')); encode($shown->{outcome} // '') =~ $words } 20,
            "$type: a body that is longer than the column is parked, with the reason" or diag encode($shown);
        is($sync->row('Other')->{extra}, undef, "$type: and the column is as it was");
        $long = substr($long, 0, $room) =~ s/ \z/x/r;
        $sync->patch_page('Other', { body => $long });
    }
    $sync->wait_row('Other', notes => 'with it', what => "$type: what was edited with it is carried");
    $sync->wait_row('Other', extra => $long, what => "$type: as much as it holds is carried");
    $sync->wait_quiet;
    $sync->verify_ok(what => "$type: both sides are equal");
    $sync->httpd->stop;
    return;
}

# S5.4: nothing but the field of that column stands still, and it catches up.
sub suspends {
    my ($self, $what, $page, $row, $turn, %case) = @_;
    my $sync = $self->{sync};
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    my $fields = sub { return @{ $sync->status->{fields}{suspended} } };
    my @now;
    wait_ok { @now = $fields->(); @now == 1 && $now[0]{code} eq $case{suspends} } 60, "$what: its field is suspended" or $sync->explain_trouble;
    my $words = $now[0]{what} // '?';
    wait_ok { index(unescaped($sync->httpd->get('/notionsync?page=mapping&mapping=contacts')->{body}), $words) >= 0 } 20, '... which the dashboard says, too';
    $sync->wait_row($page, notes => "edit $turn", seconds => 60, what => '... what was edited in Notion arrives');
    $sync->wait_page($row, site => "https://$turn.example.org/", seconds => 60, what => '... what was edited in the table arrives');
    $sync->edit_page($page, $case{field} => $case{meanwhile});
    $sync->wait_quiet;
    $case{mend}->();
    $sync->must('resume', 'contacts');
    wait_ok { !$fields->() } 30, '... mended, it is synced again';
    $sync->wait_row($page, $case{field} => $case{meanwhile}, seconds => 60, what => '... with what was edited meanwhile');
    $sync->wait_equal(what => '... and all that went with the column');
    return;
}

1;

# NotionSyncLinkProperty: pages keep the key of their row. With it the links are made again when the state store is lost, and
# nothing is created, deleted or written for it, though no field tells the records apart.
use strict;
use warnings;
use NotionSync::Sync;

sub key_on { my ($sync, $page) = @_; return $sync->sim->sim(GET => "page/$page")->{properties}{Key} }

for my $type (qw(rich_text number)) {
    my $sync = start_sync(mapping => 'NotionSyncLinkProperty Key', hook => 'secret',
        source => { properties => { (map { $_->[1] => $_->[2] } @NotionSync::Sync::FIELDS), Key => { type => $type } } },
        before => sub {
            my ($s) = @_;
            $s->add_rows(map { { name => 'The same', notes => 'in all' } } 1 .. 12);
        });
    my $keys = sub { return [sort { $a <=> $b } map { key_on($sync, $_->{page}) // 0 } $sync->pages] };
    my $rows = sub { return [sort { $a <=> $b } map { $_->{key} } $sync->rows] };
    $sync->wait_equal(what => "$type: twelve rows, twelve pages");
    $sync->wait_quiet;
    is_deeply($keys->(), $rows->(), "$type: each page carries the key of its row");
    is(scalar(grep { $_->{class} eq 'page_update' } $sync->requests_since(0)), 0, "$type: which came with the create");

    # A page of Notion gets it as well; what a person writes there does not stay; a copy becomes a record of its own.
    my $own = $sync->add_page(name => 'Of Notion');
    $sync->wait_row('Of Notion');
    wait_ok { (key_on($sync, $own) // '') eq $sync->row_key('Of Notion') } 20, "$type: a page that came first gets its row's key";
    $sync->wait_quiet;
    my $wrong = $type eq 'number' ? 4711 : 'wrong';
    $sync->patch_page($own, { properties => { Key => $wrong } });
    wait_ok { (key_on($sync, $own) // '') eq $sync->row_key('Of Notion') } 20, "$type: a person's key is overwritten";
    my ($entry) = grep { $_->{op} eq 'update' && $_->{side} eq 'notion' } reverse $sync->audit('Of Notion');
    like(encode([$entry->{fields}[0]{lost}]), qr/\Q$wrong/, "$type: and kept in the audit");
    my ($first) = $sync->row_key('Of Notion');
    my $copy = $sync->sim->sim(POST => 'page', { data_source => $sync->source,
        properties => { Name => 'A copy', Key => key_on($sync, $own) } })->{id};
    $sync->wait_row('A copy');
    wait_ok { (key_on($sync, $copy) // '') eq $sync->row_key('A copy') } 20, "$type: a duplicated page gets a key of its own";
    is($sync->row_key('Of Notion'), $first, "$type: and the first one keeps its row");
    $sync->wait_equal;
    $sync->wait_quiet;

    # The state store is gone.
    my %before = map { $_->{page} => key_on($sync, $_->{page}) } $sync->pages;
    $sync->httpd->stop;
    unlink glob($sync->httpd->state . '/notionsync.db*');
    $sync->wait_listed;
    my $mark = $sync->mark;
    $sync->start;
    wait_ok { my $s = $sync->status; $s->{state} eq 'running' && $s->{active} == 14 } 30, "$type: lost state: all links are made again";
    $sync->must('reconcile', 'contacts', '--full');
    $sync->wait_quiet;
    my $asked = $sync->classes_since($mark);
    is(($asked->{page_create} // 0) + ($asked->{page_update} // 0), 0, "$type: nothing is written to Notion");
    is(scalar(() = $sync->rows), 14, "$type: nor to the table");
    my %after = map { $_->{page} => key_on($sync, $_->{page}) } $sync->pages;
    is_deeply(\%after, \%before, "$type: every page has the row it had");
    $sync->verify_ok(equal => 14);
    $sync->edit_page($own, notes => 'goes on');
    $sync->wait_row('Of Notion', notes => 'goes on', what => "$type: edits go on travelling to the same row");
}

# What that costs: pages that rest since minutes are paired, and found equal, by listings alone.
my $many = start_sync(mapping => "NotionSyncLinkProperty Key\nNotionSyncReconcile off",
    source => { properties => { (map { $_->[1] => $_->[2] } @NotionSync::Sync::FIELDS), Key => { type => 'number' } } },
    before => sub {
        my ($s) = @_;
        $s->add_rows(map { { id => $_, name => 'The same', notes => 'in all', stage => 'Lead' } } 1 .. 250);
        $s->sim->sim(POST => 'pages', { data_source => $s->source, pages => [map { { created_ago_ms => 600_000,
            properties => { Name => 'The same', Notes => 'in all', Stage => 'Lead', Key => $_ } } } 1 .. 250] });
    });
wait_ok { my $s = $many->status; $s->{state} eq 'running' && $s->{active} == 250 && $s->{full_done} } 60, '250 pairs are made by their keys';
$many->wait_quiet;
my $cost = $many->classes_since(0);
delete $cost->{users_me};
is_deeply($cost, { data_source => 1, query => 6 }, 'for two listings of three requests, and one look at the schema') or diag encode($cost);
$many->verify_ok(equal => 250);

# Records on both sides, none of them with a key and no match fields: nothing says what belongs together.
my $sync = start_sync(mapping => 'NotionSyncLinkProperty Unmapped', before => sub {
    my ($s) = @_;
    $s->add_pages({ name => 'One' });
    $s->add_rows({ name => 'One' });
});
$sync->wait_state('waiting', code => qr/^mapping\.match$/, what => 'without a single key at first contact a person decides');
is(scalar(() = $sync->pages) + scalar(() = $sync->rows), 2, 'and nothing is doubled');
$sync->httpd->log_expect(qr/nothing says which belong together/);

# A property that cannot keep a key.
my $bad = start_sync(mapping => 'NotionSyncLinkProperty "Created"');
$bad->wait_state('blocked', what => 'a property that Notion computes blocks the mapping');
like(encode($bad->status->{outcome}), qr/Created/, 'with its name');
$bad->httpd->log_expect(qr/blocked.*Created/);

finish();

# Whatever Notion answers, and when it does not answer: each kind of failure while reading, while updating, while creating
# and while listing. Nothing is lost, nothing is made twice, both sides are equal in the end; meanwhile the tool says
# what is wrong; and no failure holds up other records. A write of unknown fate is judged only after 90 s (S3.7),
# so all such cases run at the same time, each on a record of its own, and what needs no such wait on another server meanwhile.
# Takes minutes.
use strict;
use warnings;
use NotionSync::Sync;
use Time::HiRes qw(time);

my $T = JSON::PP::true();
# name => [action, the request that is hit was performed or may have been]
my %answers = (
    '429'                 => [{ status => 429, retry_after => 1 }],
    '500'                 => [{ status => 500 }],
    '502 with HTML'       => [{ status => 502, html => $T }],
    '503'                 => [{ status => 503, retry_after => 1 }],
    '504'                 => [{ status => 504 }],
    '409'                 => [{ status => 409 }],
    '529'                 => [{ status => 529, retry_after => 1 }],
    'cut before'          => [{ cut_before => $T }],
    'truncated'           => [{ truncate => $T }],
    'not JSON'            => [{ bad_json => $T }],
    'slow'                => [{ delay_ms => 1500 }],
);
my %done = (
    '503 after commit'       => [{ status => 503, commit => $T }],
    'cut after commit'       => [{ commit_then_cut => $T }],
    '503, committed later'   => [{ late_commit_ms => 3000, status => 503 }],
    'cut, committed later'   => [{ late_commit_ms => 3000, cut => $T }],
    '500 with HTML'          => [{ status => 500, html => $T }],
);
my %create = ('503 after commit, no id' => [{ status => 503, commit => $T, committed_resource_id => JSON::PP::false() }]);
my %write  = (%answers, %done);
%create = (%write, %create);

my @read_cases   = map { "read $_" } sort keys %answers;
my @update_cases = map { "update $_" } sort keys %write;
my @trash_cases  = map { "trash $_" } '500', 'cut after commit', '503, committed later';
my @create_cases = map { "create $_" } sort keys %create;

my $sync = start_sync(
    sim    => { latency_ms => 5 },
    before => sub { $_[0]->add_pages(map { { name => $_, notes => 'before', score => 1 } } @read_cases, @update_cases, @trash_cases, 'other',
        map { "filler $_" } 1 .. 40) },
);
$sync->wait_equal;
$sync->wait_quiet;
my %page = map { $_->{name} => $_->{page} } $sync->pages;
my $pages = keys %page;

# --- faults on single records

my (%fault, %bad);
for my $name (@read_cases) {
    my ($kind) = $name =~ /\Aread (.*)/;
    $fault{$name} = $sync->fault('GET', "^/v1/pages/$page{$name}\$", $answers{$kind}[0]);
}
for my $name (@update_cases, @trash_cases) {
    my ($kind) = $name =~ /\A(?:update|trash) (.*)/;
    $fault{$name} = $sync->fault('PATCH', "^/v1/pages/$page{$name}\$", $write{$kind}[0]);
}
for my $name (@create_cases) {
    my ($kind) = $name =~ /\Acreate (.*)/;
    $fault{$name} = $sync->fault('POST', '^/v1/pages$', $create{$kind}[0], body_regex => "\"$name\"");
}
my $start = time;
$sync->edit_page($page{$_}, notes => 'after') for @read_cases;
my $in = join ', ', map { NotionSync::Sync::literal('name', $_) } @update_cases;
$sync->sql("UPDATE contacts SET notes = 'after' WHERE name IN ($in)");
# The new rows first: SQLite gives the number of a last row that is deleted to the next one, which would be an edit of it (S4.4).
$sync->add_rows(map { { name => $_, notes => 'after' } } @create_cases);
$in = join ', ', map { NotionSync::Sync::literal('name', $_) } @trash_cases;
$sync->sql("DELETE FROM contacts WHERE name IN ($in)");

wait_ok { !grep { !$sync->fault_hits($fault{$_}) } @read_cases, @update_cases, @trash_cases, @create_cases } 60, 'every request that was to fail has failed'
    or diag join ', ', grep { !$sync->fault_hits($fault{$_}) } sort keys %fault;
wait_ok {
    my $status = $sync->status;
    $status->{pending} > 0 || $status->{parked} > 0;
} 20, 'the tool shows what is in flight';
my $show = $sync->must('explain', 'contacts', $sync->row_key('update cut after commit'));
is($show->{in_flight}, 1, 'and of a record that a write of it has an unknown fate');
wait_ok { $sync->row("read $_->[0]") && $sync->row("read $_->[0]")->{notes} eq 'after' } 60, "read: $_->[1]"
    for map { [$_, "$_, tried again"] } sort keys %answers;
$sync->edit_row('other', notes => 'not held up');
$sync->wait_page('other', notes => 'not held up', seconds => 30, what => 'another record is not held up');

# Later changes of the same records, on both sides, while the fate of the first is unknown.
$sync->edit_row('update cut after commit', score => 2);
$sync->edit_page($page{'update 503, committed later'}, score => 3);

# --- meanwhile, on another server: faults while listing

my $other = start_sync(sim => { latency_ms => 5 }, before => sub { $_[0]->add_pages({ name => 'other', notes => 'before' }, { name => 'one more' }) });
$other->wait_equal;
$other->wait_quiet;
my $other_page = $other->page_id('other');
for my $kind (sort keys %answers) {
    my $id = $other->fault('POST', '/query$', $answers{$kind}[0]);
    my $name = "listed, $kind";
    $other->sim->sim(POST => 'pages', { data_source => $other->source, pages => [{ properties => { Name => $name } }] });
    my $answer = $other->ctl('reconcile', 'contacts', '--full', '--json');
    is($answer->{exit}, 0, "listing: $kind") or diag $answer->{out}, $answer->{err};
    is($other->fault_hits($id), 1, 'was met');
    $other->wait_row($name, what => 'and the new page found all the same');
}
is(scalar(() = $other->trashed), 0, 'nothing was deleted because of it');

# --- Notion away altogether: the tool says so, and all arrives when it is back

my $away = $other->fault('GET', '.', { status => 503 }, times => -1);
my $gone = $other->fault('PATCH', '.', { status => 503 }, times => -1);
$other->edit_row('other', notes => 'while it is away');
wait_ok { $other->fault_hits($away) >= 1 } 20, 'Notion is away';
wait_ok { ($other->status->{outcome}{code} // '') =~ /\Anotion\./ } 30, 'the tool says whose fault it is' or diag encode($other->status);
like(encode($other->status->{outcome}), qr/503/, 'in its own words');
like($other->httpd->get('/notionsync')->{body}, qr/503/, 'the dashboard too');
my $told = $other->must('explain', 'contacts', $other_page);
is_deeply([$told->{mapping}{service}, $told->{mapping}{outcome}{code} =~ /\A(notion)\./], ['work', 'notion'], 'explain of a record names the service that holds it up');
like($other->ctl('explain', 'contacts', $other_page)->{out}, qr/because of the service work/, 'for people too');
is($other->status->{waiting}, 1, 'and how much waits');
$other->sim->sim(DELETE => 'faults');
$other->wait_page('other', notes => 'while it is away', seconds => 60, what => 'Notion is back, and the edit arrives');
wait_ok { !$other->status->{outcome}{code} } 20, 'and nothing is wrong any more';

# --- the table locked by another program, the state store locked by one

for my $case ([$other->file, 'the table'], [$other->httpd->state . '/notionsync.db', 'the state store']) {
    my ($file, $what) = @$case;
    my $pid = open my $shell, '|-', 'sqlite3', '-batch', $file or die "sqlite3: $!";
    $shell->autoflush(1);
    my $flag = $other->httpd->root . '/locked';
    unlink $flag;
    print {$shell} ".timeout 5000\nBEGIN EXCLUSIVE;\n.shell touch $flag\n";
    wait_ok { -e $flag } 10, "$what is locked by another program";
    my $seq = $other->sim->sim(GET => 'events?since=999999999')->{last};
    $other->edit_page($other_page, notes => "while $what was locked");
    if ($what eq 'the state store') {
        wait_ok { grep { grep { ($_->{status} // 0) == 503 } @{ $_->{attempts} } } @{ $other->sim->sim(GET => "events?since=$seq")->{events} } } 20,
            'hooks are answered 503 meanwhile';
    }
    else {
        wait_ok { $other->sim->sim(GET => 'idle')->{idle} } 20, 'hooks are answered all the same';
    }
    print {$shell} "COMMIT;\n.quit\n";
    close $shell;
    $other->wait_row('other', notes => "while $what was locked", seconds => 60, what => "and the edit arrives when $what is free");
}
$other->wait_equal;
$other->wait_quiet;
$other->verify_ok;

# --- back on the first

$sync->wait_equal(seconds => 150, what => 'in the end both sides are equal');
$sync->wait_quiet(seconds => 60);
diag sprintf 'after %.0f s', time - $start;
is($sync->page($_)->{notes}, 'after', "$_: the value is there") for @update_cases;
is($sync->page('update cut after commit')->{score}, 2, 'an edit of the row meanwhile is there too');
is($sync->row('update 503, committed later')->{score}, 3, 'and one of the page');
ok(!$sync->page($_), "$_: the page is gone") for @trash_cases;
my %count;
$count{ $_->{properties}{Name} }++ for $sync->raw_pages;
is($count{$_}, 1, "$_: one page") for @create_cases;
is(scalar(() = $sync->rows), $pages - @trash_cases + @create_cases, 'as many rows as there must be');
my $status = $sync->status;
is($status->{parked}, 0, 'nothing is left parked');
is($status->{held}, 0, 'nor held');
$sync->verify_ok(equal => $pages - @trash_cases + @create_cases);

$_->httpd->log_allow(qr/notion|store|locked|busy|sql\./i) for $sync, $other;
$_->secrets_ok($_->httpd->get('/notionsync')->{body}, $_->httpd->get('/notionsync?json')->{body}) for $sync, $other;

finish();

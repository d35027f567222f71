#!/usr/bin/perl
# Measures what docs promise: make bench, or make bench ONLY="P4 latency". One line a figure: NAME VALUE UNIT; comments
# begin with '#'. All figures, with the machine they come from, go to t/bench/bench.json of the build too.
#
# P1       webhooks acknowledged after a durable commit, beside an empty handler and a bare group commit
# P3       PostgreSQL: from the commit of an edit until Notion has accepted it, while 10,000 rows are synced for the first time
# P3b      the same, and the other way, under Notion's budget
# accept   SQLite, PostgreSQL, MariaDB: from the commit of an edit until Notion has accepted it, with nothing but defaults
# P4       requests for one change (P4 to P8: with a property of every type that can be mapped, NotionSync::Bench::Types)
# P5       requests for 1,000 pages that are edited at once, and within a minute, under Notion's budget and its lag of queries
# P6, P8   requests for the first sync of 1,000 and 100,000 records, and for comparing them again; P9: the memory of a worker meanwhile
# P7       how much of Notion's budget a first sync of 1,000 rows into Notion takes in each minute but the first, and what is refused
# cap      the first sync of 12,000 records, of which Notion lists 10,000 at once, and comparing them again: that none is lost, and requests
# P9       PostgreSQL, MariaDB: the same of 10,000 and 100,000 records, and the memory of a worker meanwhile
# scale    PostgreSQL: 250,000 records in a table of 1,000,000 rows, and 25,000 in one of 100,000: memory, how long changes of the application take and how many wait for a lock
# P10      what an idle server costs
# P11      comparing records that are equal on both sides
# trigger  what the triggers cost an application of PostgreSQL, and one of MariaDB: their own benchmarks with them and without
# latency  one change at a time on an idle server, each way
use strict;
use warnings;
use File::Temp qw(tempdir);
use POSIX ();
use Time::HiRes qw(time sleep);
use NotionSync::Bench qw(figure remark figures quick_settings program json_of wait_quiet settled first_sync reconcile worker_memory);
use NotionSync::Bench::Databases ();
use NotionSync::Bench::Types qw(@EVERY page_values row_values page_edit row_edit);
use NotionSync::Live qw(wait_until median percentile);
use NotionSync::Test ();

$| = 1;
my %run = (P1 => \&p1, P4 => \&p4, P5 => \&p5, P6 => \&p6, P7 => \&p7, P8 => \&p6, cap => \&cap, P10 => \&p10, P11 => \&p11, latency => \&latency,
    NotionSync::Bench::Databases::figures_of());
my @order = qw(latency accept P4 P5 P1 P10 P11 P3 P3b trigger P7 P6 cap P9 scale);
my %asked = map { $_ => 1 } @ARGV ? map { split /[\s,]+/ } @ARGV : @order;
for my $name (keys %asked) {
    $run{$name} or die "no figure is called $name; there are: " . join(', ', sort keys %run) . "\n";
}
$asked{P6} ||= delete $asked{P8};

my $build = NotionSync::Test::build_info('builddir');
my %quick = quick_settings();
my @failed;

# --- P1

sub p1 {
    my $seconds = $ENV{NTS_BENCH_SECONDS} || 8;
    my $live = NotionSync::Live->new(
        settings => \%quick, log_level => 'warn',
        mapping  => '  NotionSyncPaused on',      # so that only the intake is measured
        limits   => "ServerLimit 4\nStartServers 2\nThreadsPerChild 32\nMinSpareThreads 1\nMaxSpareThreads 128\nMaxRequestWorkers 128\n",
        config   => "LoadModule nothing_module \"$build/t/bench/.libs/mod_nothing.so\"\n"
            . "<Location \"/nothing\">\n  SetHandler nothing\n</Location>\nKeepAlive On\nMaxKeepAliveRequests 0\n"
            . "KeepAliveTimeout 60",
    );
    $live->start;
    wait_until { ($live->status->{state} // '') ne 'starting' } 20, 0.1 or die "the mapping does not start\n";
    my @load = (program('hookload'), $live->{httpd}->port);
    my @with = ($NotionSync::Live::HOOK_SECRET, $live->{source});
    my (@hook, @nothing, @bare, @rows);
    for my $turn (1 .. 3) {                      # in turns, so that what else the machine does hits all three
        push @nothing, json_of(@load, '/nothing', 16, $seconds / 2, @with);
        push @hook,    json_of(@load, '/notionsync/hook/work', 16, $seconds, @with);
        push @bare,    json_of(program('groupcommit'), $live->{httpd}->state . '/groupcommit', 16, $seconds / 2, 700);
        push @rows,    json_of(program('groupcommit'), $live->{httpd}->state . '/groupcommit', 16, $seconds / 2, 'rows');
    }
    $live->stop;
    my $best = sub { my ($key, @runs) = @_; return median(map { $_->{$key} } @runs) };
    my $hook    = figure('P1.hooks', $best->(rate => @hook), 'requests/s');
    my $nothing = figure('P1.empty_handler', $best->(rate => @nothing), 'requests/s');
    my $bare    = figure('P1.bare_group_commit', $best->(rate => @bare), 'commits/s');
    my $rows    = figure('P1.bare_group_commit_of_rows', $best->(rate => @rows), 'commits/s');
    figure('P1.of_empty_handler', $hook / $nothing, 'ratio');
    figure('P1.of_group_commit',  $hook / $bare,    'ratio');
    figure('P1.of_group_commit_of_rows', $hook / $rows, 'ratio');
    figure('P1.wanted', 0.35 * $nothing < 0.6 * $bare ? 0.35 * $nothing : 0.6 * $bare, 'requests/s');
    figure('P1.p50', $best->(p50_ms => @hook), 'ms');
    figure('P1.p99', $best->(p99_ms => @hook), 'ms');
    figure('P1.p99_limit', 10 + 3 * $best->(sync_p50_ms => @bare), 'ms');
    my $refused = 0;
    $refused += $_->{bad} for @hook;
    figure('P1.refused', $refused, 'requests');
    return;
}

# --- P4

# Requests from the change until everything that follows from it is over.
sub requests_for {
    my ($live, $change, $shown) = @_;
    $live->forget_requests;
    $change->();
    wait_until { $shown->() } 20 or die "the change did not arrive\n";
    wait_quiet($live);
    my $counts = $live->requests;
    my $classes = $counts->{classes};
    remark('asked: ' . join ', ', map { "$_ $classes->{$_}" } grep { $classes->{$_} } sort keys %$classes);
    return $counts->{total};
}

# S3.11: a mapping that reads what Notion computes reads a page after an event of other properties, too, for no event tells of such a value.
# So the same is counted without these fields.
sub p4 {
    p4_of('P4', @EVERY);
    p4_of('P4.announced', grep { $_->[2]{type} !~ /\A(?:formula|rollup|last_edited_(?:time|by))\z/ } @EVERY);
    return;
}

sub p4_of {
    my ($name, @fields) = @_;
    my $live  = settled(20, fields => [@fields, ['unmapped', 'Unmapped', { type => 'rich_text' }, 'TEXT', '']], page => \&page_values);
    my $pairs = $live->pairs('email');
    my ($page, $other) = sort keys %$pairs;
    my ($key, $other_key) = @$pairs{$page, $other};
    remark(scalar(@fields) . ' fields; an edit changes all that can be');
    figure("$name.notion_to_external", requests_for($live,
        sub { $live->edit_page($page, page_edit($live, 'there', $other)) }, sub { $live->row($key)->{notes} eq 'there' }), 'requests');
    my $asked = requests_for($live,
        sub { $live->edit_row($key, row_edit('here', $other_key)) }, sub { $live->page($page)->{notes} eq 'here' });
    figure("$name.external_to_notion", $asked, 'requests');
    remark('own echo: what the events of our own write have added to its read and its write');
    figure("$name.echo", $asked < 2 ? 0 : $asked - 2, 'requests');
    figure("$name.create_in_notion", requests_for($live,
        sub { $live->add_row(%{ row_values(1, $key) }, name => 'New here', email => 'here@example.org') },
        sub { grep { $_->{email} eq 'here@example.org' } $live->pages }), 'requests');
    figure("$name.create_in_external", requests_for($live,
        sub { $live->add_page(%{ page_values($live, 1, $page) }, name => 'New there', email => 'there@example.org') },
        sub { $live->count_rows == 22 }), 'requests');
    figure("$name.unmapped_property", requests_for($live,
        sub { $live->edit_page($page, unmapped => 'nobody looks') }, sub { 1 }), 'requests');
    figure("$name.trash", requests_for($live,
        sub { $live->trash_page($page) }, sub { !$live->row($key) }), 'requests');
    $live->stop;
    return;
}

# --- P5

# Edit every page once, evenly over so many seconds, and wait until each row shows it.
sub p5_burst {
    my ($name, $seconds, $live, @pairs) = @_;
    wait_quiet($live, 300);
    sleep 61;                                    # the requests of before count no more
    $live->forget_requests;
    my $start = time;
    for my $n (0 .. $#pairs) {
        my $wait = $start + $seconds * $n / @pairs - time;
        sleep $wait if $wait > 0;
        $live->edit_page($pairs[$n], notes => $name);
    }
    my $edited = time - $start;
    wait_until { $live->db("SELECT count(*) AS n FROM contacts WHERE notes = '$name'")->[0]{n} == @pairs } 900, 0.05
        or die "not all of it arrived:\n" . $live->{httpd}->log_tail(10) . "\n";
    my $took  = time - $start;
    my $asked = $live->requests;
    my $classes = $asked->{classes};
    remark(sprintf 'edited within %.1f s; asked: %s', $edited, join ', ', map { "$_ $classes->{$_}" } grep { $classes->{$_} } sort keys %$classes);
    figure("P5.$name", $asked->{total}, 'requests');
    figure("P5.$name.seconds", $took, 's');
    return;
}

sub p5 {
    my %settings = (%quick, stale_ms => 15_000, rate_limit => 180);
    my $live  = settled($ENV{NTS_BENCH_PAGES} || 1000, budget => '180/60s', settings => \%settings, fields => \@EVERY, page => \&page_values);
    my $pairs = $live->pairs('email');
    p5_burst('burst',  2,  $live, sort keys %$pairs);
    p5_burst('minute', 60, $live, sort keys %$pairs);
    $live->stop;
    return;
}

# --- P6 and P8

sub p6 {
    my %every = (fields => \@EVERY, page => sub { my ($live, $n) = @_; return page_values($live, $n) });
    my $few = $ENV{NTS_BENCH_PAGES} || 1000;
    my $small = first_sync($few, %every);
    reconcile($small, "P8.$few.full", '--full');
    figure("P9.$few.worker_memory_peak", worker_memory($small), 'MiB');
    $small->stop;
    remark('all refer to the oldest: whoever is read before that is linked is read once more when it is');
    first_sync($few, %every, page => \&page_values, name => "P6.related.$few")->stop;
    my $many = $ENV{NTS_BENCH_RECORDS} || 100_000;
    my $live = first_sync($many, %every);
    reconcile($live, 'P8.full', '--full');
    reconcile($live, 'P8.incremental');
    figure("P9.$many.worker_memory_peak", worker_memory($live), 'MiB');
    $live->stop;
    return;
}

# --- cap

sub cap {
    my $count = $ENV{NTS_BENCH_CAPPED} || 12_000;
    my $live = first_sync($count, name => 'cap', settings => { quick_settings(), query_cap => int($count * 10 / 12) });
    my %rows = map { $_->{name} => 1 } @{ $live->db('SELECT name FROM contacts') };
    figure('cap.lost', scalar(grep { !$rows{"Record $_"} } 1 .. $count), 'records');
    figure('cap.doubled', $live->count_rows - keys %rows, 'records');
    reconcile($live, 'cap.full', '--full');
    figure('cap.rows_after', $live->count_rows, 'records');
    $live->stop;
    return;
}

# --- P7

# A table that is copied to Notion for the first time, under the limit that Notion has.
sub p7 {
    my $rows = $ENV{NTS_BENCH_ROWS} || 1000;
    my $live = NotionSync::Live->new(settings => { %quick, rate_limit => 180 }, log_level => 'warn', fields => \@EVERY);
    $live->add_rows(row_values(1), map { row_values($_, 1) } 2 .. $rows);
    $live->forget_requests;
    my $start = time;
    $live->start;
    wait_until { my $n = $live->control(GET => "pages?data_source=$live->{source}&limit=1")->{total}; $n >= $rows } 60 + $rows, 0.1
        or die "not all rows have a page:\n" . $live->{httpd}->log_tail(10) . "\n";
    my $took = time - $start;
    my $refused = $live->requests->{status}{429} // 0;
    my @at = map { $_->{ms} / 1000 - $start } @{ $live->control(GET => 'log?since=0&limit=20000')->{log} };
    my @minutes = map { my $from = 60 * $_; scalar grep { $_ >= $from && $_ < $from + 60 } @at } 0 .. $took / 60 - 1;
    remark('requests in each minute: ' . join ', ', @minutes);
    shift @minutes;
    $live->stop;
    @minutes or die "$rows rows take no two minutes\n";
    figure('P7.of_budget', (sort { $a <=> $b } @minutes)[0] / 180, 'ratio');
    figure('P7.refused', $refused, 'requests');
    figure('P7.seconds', $took, 's');
    return;
}

# --- P10

# Processor time, in seconds, of a process group: the scheduler's own account, in ns, of all its threads.
sub processor_seconds {
    my ($group) = @_;
    my $sum = 0;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $stat or next;
        my ($pid, $of) = (<$fh> // '') =~ /\A(\d+) \(.*\) \S \d+ (\d+)/s or next;
        next if $of != $group;
        for my $file (glob "/proc/$pid/task/*/schedstat") {
            open my $in, '<', $file or next;
            $sum += (split ' ', <$in> // '0')[0];
        }
    }
    return $sum / 1e9;
}

sub p10 {
    my $seconds = $ENV{NTS_BENCH_IDLE} || 60;
    my $live = settled(100, debounce => '300ms');
    $live->forget_requests;
    my $before = processor_seconds($live->{httpd}->pid);
    my $start  = time;
    sleep $seconds;
    my $used = processor_seconds($live->{httpd}->pid) - $before;
    figure('P10.processor', 100 * $used / (time - $start), '%');
    figure('P10.requests', $live->requests->{total}, 'requests');
    $live->stop;
    return;
}

# --- P11

sub p11 {
    my $count = $ENV{NTS_BENCH_COMPARE} || 10_000;
    my @runs;
    for (1 .. 3) {
        my $dir = tempdir('notionsync-XXXXXXXX', TMPDIR => 1, CLEANUP => 1);
        push @runs, json_of(program('compare'), $dir, $count);
    }
    remark("$count records of $runs[0]{bytes} bytes as Notion writes them, on one core");
    figure('P11.records_per_second', $count / median(map { $_->{compare_s} } @runs), 'records/s');
    figure('P11.full_run', $count / median(map { $_->{full_s} } @runs), 'records/s');
    return;
}

# --- latency

sub latency {
    my $count = $ENV{NTS_BENCH_CHANGES} || 500;
    my $live  = settled(50);
    my $pairs = $live->pairs('email');
    my @pairs = map { [$_ => $pairs->{$_}] } sort keys %$pairs;
    my (@out, @in);
    for my $n (1 .. $count) {
        my ($page, $key) = @{ $pairs[$n % @pairs] };
        my $start = time;
        $live->edit_page($page, notes => "change $n");
        wait_until { ($live->db("SELECT notes FROM contacts WHERE id = $key")->[0]{notes} // '') eq "change $n" } 20
            or die "change $n of Notion did not arrive\n";
        push @out, time - $start;
        sleep 0.005 + rand 0.03;
    }
    wait_quiet($live);
    for my $n (1 .. $count) {
        my ($page, $key) = @{ $pairs[$n % @pairs] };
        my $start = time;
        $live->edit_row($key, notes => "edit $n");
        wait_until { $live->page($page)->{notes} eq "edit $n" } 20 or die "change $n of the table did not arrive\n";
        push @in, time - $start;
        sleep 0.005 + rand 0.03;
    }
    $live->stop;
    for (['notion_to_external', @out], ['external_to_notion', @in]) {
        my ($name, @times) = @$_;
        figure("latency.$name.median", 1000 * median(@times), 'ms');
        figure("latency.$name.p99",    1000 * percentile(0.99, @times), 'ms');
        figure("latency.$name.max",    1000 * percentile(1, @times), 'ms');
    }
    return;
}

for my $name (grep { $asked{$_} } @order) {
    remark($name);
    next if eval { $run{$name}->(); 1 };
    print STDERR "$name: $@";
    push @failed, $name;
}
my ($sysname, undef, $release, undef, $machine) = POSIX::uname();
NotionSync::Test::write_file("$build/t/bench/bench.json", NotionSync::Test::encode({
    version => NotionSync::Test::build_info('version'), at => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime),
    machine => "$sysname $release $machine", processors => 0 + `getconf _NPROCESSORS_ONLN`, failed => \@failed, figures => figures(),
}) . "\n");
exit(@failed ? 1 : 0);

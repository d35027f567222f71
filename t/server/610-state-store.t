# R4, the state store in trouble: somebody else holds its lock, its disk is full, it is lost. While it cannot take what must be
# kept, hooks are refused (503, Retry-After) so that Notion repeats them, nothing is written to either side, and the log
# says why; when it can again everything arrives by itself, once, and both sides are equal.
use strict;
use warnings;
use Time::HiRes qw(sleep);
use NotionSync::Sync;

my $sync = new_sync(before => sub { $_[0]->add_pages(map { { name => "Record $_", notes => 'before' } } 1 .. 8) });

# A disk of its own for the store: a small tmpfs where we may mount one; else a limit on the size of files, which
# needs no right and answers EFBIG instead of ENOSPC (httpd ignores the signal that would go with it).
my $dir  = $sync->httpd->state;
my $disk = $> == 0 && mount_disk();
my $fill = "$dir/filler";
END { local $?; system 'umount', '-l', $dir if $disk }

sub mount_disk {
    my $aside = temp_dir();
    my (undef, undef, $mode, undef, $uid, $gid) = stat $dir;
    return 0 if system "cp -a '$dir/.' '$aside/' && mount -t tmpfs -o size=12m notionsync-test '$dir' 2>/dev/null";
    system 'cp', '-a', "$aside/.", "$dir/";
    chmod $mode & 07777, $dir;
    chown $uid, $gid, $dir;
    return 1;
}

sub processes { return ($sync->httpd->pid, $sync->httpd->children) }

sub fill_disk {
    if ($disk) {
        system "dd if=/dev/zero of='$fill' bs=64k 2>/dev/null; dd if=/dev/zero bs=1 count=65536 >>'$fill' 2>/dev/null";
    }
    else {
        system 'prlimit', "--fsize=4096:", '--pid', $_ for processes();
    }
    return;
}

sub free_disk {
    if ($disk) {
        unlink $fill or die "$fill: $!\n";
    }
    else {
        system 'prlimit', '--fsize=unlimited:', '--pid', $_ for processes();
    }
    return;
}

$sync->start;
$sync->wait_equal(what => 'equal at first');
$sync->wait_quiet;

sub event_attempts {
    my ($since) = @_;
    return map { @{ $_->{attempts} } } @{ $sync->sim->sim(GET => "events?since=$since&limit=20000")->{events} };
}
sub last_event { return $sync->sim->sim(GET => 'events?since=999999999')->{last} }

sub all_arrives {
    my ($what, $n) = @_;
    $sync->wait_row("Record 1", notes => "page $n", seconds => 60, what => "$what: the edit in Notion arrives");
    $sync->wait_page("Record 2", notes => "row $n", seconds => 60, what => "$what: the edit of the table arrives");
    $sync->wait_row("Page $n", seconds => 60, what => "$what: the new page");
    $sync->wait_equal(seconds => 120, what => "$what: both sides are equal");
    $sync->wait_quiet(seconds => 120, what => "$what: nothing is left to do");
    $sync->verify_ok(what => "$what: and verify says so");
    my %count;
    $count{ $_->{properties}{Name} }++ for $sync->raw_pages;
    is_deeply([grep { $count{$_} > 1 } sort keys %count], [], "$what: nothing was made twice");
    return;
}

sub edit_all {
    my ($n) = @_;
    $sync->edit_page('Record 1', notes => "page $n");
    $sync->edit_row('Record 2', notes => "row $n");
    $sync->add_page(name => "Page $n");
    return;
}

# --- somebody holds its lock, as a copy by hand does

subtest 'locked' => sub {
    my ($mark, $event) = ($sync->mark, last_event());
    open my $shell, '|-', 'sqlite3', "$dir/notionsync.db" or die "sqlite3: $!\n";
    $shell->autoflush(1);
    print {$shell} ".timeout 5000\nBEGIN IMMEDIATE;\n";
    wait_ok { !eval { sqlite("$dir/notionsync.db", 'BEGIN IMMEDIATE; ROLLBACK'); 1 } } 10, 'the store is locked';
    edit_all(1);
    wait_ok { grep { ($_->{status} // 0) == 503 } event_attempts($event) } 30, 'a hook is refused for now, not lost';
    my @writes = grep { $_->{method} ne 'GET' && $_->{path} !~ /query/ } $sync->requests_since($mark);
    is(scalar @writes, 0, 'nothing is written to Notion whose intent could not be kept');
    isnt($sync->row('Record 1')->{notes}, 'page 1', 'nor to the table');
    print {$shell} "ROLLBACK;\n";
    close $shell;
    all_arrives('unlocked', 1);
    # About time: a child that could not open the store for the lock leaves it alone for a second (REOPEN_AFTER), and none tells.
    sleep 1.2;
    $sync->httpd->log_expect(qr/store|locked|busy/i);
};

# --- a full disk

subtest 'full disk' => sub {
    plan(skip_all => 'root without the right to mount') if $> == 0 && !$disk;
    diag $disk ? 'a small tmpfs' : 'a limit on the size of files';
    my ($mark, $event) = ($sync->mark, last_event());
    fill_disk();
    # What is preallocated in the log may take a few more.
    my $n = 0;
    wait_ok {
        $sync->edit_page('Record ' . (3 + $n++ % 5), notes => 'filling ' . 'x' x 1500);
        grep { ($_->{status} // 0) == 503 } event_attempts($event);
    } 30, 'a hook is refused for now, not lost';
    eval { $sync->edit_row('Record 2', notes => 'row 2') };     # the table is on that disk too
    my $answer = $sync->httpd->get('/notionsync');
    is($answer->{status}, 200, 'the dashboard is there');
    free_disk();
    edit_all(2);
    all_arrives('space again', 2);
    $sync->httpd->log_expect(qr/full|I\/O|disk/i);
};

ok(kill(0, $sync->httpd->pid), 'the parent lives');
is(scalar(() = $sync->workers), 2, 'with its workers');
$sync->httpd->log_allow(qr/store|state|notion\.|record\.|hook|worker \d|sqlite|disk|AH\d+/i);
finish();

package NotionSync::Bench;
# What figures are made with: t/bench/bench.pl and NotionSync::Bench::*.
#
#     my $live = settled(100);                    # a sync of so many contacts, at rest; fields => as NotionSync::Live
#     my $live = first_sync(1000);                # prints NAME.requests, .seconds and .rate
#     reconcile($live, 'P8.full', '--full');
#     figure('P4.one_change', 2, 'requests');     # a line, and an entry of figures()
use strict;
use warnings;
use Exporter qw(import);
use JSON::PP ();
use Time::HiRes qw(time sleep);
use NotionSync::Live qw(wait_until);
use NotionSync::Test ();

our @EXPORT_OK = qw(figure remark figures quick_settings program json_of wait_quiet settled first_sync reconcile worker_memory);

my %figures;

sub figures { return \%figures }

sub figure {
    my ($name, $value, $unit) = @_;
    $value = sprintf '%.4g', $value if $value =~ /\./;
    $value += 0;
    $figures{$name} = { value => $value, unit => $unit };
    print "$name $value $unit\n";
    return $value;
}

sub remark { my ($text) = @_; print "# $text\n"; return }

# A Notion that answers at once.
sub quick_settings {
    return (rate_limit => 0, delay_ms => 0, aggregate_ms => 0, stale_ms => 300, reorder => JSON::PP::false,
        title_as_content => JSON::PP::false, log_bodies => 0);
}

sub program { my ($name) = @_; return NotionSync::Test::build_info('builddir') . "/t/bench/$name" }

sub json_of {
    my (@command) = @_;
    my ($exit, $text) = NotionSync::Test::run_command(@command);
    die "@command: exit $exit\n$text" if $exit;
    return NotionSync::Test::decode($text);
}

sub wait_quiet {
    my ($live, $seconds) = @_;
    wait_until { $live->is_quiet } $seconds // 60, 0.1 or die "it does not come to rest:\n" . $live->{httpd}->log_tail(10) . "\n";
    return;
}

# page => what makes the record of a page, of the sync, a number and pages that it may refer to
sub settled {
    my ($count, %opt) = @_;
    my $page = delete $opt{page} // sub { my (undef, $n) = @_; return { name => "Contact $n", email => "c$n\@example.org", score => $n, stage => 'Lead' } };
    my $live = NotionSync::Live->new(budget => '100000/60s', settings => { quick_settings() }, log_level => 'warn', %opt);
    my ($first) = $live->add_pages($page->($live, 1));
    $live->add_pages(map { $page->($live, $_, $first) } 2 .. $count) if $count > 1;
    $live->start;
    wait_until { $live->count_rows == $count } 120, 0.02
        or die "the first sync stays at " . $live->count_rows . " of $count:\n" . $live->{httpd}->log_tail(10) . "\n";
    wait_quiet($live);
    return $live;
}

sub asked_of_notion {
    my ($live) = @_;
    my $asked = $live->requests;
    remark('asked: ' . join ', ', map { "$_ $asked->{classes}{$_}" } grep { $asked->{classes}{$_} } sort keys %{ $asked->{classes} });
    return $asked->{total};
}

# The first sync of a data source whose pages were made evenly, two hundred a minute. The table may hold other rows already. page => as above
sub first_sync {
    my ($count, %opt) = @_;
    my $before = delete $opt{before} // sub { };
    my $page = delete $opt{page} // sub { return { stage => 'Lead' } };
    my $name = delete $opt{name} // 'P6' . ($opt{server} ? '.' . $opt{server}->driver : '') . ".$count";
    my $live = NotionSync::Live->new(
        budget => '100000/60s', settings => { quick_settings() }, log_level => 'warn', mapping => '  NotionSyncReconcile off', %opt,
    );
    $before->($live);
    my $others = $live->count_rows;
    remark("making $count pages");
    my $all = sub { return { %{ $live->properties(%{ $page->($live, 1, @_) }) }, Name => 'Record {n}', 'E-mail' => 'r{n}@example.org', Score => '{n}' } };
    my $oldest = { properties => $live->properties(%{ $page->($live, 1) }, name => 'Record 1', email => 'r1@example.org'), created_ago_ms => 300 * $count + 600_000 };
    my ($first) = @{ $live->control(POST => 'pages', { data_source => $live->{source}, pages => [$oldest] })->{ids} };
    # The youngest is older than what listings may lag behind (S3.2).
    $live->control(POST => 'pages', { data_source => $live->{source}, per_minute => 200, ended_ago_ms => 120_000, count => $count - 1, first => 2,
        properties => $all->($first) });
    $live->forget_requests;
    my $start = time;
    $live->start;
    my ($last, $moved) = (-1, time);
    wait_until {
        my $rows = $live->count_rows - $others;
        if ($rows != $last) { ($last, $moved) = ($rows, time) }
        die "stands still at $rows of $count:\n" . $live->{httpd}->log_tail(10) . "\n" if time - $moved > 60;
        $rows >= $count;
    } 3600, 0.1;
    my $took = time - $start;
    wait_quiet($live, 300);
    figure("$name.requests", asked_of_notion($live), 'requests');
    figure("$name.seconds", $took, 's');
    figure("$name.rate", $count / $took, 'records/s');
    return $live;
}

sub reconcile {
    my ($live, $name, @how) = @_;
    wait_quiet($live, 300);
    $live->forget_requests;
    my $start = time;
    my ($exit, $text) = $live->ctl('--wait', '3600s', 'reconcile', 'contacts', @how);
    die "reconcile: exit $exit\n$text" if $exit;
    my $took = time - $start;
    figure("$name.requests", asked_of_notion($live), 'requests');
    figure("$name.seconds", $took, 's');
    return;
}

# Largest resident memory of a worker, in MiB.
sub worker_memory {
    my ($live) = @_;
    my $most = 0;
    for my $pid ($live->{httpd}->children(qr/notionsync-w/)) {
        my ($kib) = NotionSync::Test::read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m or next;
        $most = $kib if $kib > $most;
    }
    return $most / 1024;
}

1;

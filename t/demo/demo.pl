#!/usr/bin/perl
# The demonstration; started by ../../demo.sh, which says what it is. Only modules that come with perl.
#
# What it makes lies below demo-state/: notion/ is the simulator's httpd, httpd/ the one with the module, whose state/
# holds the state store and the table (contacts.db). As root, where httpd's user cannot enter the checkout, it lies in
# a temporary directory instead.
use strict;
use warnings;
use Cwd qw(abs_path getcwd);
use File::Path qw(remove_tree);
use File::Temp ();
use Time::HiRes qw(time sleep);
use NotionSync::Live qw(wait_until median);

$| = 1;
my $once = grep { $_ eq '--once' } @ARGV;
my ($live, $state, @steps, %latency);
my $interrupted = 0;
my $color = -t STDOUT && ($ENV{TERM} // 'dumb') ne 'dumb';

# --- where

sub may_enter {
    my ($dir) = @_;
    return 1 if $> != 0;
    for (my $d = abs_path($dir); ; $d =~ s{/[^/]*\z}{}) {
        my $mode = (stat(length $d ? $d : '/'))[2];
        return 0 unless $mode & 001;
        return 1 if $d eq '';
    }
}

sub make_state {
    my $dir = getcwd() . '/demo-state';
    unlink $dir if -l $dir;
    remove_tree($dir);
    if (!may_enter(getcwd())) {
        my $user = NotionSync::Test::server_user()->[0];
        $state = File::Temp::tempdir('notionsync-demo-XXXXXX', TMPDIR => 1, CLEANUP => 1);
        print "The user $user, whom httpd runs as, cannot enter ", getcwd(), ": run files are in $state\n";
        chmod 0755, $state;
    }
    else {
        $state = $dir;
        mkdir $state, 0755 or die "$state: $!\n";
        chmod 0755, $state;
    }
    for my $part (qw(notion httpd)) {
        mkdir "$state/$part", 0755 or die "$state/$part: $!\n";
        chmod 0755, "$state/$part";
    }
    return;
}

# --- saying

sub ms { return sprintf $_[0] < 0.0995 ? '%.1f' : '%.0f', $_[0] * 1000 }

# One line a step: what should happen, whether it did, and how long it took (the sub may say the latter itself).
sub step {
    my ($what, $sub, $direction) = @_;
    my $start = time;
    my $took = eval { $sub->() };
    my $why  = $@;
    my $good = defined $took;
    $took = time - $start unless $good && $took > 0;
    push @steps, $good;
    push @{ $latency{$direction} }, $took if $direction && $good;
    my $word = $good ? 'ok  ' : 'FAIL';
    $word = ($good ? "\e[32m" : "\e[31m") . "$word\e[0m" if $color;
    printf "%s %9s ms  %s\n", $word, ms($took), $what;
    if (!$good) {
        $why =~ s/^/             /mg;
        print $why =~ /\S/ ? $why : "             it did not happen in time\n";
        my @log = $live ? $live->{httpd}->log_lines(qr/notionsync:(?:warn|error|crit)/) : ();
        print map { "             $_\n" } @log > 5 ? @log[-5 .. -1] : @log;
    }
    return $good;
}

# Seconds from now until the condition holds; dies when the time is over.
sub until_true(&;$) {
    my ($condition, $seconds) = @_;
    my $start = time;
    wait_until { $condition->() } $seconds // 20 or die "not within " . ($seconds // 20) . " s\n";
    return time - $start;
}

# --- contacts

my @first = qw(Ada Grace Alan Edsger Barbara Donald Hedy Katherine Linus Margaret Niklaus Radia Sophie Tim Vint Yukihiro);
my @last  = qw(Lovelace Hopper Turing Dijkstra Liskov Knuth Lamarr Johnson Hamilton Wirth Perlman Wilson Cerf);

sub contact {
    my ($n) = @_;
    my $first = $first[$n % @first];
    my $last  = $last[$n % @last];
    my $no    = int($n / (@first * @last)) ? " $n" : '';
    return {
        name  => "$first $last$no", email => lc("$first.$last") . ($no ? $n : '') . '@example.org',
        phone => sprintf('+44 20 7946 %04d', $n), company => $NotionSync::Live::CONTACTS[3][2]{options}[$n % 3],
        stage => (qw(Lead Contacted Customer))[$n % 3], tags => $n % 4 ? $n % 2 ? ['vip'] : ['press', 'partner'] : [],
        score => $n % 100 / 2, next_call => sprintf('2027-%02d-%02d', 1 + $n % 12, 1 + $n % 28),
        newsletter => $n % 2, notes => $n % 5 ? undef : "Met at the fair.\nLikes \"tea\" & biscuits.",
    };
}

sub as_row {
    my %row = %{ $_[0] };
    $row{tags} = join ', ', @{ $row{tags} };
    return \%row;
}

# --- with the simulator

my ($TOTAL, $ROWS_ONLY, $BOTH) = (200, 10, 20);     # contacts; of these only in the table; of these in both

sub start_simulated {
    $live = NotionSync::Live->new(
        root     => "$state/httpd",
        sim_root => "$state/notion",
        settings => { delay_ms => 0, aggregate_ms => 0, reorder => JSON::PP::false },
        debounce => '0ms',
        mapping  => "  NotionSyncMatch \"E-mail\" email\n  NotionSyncConflict last-write-wins grace=5s",
    );
    my @all = map { contact($_) } 1 .. $TOTAL;
    $live->add_pages(@all[0 .. $TOTAL - $ROWS_ONLY - 1]);
    $live->add_rows(map { as_row($_) } @all[$TOTAL - $ROWS_ONLY - $BOTH .. $TOTAL - 1]);
    $live->start;
    return;
}

sub initial_sync {
    return step("initial sync: @{[$TOTAL - $ROWS_ONLY]} contacts in Notion, @{[$ROWS_ONLY + $BOTH]} in SQLite, $BOTH of them in both"
        . " and paired by e-mail", sub {
        my $took = until_true { $live->count_rows == $TOTAL && !$live->differences } 90;
        my @rows = $live->rows;
        my @pages = $live->pages;
        die scalar(@rows) . " rows and " . scalar(@pages) . " pages instead of $TOTAL\n" if @rows != $TOTAL || @pages != $TOTAL;
        wait_until { $live->is_quiet } 30, 0.05 or die "events are left over\n";
        return $took;
    });
}

sub notion_edit {
    my ($page, $key, $what, %edit) = @_;
    return step("Notion -> SQLite: $what", sub {
        $live->edit_page($page, %edit);
        return until_true { shows($live->row($key), %edit) };
    }, 'out');
}

sub table_edit {
    my ($page, $key, $what, %edit) = @_;
    return step("SQLite -> Notion: $what", sub {
        $live->edit_row($key, %edit);
        return until_true { shows($live->page($page), %edit) };
    }, 'in');
}

sub shows {
    my ($record, %want) = @_;
    return 0 unless $record;
    my %type = map { $_->[0] => $_->[2]{type} } @{ $live->{fields} };
    for my $column (keys %want) {
        return 0 if $record->{$column} ne NotionSync::Live::canonical($type{$column}, $want{$column});
    }
    return 1;
}

my @edits = (
    ['name',       sub { "$_[0]{name}, Countess" }],
    ['phone',      sub { "+49 30 $_[1]" }],
    ['stage',      sub { $_[0]{stage} eq 'Customer' ? 'Contacted' : 'Customer' }],
    ['tags',       sub { 'partner, vip' }],
    ['score',      sub { 41.5 + $_[1] }],
    ['next_call',  sub { '2028-02-29' }],
    ['newsletter', sub { $_[0]{newsletter} ? 0 : 1 }],
    ['notes',      sub { "Called back.\nWants <b>more</b>; it's \x{2713}" }],
    ['company',    sub { $_[0]{company} eq 'Colossus & Co' ? 'Bletchley Ltd' : 'Colossus & Co' }],
    ['email',      sub { "new$_[1]\@example.org" }],
);

sub edits {
    my ($run, @pairs) = @_;
    my %property = map { $_->[0] => $_->[1] } @{ $live->{fields} };
    for my $i (0 .. $#edits) {
        my ($column, $make) = @{ $edits[$i] };
        my ($page, $key) = @{ $pairs[$i] };
        my $record = $live->row($key);
        my $value = $make->($record, 100 + $i);
        $run->($page, $key, "$property{$column} of $record->{name}", $column => $value);
        sleep 0.05;
    }
    return;
}

sub pages_and_keys {
    my $pairs = $live->pairs('email');
    return map { [$_ => $pairs->{$_}] } sort { $pairs->{$a} <=> $pairs->{$b} } keys %$pairs;
}

sub both_at_once {
    my ($page, $key) = @_;
    my %there = (phone => '+1 202 555 0100');
    my %here  = (notes => 'Edited here while the phone number changed there');
    return step('two fields of one contact edited on both sides at once: both are kept', sub {
        $live->edit_page($page, %there);
        $live->edit_row($key, %here);
        return until_true { shows($live->row($key), %there, %here) && shows($live->page($page), %there, %here) };
    });
}

# The sync stands still while both are made, so that neither can arrive before the other is there.
my %lost;

sub conflict {
    my ($page, $key) = @_;
    return step('a conflict: one field, two values; last-write-wins, simultaneous means notion; the loser is kept in the audit', sub {
        $live->ask('pause', 'contacts');
        $live->edit_row($key, company => 'Bletchley Ltd', score => 7);
        $live->edit_page($page, score => 8);
        my $start = time;
        $live->ask('resume', 'contacts');
        until_true { shows($live->row($key), score => 8, company => 'Bletchley Ltd')
                && shows($live->page($page), score => 8, company => 'Bletchley Ltd') };
        my $took = time - $start;
        my ($entry) = grep { grep { ref $_->{lost} || defined $_->{lost} } @{ $_->{fields} } } @{ $live->ask('audit', 'contacts', $page) };
        die "the audit does not show the value that lost\n" unless $entry;
        return $took;
    });
}

sub deletes {
    my ($out, $in) = @_;
    step('a page put into the trash: the row is deleted', sub {
        $live->trash_page($out->[0]);
        return until_true { !$live->row($out->[1]) };
    });
    return step('a row deleted: the page is put into the trash', sub {
        $live->delete_row($in->[1]);
        return until_true { $live->page($in->[0])->{in_trash} };
    });
}

sub undo {
    my ($page, $key) = @_;
    return step('notionsyncctl undo: the stage of a contact is again, on both sides, what it was', sub {
        my $before = $live->row($key)->{stage};
        my $after  = $before eq 'Lead' ? 'Customer' : 'Lead';
        $live->edit_page($page, stage => $after);
        until_true { shows($live->row($key), stage => $after) };
        my $entry;
        until_true {
            ($entry) = grep { $_->{op} eq 'update' && $_->{state} ne 'pending' && grep { $_->{name} =~ /stage/i } @{ $_->{fields} } }
                @{ $live->ask('audit', 'contacts', $page) };
        };
        my $start = time;
        $live->ask('undo', $entry->{entry});
        until_true { shows($live->row($key), stage => $before) && shows($live->page($page), stage => $before) };
        return time - $start;
    });
}

sub verify {
    my ($wanted) = @_;
    return step('notionsyncctl verify: both sides read whole and compared', sub {
        wait_until { $live->is_quiet } 30, 0.05 or die "something is still under way\n";
        my $start = time;
        my $found = $live->ask('verify', 'contacts');
        my $took = time - $start;
        die "$found->{equal} equal, $found->{different} different, $found->{excused} parked or held\n"
            if $found->{different} || $found->{excused} || $found->{equal} != $wanted;
        die "this demo compares differently\n" if $live->differences;
        return $took;
    });
}

sub log_is_clean {
    return step('the error log of httpd has no warning', sub {
        my @bad = grep { /\[[a-z_]+:(?:warn|error|crit|alert|emerg)\]/ } $live->{httpd}->log_lines;
        die join "\n", @bad, '' if @bad;
        return 0;
    });
}

sub introduce {
    my $url = $live->{httpd}->url('/notionsync');
    print "\nDashboard  $url\n\n";
    return;
}

sub run_once {
    start_simulated();
    introduce();
    initial_sync() or return;
    my @pairs = pages_and_keys();
    edits(\&notion_edit, @pairs[0 .. 9]);
    edits(\&table_edit, @pairs[10 .. 19]);
    both_at_once(@{ $pairs[20] });
    conflict(@{ $pairs[21] });
    deletes(@pairs[22, 23]);
    undo(@{ $pairs[24] });
    verify($TOTAL - 2);
    log_is_clean();
    return;
}

# --- following

sub display {
    my ($value) = @_;
    return '(nothing)' unless defined $value;
    if (ref $value eq 'HASH') {
        return join ', ', map { display($_) } @{ $value->{s} } if ref $value->{s};
        my ($text) = grep { defined && !ref } map { $value->{$_} } qw(o n d t text);
        return defined $text ? display($text) : NotionSync::Test::encode($value);
    }
    return join ', ', map { display($_) } @$value if ref $value eq 'ARRAY';
    $value =~ s/\s+/ /g;
    return length $value > 40 ? substr($value, 0, 39) . '~' : $value;
}

sub report {
    my ($entry) = @_;
    my $to = $entry->{side} eq 'notion' ? 'SQLite -> Notion' : 'Notion -> SQLite';
    my @fields = map { $_->{name} =~ s/ (?:<->|->|<-) .*//r . ': ' . display($_->{before}) . ' -> ' . display($_->{after})
            . (defined $_->{lost} ? ' (lost: ' . display($_->{lost}) . ')' : '') }
        grep { display($_->{before}) ne display($_->{after}) } @{ $entry->{fields} };
    push @fields, $entry->{note} if !@fields && defined $entry->{note};
    my $what = @fields > 3 ? join('; ', @fields[0 .. 2]) . '; ...' : join '; ', @fields;
    my ($clock) = $entry->{at} =~ /(\d\d:\d\d:\d\d)/;
    my $line = sprintf "%s  %s  %s of row %s  %s", $clock // '', $to, $entry->{op}, $entry->{key} // '?', $what;
    utf8::encode($line) if utf8::is_utf8($line);
    print "$line\n";
    return;
}

sub follow {
    my $last = 0;
    my $news = sub { grep { $_->{entry} > $last && $_->{state} ne 'pending' } reverse @{ $live->ask('audit', 'contacts', '--limit', 200) } };
    $last = $_->{entry} for $news->();
    local $SIG{INT} = local $SIG{TERM} = sub { $interrupted = 1 };
    while (!$interrupted) {
        my @news = eval { $news->() };
        for my $entry (@news) {
            report($entry);
            $last = $entry->{entry};
        }
        die "httpd has ended; its log is $state/httpd/logs/error.log\n" if !kill 0, $live->{httpd}->pid;
        sleep 0.5 unless $interrupted;
    }
    print "\nStopping.\n";
    return;
}

sub stay {
    start_simulated();
    introduce();
    initial_sync() or return;
    my ($pair) = pages_and_keys();
    my ($page, $key) = @$pair;
    my $sim = $live->{sim}->url("/_control/page/$page");
    my $name = $live->row($key)->{name};
    my $sudo = $> == 0 && ($ENV{SUDO_USER} // '') ne '' ? 'sudo ' : '';
    print <<"TEXT";

Everything is in sync. Edit $name in the table, and look at the page:

  ${sudo}sqlite3 -cmd ".timeout 5000" $live->{file} "UPDATE contacts SET phone = '+44 1234' WHERE id = $key"
  curl -s $sim

or the page in Notion (here: its simulator), and look at the row:

  curl -s -X PATCH $sim -H 'Content-Type: application/json' -d '{"properties":{"Stage":"Customer","Score":99}}'
  ${sudo}sqlite3 -line $live->{file} "SELECT * FROM contacts WHERE id = $key"

The mapping is in $live->{httpd}{root}/conf/httpd.conf; the tool is

  ${sudo}@{[join ' ', map { s{\A\Q@{[getcwd()]}\E/}{./}r } $live->ctl_command]} audit contacts

What is synced is shown here as it happens; Ctrl-C ends the demo.

TEXT
    follow();
    return;
}

# --- with Notion itself

use constant REAL => $ENV{NOTION_TOKEN} && $ENV{NOTION_DATA_SOURCE};

sub run {
    if ($ENV{NOTION_TOKEN} xor $ENV{NOTION_DATA_SOURCE}) {
        die "For the real Notion both NOTION_TOKEN and NOTION_DATA_SOURCE are needed\n";
    }
    make_state();
    if (REAL) {
        require './t/demo/real.pl';
        $live = Real::start($state);
        $once ? Real::once($live, \&step, \&until_true) : Real::stay($live, \&introduce, \&follow);
    }
    else {
        $once ? run_once() : stay();
    }
    return;
}

my $good = eval { run(); 1 };
my $why = $@;
if ($live) {
    eval { $live->stop };
    print "the error log is $state/httpd/logs/error.log\n" if -d $state && (!$good || grep { !$_ } @steps);
}
if (!$good) {
    print STDERR "demo: $why";
    exit 1;
}
my $ok = grep { $_ } @steps;
if ($once) {
    printf "demo: %d steps, %d ok, median Notion->external %s ms, median external->Notion %s ms\n", scalar @steps, $ok,
        map { defined $_ ? ms($_) : '-' } map { scalar median(@{ $latency{$_} // [] }) } qw(out in);
}
exit($ok == @steps ? 0 : 1);

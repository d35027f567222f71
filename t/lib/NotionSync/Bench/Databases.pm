package NotionSync::Bench::Databases;
# The figures that need a database server: t/bench/bench.pl says what each is.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time sleep);
use NotionSync::Bench qw(figure remark quick_settings settled first_sync reconcile worker_memory);
use NotionSync::Live qw(wait_until median percentile);
use NotionSync::MariaDB ();
use NotionSync::Postgres ();
use NotionSync::Shell ();
use NotionSync::Test ();

my %quick = quick_settings();

sub figures_of { return (P3 => \&p3, P3b => \&p3b, P9 => \&p9, accept => \&accept, trigger => \&trigger, scale => \&scale) }

# --- P3

# A table that is being copied to Notion for the first time, of which some records are there already: {page, key}.
sub busy_sync {
    my ($rows, $first, %opt) = @_;
    my $live = NotionSync::Live->new(server => NotionSync::Postgres->new(durable => 1), settings => \%quick, log_level => 'warn',
        budget => '100000/60s', %opt);
    $live->db('INSERT INTO contacts (name, email, score, stage) '
        . "VALUES " . join ', ', map { "('Contact $_', 'c$_\@example.org', $_, 'Lead')" } 1 .. $rows);
    $live->start;
    my $done = wait_until { my $n = $live->control(GET => "pages?data_source=$live->{source}&limit=1")->{total}; $n >= $first && $n } 120, 0.05
        or die "the first sync does not begin:\n" . $live->{httpd}->log_tail(10) . "\n";
    my %key = map { $_->{email} => $_->{id} } @{ $live->db('SELECT id, email FROM contacts') };
    my $part = $live->control(GET => "pages?data_source=$live->{source}&limit=" . ($done > 100 ? 100 : $done) . '&offset=0');
    return ($live, map { { page => $_->{page}, key => $key{ $_->{email} } } } map { $live->from_page($_) } @{ $part->{pages} });
}

sub pages_made { my ($live) = @_; return $live->control(GET => "pages?data_source=$live->{source}&limit=1")->{total} }

# Seconds from the commit until the simulator shows it.
sub edit_of_row {
    my ($live, $record, $text) = @_;
    $live->edit_row($record->{key}, notes => $text);
    my $committed = time;
    wait_until { $live->page($record->{page})->{notes} eq $text } 60 or die "'$text' did not arrive\n";
    return time - $committed;
}

sub edit_of_page {
    my ($live, $record, $text) = @_;
    my $start = time;
    $live->edit_page($record->{page}, notes => $text);
    wait_until { ($live->db("SELECT notes FROM contacts WHERE id = $record->{key}")->[0]{notes} // '') eq $text } 60 or die "'$text' did not arrive\n";
    return time - $start;
}

sub p3 {
    my $rows = $ENV{NTS_BENCH_ROWS} || 10_000;
    my ($live, @records) = busy_sync($rows, 200);
    my (@during, $made);
    while (($made = pages_made($live)) < $rows) {
        push @during, edit_of_row($live, $records[@during % @records], 'edit ' . @during);
        sleep 0.005 + rand 0.03;
    }
    remark(scalar(@during) . " edits while $rows rows were copied");
    $live->stop;
    figure('P3.p50', 1000 * median(@during), 'ms');
    figure('P3.p99', 1000 * percentile(0.99, @during), 'ms');
    return;
}

sub p3b {
    my $count = $ENV{NTS_BENCH_EDITS} || 60;
    my ($live, @records) = busy_sync(20 * $count, 20, budget => '180/60s', settings => { %quick, rate_limit => 180 });
    my (@in, @out);
    for my $n (1 .. $count) {
        sleep 1 + rand 2;
        push @in, edit_of_row($live, $records[(2 * $n) % @records], "edit $n");
        sleep 1 + rand 2;
        push @out, edit_of_page($live, $records[(2 * $n + 1) % @records], "change $n");
    }
    remark(pages_made($live) . ' rows were copied meanwhile, of ' . 20 * $count);
    $live->stop;
    for (['external_to_notion', @in], ['notion_to_external', @out]) {
        my ($name, @times) = @$_;
        figure("P3b.$name.p50", 1000 * median(@times), 'ms');
        figure("P3b.$name.p99", 1000 * percentile(0.99, @times), 'ms');
    }
    return;
}

# --- accept

sub accept {
    my $count = $ENV{NTS_BENCH_EDITS} || 60;
    for (['sqlite'], ['pgsql', NotionSync::Postgres->new(durable => 1)], ['mysql', NotionSync::MariaDB->new(durable => 1)]) {
        my ($driver, $server) = @$_;
        my $live  = settled(50, budget => undef, debounce => undef, server => $server);
        my $pairs = $live->pairs('email');
        my @records = map { { page => $_, key => $pairs->{$_} } } sort keys %$pairs;
        my @times;
        for my $n (1 .. $count) {
            sleep 0.8 + rand 0.4;                # two requests each, of 180 a minute
            push @times, edit_of_row($live, $records[$n % @records], "edit $n");
        }
        $live->stop;
        $server->stop if $server;
        figure("accept.$driver.p50", 1000 * median(@times), 'ms');
        figure("accept.$driver.p99", 1000 * percentile(0.99, @times), 'ms');
    }
    return;
}

# --- trigger

# Transactions a second of pgbench, and what they were made of.
sub pgbench {
    my ($server, $seconds, @how) = @_;
    my ($exit, $text) = NotionSync::Test::run_command("$server->{bin}/pgbench", '-h', $server->{dir}, '-U', 'app', '-n', '-c', 4, '-j', 2,
        '-T', $seconds, @how, 'crm');
    my ($rate) = $text =~ /^tps = ([\d.]+)/m or die "pgbench: exit $exit\n$text";
    return $rate;
}

# Of mariadb-slap: as many updates by key as take about so many seconds, four at a time.
sub slap {
    my ($server, $table, $count) = @_;
    my $start = time;
    my ($exit, $text) = NotionSync::Test::run_command('mariadb-slap', '--no-defaults', '-S', $server->socket, '-u', 'app', '--create-schema=crm', '--no-drop',
        '--delimiter=;', '--concurrency=4', "--number-of-queries=$count",
        "--query=SET \@id = 1 + FLOOR(RAND() * 100000); UPDATE $table SET balance = balance + 1, filler = RAND() WHERE id = \@id");
    die "mariadb-slap: exit $exit\n$text" if $exit;
    return $count / 2 / (time - $start);
}

# In turns, so that what else the machine does hits both. $measure: of whether with triggers, transactions a second.
sub with_and_without {
    my ($name, $measure) = @_;
    my (@with, @without);
    for (1 .. 3) {
        push @without, $measure->(0);
        push @with, $measure->(1);
    }
    figure("$name.without", median(@without), 'transactions/s');
    figure("$name.with", median(@with), 'transactions/s');
    figure("$name.cost", 100 * (1 - median(@with) / median(@without)), '%');
    return;
}

# A table with our triggers, and nobody who reads what they write down.
sub provisioned {
    my ($server, $table, @field) = @_;
    my $live = NotionSync::Live->new(server => $server, table => $table, log_level => 'warn', mapping => '  NotionSyncPaused on', fields => [[@field]]);
    $live->start;
    $live->ask('provision', 'contacts');
    $live->stop;
    return;
}

sub trigger {
    trigger_of_postgres($ENV{NTS_BENCH_SECONDS} || 8);
    trigger_of_mariadb(1000 * ($ENV{NTS_BENCH_SECONDS} || 8));
    return;
}

sub trigger_of_postgres {
    my ($seconds) = @_;
    my $server = NotionSync::Postgres->new(durable => 1);
    my ($exit, $text) = NotionSync::Test::run_command("$server->{bin}/pgbench", '-h', $server->{dir}, '-U', 'app', '-i', '-q', '-s', 5, 'crm');
    die "pgbench: exit $exit\n$text" if $exit;
    provisioned($server, 'pgbench_accounts', 'filler', 'Name', { type => 'title' }, 'TEXT');
    for my $case (['trigger', '-N'], ['trigger.tpcb', '-b', 'tpcb-like']) {
        my ($name, @how) = @$case;
        with_and_without($name, sub {
            my $verb = $_[0] ? 'ENABLE' : 'DISABLE';
            $server->sql("ALTER TABLE pgbench_accounts $verb TRIGGER _notionsync_$_") for qw(insert update delete truncate);
            return pgbench($server, $seconds, @how);
        });
    }
    $server->stop;
    return;
}

# Triggers cannot be switched off there: a table that has them, and one that has not.
sub trigger_of_mariadb {
    my ($updates) = @_;
    my $server = NotionSync::MariaDB->new(durable => 1);
    for my $table (qw(mapped plain)) {
        $server->sql("CREATE TABLE $table (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL DEFAULT 0, filler VARCHAR(84))");
        $server->sql("INSERT INTO $table (id) SELECT seq FROM seq_1_to_100000");
    }
    provisioned($server, 'mapped', 'filler', 'Name', { type => 'title' }, 'TEXT');
    with_and_without('trigger.mysql', sub { return slap($server, $_[0] ? 'mapped' : 'plain', $updates) });
    $server->stop;
    return;
}

# --- P9

# The first sync and a comparison of all.
sub p9 {
    my $records = $ENV{NTS_BENCH_RECORDS} || 100_000;
    for my $class (qw(NotionSync::Postgres NotionSync::MariaDB)) {
        for my $count ($records / 10, $records) {
            my $server = $class->new(durable => 1);
            my $driver = $server->driver;
            my $live = first_sync($count, server => $server);
            reconcile($live, "P8.$driver.$count.full", '--full');
            figure("P9.$driver.$count.worker_memory_peak", worker_memory($live), 'MiB');
            $live->stop;
            $server->stop;
        }
    }
    return;
}

# --- scale

# What an application waits for, that changes rows which are none of the sync's, again and again until the file `$end` is there.
sub start_application {
    my ($server, $end, $out) = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    my $shell = NotionSync::Shell->new($server->shell);
    my @times;
    until (-e $end) {
        my $start = time;
        $shell->ask('UPDATE contacts SET score = score + 1 WHERE id = ' . int(1 + rand 1000));
        push @times, time - $start;
        sleep 0.01;
    }
    NotionSync::Test::write_file($out, join "\n", @times);
    POSIX::_exit(0);
}

# From now on the server's log names whoever waits for a lock for 10 ms; the application's shell is called psql.
sub watch_locks {
    my ($server) = @_;
    $server->psql('postgres', 'postgres', $_)
        for "ALTER SYSTEM SET log_line_prefix = '%a '", 'ALTER SYSTEM SET log_lock_waits = on', "ALTER SYSTEM SET deadlock_timeout = '10ms'",
        'SELECT pg_reload_conf()';
    return;
}

sub lock_waits {
    my ($server) = @_;
    my @waits = NotionSync::Test::read_file("$server->{dir}/log") =~ /^psql LOG: .* still waiting for /mg;
    return scalar @waits;
}

sub scale {
    my $records = 2.5 * ($ENV{NTS_BENCH_RECORDS} || 100_000);
    for my $count ($records / 10, $records) {
        my $server = NotionSync::Postgres->new(durable => 1);
        my $live = first_sync($count, server => $server, name => "scale.$count.first",
            mapping => qq(  NotionSyncReconcile off\n  NotionSyncFilter external company is empty),
            before => sub {
                my ($new) = @_;
                $new->db('INSERT INTO contacts (name, email, score, company) '
                    . "SELECT 'Other ' || n, 'o' || n || '\@example.org', n, 'Bletchley Ltd' FROM generate_series(1, " . 3 * $count . ') n');
            });
        my $dir = NotionSync::Test::temp_dir();
        watch_locks($server);
        my $application = start_application($server, "$dir/end", "$dir/times");
        reconcile($live, "scale.$count.full", '--full');
        NotionSync::Test::write_file("$dir/end", '');
        waitpid $application, 0;
        my @waits = split /\n/, NotionSync::Test::read_file("$dir/times");
        remark(scalar(@waits) . ' changes of the application meanwhile');
        figure("scale.$count.application_p99", 1000 * percentile(0.99, @waits), 'ms');
        figure("scale.$count.application_max", 1000 * percentile(1, @waits), 'ms');
        figure("scale.$count.application_lock_waits", lock_waits($server), 'waits');
        figure("scale.$count.worker_memory_peak", worker_memory($live), 'MiB');
        $live->stop;
        $server->stop;
    }
    return;
}

1;

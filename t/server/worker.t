# Real worker processes between the Notion simulator and a SQLite database: first sync both ways, edits with their requests
# counted, the budget, and SIGKILL in the middle of it all.
use strict;
use warnings;
use IO::Handle;
use IPC::Open2 qw(open2);
use NotionSync::Test;
use Time::HiRes qw(sleep time);

my $sim   = start_sim();
my $world = $sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 0, aggregate_ms => 20, delay_ms => 20 });
my $ada   = (grep { $_->{type} eq 'person' } @{ $world->{users} })[0]{id};
my $bot   = $world->{tokens}[0]{bot_id};
my $ds    = $sim->sim(POST => 'data_source', { name => 'People', properties => {
    Name => { type => 'title' }, Qty => { type => 'number' }, Stage => { type => 'select', options => [qw(Lead Won)] },
    Other => { type => 'rich_text' } } });
my $dir  = temp_dir();
my $base = "$dir/people.db";
sqlite($base, 'PRAGMA journal_mode=WAL; CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, qty NUMERIC, stage TEXT)');
write_file("$dir/token", "ntn_sim_token\n");
write_file("$dir/setup.json", NotionSync::Test::encode({
    services => [
        { vhost => '', name => 'workspace', kind => 'notion', token => "file:$dir/token", endpoint => $sim->url,
            budget_requests => 10000, budget_window => 60_000_000 },
        { vhost => '', name => 'db', kind => 'sql', database_driver => 'sqlite', database => $base, provision_auto => \1 },
    ],
    mappings => [{
        vhost => '', name => 'people', notion => 'workspace', data_source => $ds->{id}, external => 'db', collection => 'people',
        pairs => [map { { notion => $_->[0], external => $_->[1], direction => 'both', conflict => 'inherit', initial => 'hold',
            format => 'default', options_create => \1 } } ['Name', 'name'], ['Qty', 'qty'], ['Stage', 'stage']],
        conflict => 'last-write-wins', grace => 5_000_000, tie => 'notion', deletes_to_notion => 'propagate',
        deletes_to_external => 'propagate', delete_limit_percent => 50, reconcile => 3600_000_000, full => 86400_000_000,
        debounce => 0 }],
}));

my $host = build_info('builddir') . '/t/server/worker_host';
open my $saved, '>&', \*STDERR or die;
open STDERR, '>', "$dir/host.log" or die;
my $pid = open2(my $from, my $to, $host, $dir, "$dir/setup.json", 2);
open STDERR, '>&', $saved or die;
sub say_to { print {$to} "@_\n"; $to->flush; chomp(my $line = <$from> // ''); return $line }
chomp(my $ready = <$from> // '');
is($ready, 'ready', 'the host is ready');

sub pages { return map { $_->{in_trash} ? () : $_ } @{ $sim->sim(GET => "pages?data_source=$ds->{id}&limit=10000")->{pages} } }
sub rows { return sqlite($base, 'SELECT id, name, qty, stage FROM people ORDER BY id') }
sub text { my ($v) = @_; return defined $v && $v ne '' ? $v : '-' }
sub page_lines { return join "\n", sort map { join '|', map { text($_) } @{ $_->{properties} }{qw(Name Qty Stage)} } pages() }
sub row_lines { return join "\n", sort map { join '|', map { text($_) } @$_{qw(name qty stage)} } @{ rows() } }
sub equal { my ($what, $seconds) = @_; return wait_ok { page_lines() eq row_lines() } $seconds // 20, $what }
sub status { return NotionSync::Test::decode(say_to('status people')) }
sub counts { return $sim->sim(GET => 'counts')->{classes} }
sub command { my $id = say_to("command people @_"); return NotionSync::Test::decode(say_to("result $id")) }
sub requests { my $c = counts(); my $n = 0; $n += $_ for values %$c; return $n }
my $events = 0;
sub notice { my ($page, $author, $property) = @_; return say_to('notice', 'people', 'page.properties_updated', $page, $author // '-', $property // '-', 'e' . ++$events . '.' . time) }

my $props = $sim->sim(GET => "data_source/$ds->{id}")->{properties};
$_->{id} =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge for values %$props;    # as the hook handler stores them
my $page_id = '00000000-0000-4000-8000-000000000000';

# Nothing is left to do; and a notice that costs nothing, behind all that, is settled as well.
sub rest {
    my $left = sub { my $s = status(); return $s->{waiting} + $s->{pending} };
    wait_for { !$left->() } 240, 'nothing is left to do';
    notice($page_id, $ada, $props->{Other}{id});
    wait_for { !$left->() } 20, 'a notice behind it is settled';
    return;
}

subtest 'first sync' => sub {
    $sim->sim(POST => 'pages', { data_source => $ds->{id}, count => 150, properties => { Name => 'Record {n}', Qty => '{n}', Stage => 'Lead' } });
    $sim->sim('DELETE', 'counts');
    like(say_to('start 0'), qr/\A\d+\z/, 'a worker starts');
    equal('150 pages become rows');
    rest();
    my $c = counts();
    is($c->{query}, 2, 'two listings');
    my $s = status();
    is($s->{state}, 'running', 'running') or diag $s->{why};
    is($s->{active}, 150, '150 links');
};

subtest 'one edit at a time' => sub {
    my ($page) = grep { $_->{properties}{Name} eq 'Record 7' } pages();
    $page_id = $page->{id};
    rest();
    $sim->sim('DELETE', 'counts');
    $sim->sim(PATCH => "page/$page_id", { properties => { Qty => 777 } });
    my $t = time;
    notice($page_id, $ada, $props->{Qty}{id});
    equal('an edited page reaches its row');
    note(sprintf 'notion -> external %.1f ms, as the worker saw it %.1f ms', 1000 * (time - $t), status()->{latency_external} / 1000);
    rest();
    is(requests(), 1, 'it cost one request') or diag explain counts();
    $sim->sim('DELETE', 'counts');
    $t = time;
    sqlite($base, q{UPDATE people SET stage = 'Won' WHERE name = 'Record 7'});
    equal('an edited row reaches its page');
    note(sprintf 'external -> notion %.1f ms, as the worker saw it %.1f ms', 1000 * (time - $t), status()->{latency_notion} / 1000);
    rest();
    is(requests(), 2, 'it cost two requests') or diag explain counts();
    $sim->sim('DELETE', 'counts');
    sqlite($base, q{INSERT INTO people (name, qty) VALUES ('New row', 1.5)});
    equal('a new row becomes a page');
    rest();
    is(requests(), 1, 'it cost one request') or diag explain counts();
    $sim->sim('DELETE', 'counts');
    notice($page_id, $bot, $props->{Qty}{id});
    notice($page_id, $ada, $props->{Other}{id});
    wait_ok { status()->{waiting} == 0 } 10, 'both notices are settled';
    is(requests(), 0, 'an echo and an unmapped property cost none') or diag explain counts(), $sim->sim(GET => 'log?since=0&limit=20000')->{log}[-1];
};

subtest 'deletes' => sub {
    sqlite($base, q{DELETE FROM people WHERE name = 'Record 9'});
    equal('a deleted row takes its page along');
    my ($page) = grep { $_->{properties}{Name} eq 'Record 11' } pages();
    $sim->sim(PATCH => "page/$page->{id}", { in_trash => \1 });
    notice($page->{id}, $ada);
    equal('a trashed page takes its row along');
};

subtest 'commands' => sub {
    my $result = command('verify');
    is($result->{different}, 0, 'verify finds no difference') or diag explain $result;
    is($result->{equal}, 149, 'among 149 records');
    ok(command('pause')->{ok}, 'pause');
    wait_ok { status()->{state} eq 'paused' } 20, 'paused';
    ok(command('resume')->{ok}, 'resume');
    ok(command('reconcile', '{"full":true}')->{ok}, 'a full run');
};

subtest 'killed' => sub {
    my $total = 0;
    for my $round (1 .. 5) {
        for my $i (1 .. 6) {
            my $n = 20 + int rand 60;
            if ($i % 2) {
                sqlite($base, "UPDATE people SET qty = qty + $round WHERE name = 'Record $n'");
            }
            else {
                my ($page) = grep { $_->{properties}{Name} eq "Record $n" } pages();
                next unless $page;
                $sim->sim(PATCH => "page/$page->{id}", { properties => { Stage => $round % 2 ? 'Won' : 'Lead' } });
                notice($page->{id}, $ada, $props->{Stage}{id});
            }
            sqlite($base, "INSERT INTO people (name, qty) VALUES ('Made $round $i', $i)");
        }
        sleep rand 0.05;            # the instant is to be random: there is nothing to wait for
        like(say_to('kill 0'), qr/signal 9/, "killed in round $round");
        say_to('start 0');
    }
    equal('both sides become equal all the same', 240);
    # A page whose making was cut short is there before its fate is known (S3.7), and is no link until then.
    wait_ok { my $s = status(); !$s->{waiting} && !$s->{pending} } 240, 'and nothing is left to do';
    rest();
    my %names;
    $names{ $_->{properties}{Name} }++ for pages();
    is_deeply([grep { $names{$_} > 1 } keys %names], [], 'no page was made twice');
    is(command('verify')->{different}, 0, 'verify agrees');
};

subtest 'the end' => sub {
    is(say_to('stop 0 1'), 'exit 0', 'a worker drains and ends');
    sqlite($base, q{UPDATE people SET qty = 4711 WHERE name = 'Record 30'});
    say_to('start 1');
    equal('another worker takes over', 30);
    is(say_to('stop 1 1'), 'exit 0', 'and ends');
};

print {$to} "quit\n";
close $to;
waitpid $pid, 0;
my @bad = grep { /\[(?:warn|error|crit)\]/ } split /\n/, read_file("$dir/host.log");
is_deeply(\@bad, [], 'nothing went wrong on the way') or diag read_file("$dir/host.log") =~ s/\A.*?(.{0,20000})\z/$1/sr;
finish();

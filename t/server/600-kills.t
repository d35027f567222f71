# R2: at least 200 times a process dies by SIGKILL at a random instant - workers, httpd's children, now and then the parent -
# while people edit both sides, the same fields of the same records among them. Afterwards nothing was made twice, both
# sides are equal in the time promised, and every value that anybody wrote last on his side either stands there or is in
# the audit, with what took its place. Notion has no conditional write (S7.4): a value that was written into a page between
# our last read of it and our write of the same field is excused, where Notion's own record of requests shows just that.
# Three servers run side by side, for a killed worker is started again with back-off. Takes minutes.
use strict;
use warnings;
use NotionSync::Sync;
use Time::HiRes qw(time sleep);

my ($KILLS, $SERVERS, $ROUND) = (201, 3, 6);
my $seed = $ENV{NTS_SEED} // time % 100_000;
srand $seed;
diag "seed $seed (NTS_SEED)";

my @people = map { "Record $_" } 1 .. 10;
my @fields = qw(notes phone site email);
my @syncs;
for my $n (1 .. $SERVERS) {
    push @syncs, start_sync(
        config => 'NotionSyncWorkers 3',
        sim    => { delay_ms => 20, duplicate => 0.1, latency_ms => 40 },
        before => sub { $_[0]->add_pages(map { { name => $_, notes => 'before' } } @people) },
    );
}
for my $sync (@syncs) {
    $sync->wait_equal(what => 'equal at first');
    $sync->wait_quiet;
    $sync->{ids}  = { map { $_->{name} => $_->{page} } $sync->pages };
    $sync->{keys} = { map { $_->{name} => $_->{key} } $sync->rows };
    $sync->{made} = 0;
}

# --- people

# What each side was last told to be, and from when until when, in ms: {name}{field}{side}.
my $count = 0;
sub value_for { my ($field) = @_; $count++; return $field eq 'site' ? "https://example.org/$count" : $field eq 'email' ? "v$count\@example.org" : "v$count" }

sub edit {
    my ($sync, $side, $name, $field) = @_;
    my $value = value_for($field);
    my $told = $sync->{told}{$name}{$field}{$side} = { value => $value, from => 1000 * time };
    $side eq 'page' ? $sync->edit_page($sync->{ids}{$name}, $field => $value) : $sync->edit_row($sync->{keys}{$name}, $field => $value);
    $told->{to} = 1000 * time;
    return;
}

sub someone_edits {
    my ($sync) = @_;
    my ($name, $field) = ($people[rand @people], $fields[rand @fields]);
    edit($sync, rand() < 0.5 ? 'page' : 'row', $name, $field) for 1 .. 1 + (rand() < 0.2);
    if (rand() < 0.15) {        # the same field on both sides at once
        edit($sync, $_, $name, $field) for qw(page row);
    }
    if (rand() < 0.1) {
        my $new = 'New ' . ++$sync->{made};
        rand() < 0.5 ? $sync->add_page(name => $new, notes => "by a person $new") : $sync->add_row(name => $new, notes => "by a program $new");
    }
    return;
}

# --- processes

sub start_again {
    my ($sync, $parent_too) = @_;
    if ($parent_too) {
        $sync->httpd->kill;
        $sync->httpd->start;
    }
    else {
        $sync->httpd->graceful;         # a new generation: and a back-off that begins anew
    }
    wait_for { scalar $sync->workers } 30, 'workers';
    return;
}

my ($killed, $round) = (0, 0);
my %killed;
while ($killed < $KILLS) {
    $round++;
    for my $k (1 .. $ROUND) {
        for my $sync (@syncs) {
            someone_edits($sync) for 1 .. 3;
            sleep rand 0.12;            # the instant is to be random: there is nothing to wait for
            my @pids = $sync->httpd->children or next;
            my %is_worker = map { $_ => 1 } $sync->workers;
            # Workers are few among them, and it is they who write.
            my @workers = grep { $is_worker{$_} } @pids;
            my $pid = @workers && rand() < 0.7 ? $workers[rand @workers] : $pids[rand @pids];
            kill 'KILL', $pid or next;
            $killed++;
            $killed{ $is_worker{$pid} ? 'worker' : 'child' }++;
        }
    }
    for my $sync (@syncs) {
        my $parent_too = $round % 4 == 0;
        $killed++, $killed{parent}++ if $parent_too;
        someone_edits($sync) for 1 .. 3;
        start_again($sync, $parent_too);
    }
}
cmp_ok($killed, '>=', 200, 'processes were killed');
diag join ', ', map { "$killed{$_} of kind $_" } sort keys %killed;
cmp_ok($killed{$_} // 0, '>', 2, "of kind $_ too") for qw(worker child parent);

# --- the one unguarded window

# How long was it, in ms, from our last read of the page to the write of the same field that followed, if the value was told to the
# page between the two? undef if it was not. Both take effect between coming and being answered.
sub read_before_write {
    my ($sync, $name, $field, $told) = @_;
    my ($read, $page) = (undef, $sync->{ids}{$name} =~ tr/-//dr);
    my $schema = $sync->sim->sim(GET => 'data_source/' . $sync->source)->{properties};
    my $id     = $schema->{ $NotionSync::Sync::property{$field} }{id} // die "no property for $field";
    for my $request (sort { $a->{ms} <=> $b->{ms} } $sync->requests_since(0)) {
        next if ($request->{page} // '') =~ tr/-//dr ne $page;
        $read = $request if $request->{class} eq 'page_read' && $request->{status} == 200;
        next if $request->{class} ne 'page_update' || !$read || !exists decode($request->{request})->{properties}{$id};
        return $request->{ms} - $read->{ms} if $read->{ms} <= $told->{to} && $told->{from} <= $request->{ms} + $request->{took_us} / 1000;
    }
    return;
}

# --- the end

my $end = time;
for my $sync (@syncs) {
    start_again($sync, 0);
    my $took = sub { sprintf '%.0f s after the last kill', time - $end };
    $sync->wait_equal(seconds => 150, what => 'both sides are equal');
    diag 'equal ' . $took->();
    $sync->wait_quiet(seconds => 150, what => 'and nothing is left to do');
    diag 'quiet ' . $took->();
    $sync->verify_ok(what => 'verify finds both sides equal');
    is($sync->status->{parked} + $sync->status->{held}, 0, 'nothing waits for a person');

    my (%pages, %rows);
    $pages{ $_->{properties}{Name} }++ for $sync->raw_pages;
    $rows{ $_->{name} }++ for $sync->rows;
    my @all = sort @people, map { "New $_" } 1 .. $sync->{made};
    is_deeply([map { "$_ x $pages{$_}" } sort keys %pages], [map { "$_ x 1" } @all], 'each record is one page');
    is_deeply([map { "$_ x $rows{$_}" } sort keys %rows],  [map { "$_ x 1" } @all], 'and one row');

    my (@lost, @open, @between);
    for my $name (@people) {
        my $row   = $sync->row($name);
        my @audit = $sync->audit($name);
        my $audit = encode(\@audit);
        push @open, "$name: $_->{id}" for grep { $_->{state} eq 'pending' } @audit;
        for my $field (sort keys %{ $sync->{told}{$name} }) {
            for my $side (sort keys %{ $sync->{told}{$name}{$field} }) {
                my $told  = $sync->{told}{$name}{$field}{$side};
                my $value = $told->{value};
                next if ($row->{$field} // '') eq $value || index($audit, "\"$value\"") >= 0;
                my $window = $side eq 'page' ? read_before_write($sync, $name, $field, $told) : undef;
                push @between, "$name.$field: the page was told $value between a read and the write ${window} ms later (S7.4)" if defined $window;
                push @lost, "$name.$field: the $side was last told $value" if !defined $window;
            }
        }
    }
    is_deeply(\@lost, [], 'every value stands there or is in the audit');
    diag $_ for @between;
    # Of the forty fields; as a rule it is none to three, and more where the machine is slow between a read and its write.
    cmp_ok(scalar @between, '<=', 12, 'few fell between a read of the page and the write that followed it');
    is_deeply(\@open, [], 'no write is left of unknown fate');
    my @failed = grep { $_->{state} =~ /failed|lost/ } @{ $sync->sim->sim(GET => 'events?since=0&limit=20000')->{events} };
    is(scalar @failed, 0, 'every event was acknowledged in the end');
    $sync->httpd->log_allow(qr/notion\.|record\.|worker \d|exit signal|AH00052|ended by signal|AH\d+/);
}
finish();

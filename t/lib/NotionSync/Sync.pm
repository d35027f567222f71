package NotionSync::Sync;
# One whole sync: the simulator with a data source "Contacts", an SQLite table, and between them an httpd with a mapping.
#
#     use NotionSync::Sync;
#     my $sync = start_sync(mapping => 'NotionSyncConflict hold');
#     $sync->add_page(name => 'Ada', tags => ['vip']);
#     $sync->wait_row('Ada');
#     $sync->edit_row('Ada', notes => 'called');
#     $sync->wait_equal;
#     is_deeply($sync->verify, {...});
#     finish();
#
# Records are hashes by column, whichever side they are of: texts (null and empty are undef), numbers, tags as a
# sorted list, due as YYYY-MM-DD, vip as 0 or 1. Tests name a record by its name, which is unique in them.
use strict;
use warnings;
use Carp qw(croak);
use Exporter qw(import);
use Time::HiRes qw(time);
use NotionSync::Test;

our @EXPORT = (qw(start_sync new_sync), @NotionSync::Test::EXPORT);

our $TOKEN       = 'ntn_sim_token';
our $HOOK_SECRET = 'secret_0123456789abcdefghijklmnopqrstuvwxyzABCD';

# column, property, property's schema, column's type, arrow
our @FIELDS = (
    ['name',  'Name',     { type => 'title' },                                          'TEXT',     '<->'],
    ['notes', 'Notes',    { type => 'rich_text' },                                      'TEXT',     '<->'],
    ['score', 'Score',    { type => 'number' },                                         'REAL',     '<->'],
    ['kind',  'Kind',     { type => 'select', options => [qw(person company)] },        'TEXT',     '<->'],
    ['tags',  'Tags',     { type => 'multi_select', options => [qw(vip old new paid)] }, 'TEXT',    '<->'],
    ['stage', 'Stage',    { type => 'status', options => [qw(Lead Won Lost)] },         'TEXT',     '<->'],
    ['due',   'Due',      { type => 'date' },                                           'DATE',     '<->'],
    ['vip',   'Vip',      { type => 'checkbox' },                                       'BOOLEAN',  '<->'],
    ['site',  'Site',     { type => 'url' },                                            'TEXT',     '<->'],
    ['email', 'E-mail',   { type => 'email' },                                          'TEXT',     '<->'],
    ['phone', 'Phone',    { type => 'phone_number' },                                   'TEXT',     '<->'],
    ['no',    'No',       { type => 'unique_id', prefix => 'CON' },                     'TEXT',     '->'],
    ['made',  'Created',  { type => 'created_time' },                                   'DATETIME', '->'],
    ['seen',  'Edited',   { type => 'last_edited_time' },                               'DATETIME', ''],
    ['extra', 'Unmapped', { type => 'rich_text' },                                      'TEXT',     ''],
);
our %property = map { $_->[0] => $_->[1] } @FIELDS;
my %column   = map { $_->[1] => $_->[0] } @FIELDS;
our @TWO_WAY = map { $_->[0] } grep { $_->[4] eq '<->' } @FIELDS;

# Options: mapping, notion, sql (lines more in the three sections), external (more words of NotionSyncExternal), fields (lines instead of all of NotionSyncField),
# columns ({name => SQL type}, instead of those above), table (SQL to make it), folder (sub of httpd's state, in which the SQLite file
# lies instead; its result), config (lines more), sim (settings of
# the simulator), pgsql or mariadb (a NotionSync::Postgres or MariaDB in the place of the SQLite file), before (sub that fills both sides before httpd starts), hook (secret, handshake or none), paused,
# and those of NotionSync::Server. Not started yet.
sub new_sync {
    my (%opt) = @_;
    my $self = bless { opt => {} }, __PACKAGE__;
    my %mine = map { $_ => delete $opt{$_} }
        qw(mapping notion sql fields columns table config sim before hook source table_name start_sim pgsql mariadb external folder);
    $self->{opt} = \%mine;
    $mine{database} = $mine{pgsql} // $mine{mariadb};
    $mine{hook} //= 'secret';
    my $sim = $self->{sim} = start_sim(%{ $mine{start_sim} // {} });
    # The limits of the real service, but for waiting: no request limit, quick listings and events.
    $sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 300, delay_ms => 20, aggregate_ms => 50,
        webhook_retry_ms => 200, %{ $mine{sim} // {} } });
    my $source = $sim->sim(POST => 'data_source',
        { name => 'Contacts', properties => { map { $_->[1] => $_->[2] } @FIELDS }, %{ $mine{source} // {} } });
    $self->{source} = $source->{id};

    my $httpd = $self->{httpd} = new_httpd(
        %opt,
        define => { SIM => $sim->url, SOURCE => $self->{source}, %{ $opt{define} // {} } },
    );
    $self->{file} = ($mine{folder} ? $mine{folder}->($httpd->state) : $httpd->state) . '/contacts.db';
    $self->{table} = 'contacts';
    $self->sql($mine{table} // $self->table_sql(%{ $mine{columns} // {} }));
    $httpd->give($self->{file}, 0600) unless $mine{database};
    $httpd->write_file('conf/token', "$TOKEN\n", mode => 0600);
    $httpd->write_file('conf/hook-secret', "$HOOK_SECRET\n", mode => 0600);
    $httpd->config($self->config_text);
    $mine{before}->($self) if $mine{before};
    return $self;
}

sub start_sync { return new_sync(@_)->start }

sub table_sql {
    my ($self, %type) = @_;
    my $server = $self->{opt}{database};
    my %other = $server ? $server->types : ();
    return 'CREATE TABLE contacts (id ' . ($server ? $server->id_type : 'INTEGER') . ' PRIMARY KEY, '
        . join(', ', map { $_->[0] . ' ' . ($type{ $_->[0] } // $other{ $_->[3] } // $_->[3]) } @FIELDS) . ')';
}

sub field_lines {
    return join '', map { "  NotionSyncField \"$_->[1]\" $_->[4] $_->[0]" . ($_->[2]{options} ? ' options=create' : '') . "\n" }
        grep { $_->[4] } @FIELDS;
}

sub config_text {
    my ($self) = @_;
    my %part = map { $_ => defined $self->{opt}{$_} ? "$self->{opt}{$_}\n" : '' } qw(mapping notion sql config);
    my $fields = $self->{opt}{fields} // field_lines();
    my $hook = $self->{opt}{hook} eq 'secret' ? "  NotionSyncHookSecret file:\${ROOT}/conf/hook-secret\n" : '';
    my $budget = $part{notion} =~ /NotionSyncBudget/  ? '' : "  NotionSyncBudget 6000/60s\n";
    my $provision = $part{sql} =~ /NotionSyncProvision/ ? '' : "  NotionSyncProvision auto\n";
    my $server = $self->{opt}{database};
    my $database = $server ? $server->driver . ' "' . $server->conninfo . '"' : "sqlite \"$self->{file}\"";
    my $external = $self->{opt}{external} // '';
    my $token = $part{notion} =~ /NotionSyncOAuth/ ? '' : "  NotionSyncToken \"file:\${ROOT}/conf/token\"\n";
    my $debounce = $part{mapping} =~ /NotionSyncDebounce/ ? '' : "  NotionSyncDebounce 20ms\n";
    return <<"CONF";
NotionSyncStateDB sqlite3 "\${STATE}/notionsync.db"
NotionSyncSecretKey "file:\${ROOT}/conf/key"
<NotionSyncService work notion>
$token  NotionSyncEndpoint \${SIM}
$budget$hook$part{notion}</NotionSyncService>
<NotionSyncService crm sql>
  NotionSyncDatabase $database
$provision$part{sql}</NotionSyncService>
<NotionSyncMapping contacts>
  NotionSyncNotion work \${SOURCE}
  NotionSyncExternal crm contacts $external
$fields$debounce$part{mapping}</NotionSyncMapping>
$NotionSync::Test::SERVED$part{config}
CONF
}

sub start {
    my ($self) = @_;
    $self->{httpd}->start;
    if ($self->{opt}{hook} eq 'secret' && !$self->{subscribed}++) {
        $self->{sim}->sim(POST => 'webhook', { url => $self->hook_url, token => $HOOK_SECRET, active => JSON::PP::true });
    }
    return $self;
}

sub sim      { return $_[0]{sim} }
sub httpd    { return $_[0]{httpd} }
sub source   { return $_[0]{source} }
sub file     { return $_[0]{file} }
sub hook_url { return $_[0]{httpd}->url('/notionsync/hook/work') }

# --- records

sub text_or_undef { my ($t) = @_; return defined $t && length $t ? $t : undef }

# What people would call equal: the same spelling of one value from both sides.
sub canonical {
    my ($column, $value) = @_;
    return [sort @{ $value // [] }] if $column eq 'tags';
    return $value ? 1 : 0 if $column eq 'vip';
    return !defined $value ? undef : $value =~ /\A[-+.\deE]+\z/ ? 0 + sprintf('%.15g', $value) : $value if $column eq 'score';
    if (ref $value eq 'HASH') {
        return defined $value->{number} ? join '-', grep { defined } $value->{prefix}, $value->{number} : undef
            if exists $value->{number};
        return join '/', grep { defined } $value->{start}, $value->{end};
    }
    $value = text_or_undef($value);
    if (defined $value && $column =~ /^(?:made|seen)$/) {
        $value =~ s/T/ /;
        $value =~ s/(?::00)?(?:\.0+)?(?:Z|[-+]00:00)?\z//;
    }
    return $value;
}

sub tags_of {
    my ($text) = @_;
    return $text // [] if ref $text || !defined $text || $text eq '';
    return decode($text) if $text =~ /\A\s*\[/;
    return [split /\s*,\s*/, $text];
}

sub from_row {
    my ($self, $row) = @_;
    my %record = (key => $row->{id});
    for my $column (grep { exists $property{$_} } keys %$row) {
        $record{$column} = canonical($column, $column eq 'tags' ? tags_of($row->{tags}) : $row->{$column});
    }
    return \%record;
}

sub from_page {
    my ($self, $page) = @_;
    my %record = (page => $page->{id});
    for my $name (keys %{ $page->{properties} }) {
        my $column = $column{$name} // next;
        $record{$column} = canonical($column, $page->{properties}{$name});
    }
    return \%record;
}

# All records of a side, in the order of their names.
sub by_name { return sort { ($a->{name} // '') cmp ($b->{name} // '') } @_ }

sub rows {
    my ($self, $where) = @_;
    my $sql = "SELECT * FROM $self->{table}" . ($where ? " WHERE $where" : '');
    return by_name(map { $self->from_row($_) } @{ $self->sql($sql) });
}

sub raw_pages {
    my ($self) = @_;
    my (@pages, $total);
    do {
        my $part = $self->{sim}->sim(GET => "pages?data_source=$self->{source}&limit=1000&offset=" . scalar @pages);
        $total = $part->{total};
        push @pages, @{ $part->{pages} };
        croak 'the simulator lists fewer pages than it counts' unless @{ $part->{pages} } || @pages == $total;
    } while @pages < $total;
    return @pages;
}

sub pages   { my ($self) = @_; return by_name(map { $self->from_page($_) } grep { !$_->{in_trash} } $self->raw_pages) }
sub trashed { my ($self) = @_; return by_name(map { $self->from_page($_) } grep { $_->{in_trash} } $self->raw_pages) }

sub only { my ($what, $name, @found) = @_; croak scalar(@found) . " ${what}s called '$name'" if @found > 1; return $found[0] }

sub row  { my ($self, $name) = @_; return only(row  => $name, grep { ($_->{name} // '') eq $name } $self->rows) }
sub page { my ($self, $name) = @_; return only(page => $name, grep { ($_->{name} // '') eq $name } $self->pages) }

sub page_id { my ($self, $name) = @_; return $name =~ /\A[0-9a-f]{8}-/ ? $name : ($self->page($name) // croak("no page '$name'"))->{page} }
sub row_key { my ($self, $name) = @_; return $name =~ /\A\d+\z/ ? $name : ($self->row($name) // croak("no row '$name'"))->{key} }

# --- people at work

my $true  = JSON::PP::true();
my $false = JSON::PP::false();

sub properties {
    my (%record) = @_;
    my %out;
    for my $column (keys %record) {
        my $value = $record{$column};
        $value = $value ? $true : $false if $column eq 'vip';
        $value = 0 + $value if $column eq 'score' && defined $value;
        $out{ $property{$column} // croak "no column '$column'" } = $value;
    }
    return \%out;
}

# A person makes a page, edits one, puts one into the trash and back. edit_page(NAME, column => value ...)
sub add_page {
    my ($self, %record) = @_;
    return $self->{sim}->sim(POST => 'page', { data_source => $self->{source}, properties => properties(%record) })->{id};
}

sub add_pages {     # quiet and visible at once: no events
    my ($self, @records) = @_;
    $self->{sim}->sim(POST => 'pages', { data_source => $self->{source},
        pages => [map { { properties => properties(%$_), created_ago_ms => 600_000 } } @records] });
    return;
}

sub patch_page {
    my ($self, $name, $patch) = @_;
    $self->{sim}->sim(PATCH => 'page/' . $self->page_id($name), $patch);
    return $self;
}

sub edit_page    { my ($self, $name, %edit) = @_; return $self->patch_page($name, { properties => properties(%edit) }) }
sub trash_page   { my ($self, $name) = @_; return $self->patch_page($name, { in_trash => $true }) }
sub restore_page { my ($self, $id) = @_;   return $self->patch_page($id, { in_trash => $false }) }

sub literal {
    my ($column, $value) = @_;
    return 'NULL' unless defined $value;
    $value = encode($value) if ref $value;
    return $value if $value =~ /\A-?\d+(?:\.\d+)?\z/ && $column =~ /^(?:score|id)$/;
    $value =~ s/'/''/g;
    return "'$value'";
}

sub insert_sql {
    my ($self, %record) = @_;
    my @columns = sort keys %record;
    return "INSERT INTO $self->{table} (" . join(', ', @columns) . ') VALUES ('
        . join(', ', map { literal($_, $record{$_}) } @columns) . ')';
}

# An application does the same with rows.
sub add_row  { my ($self, %record) = @_; return $self->sql($self->insert_sql(%record) . ' RETURNING id')->[0]{id} }
sub add_rows { my ($self, @records) = @_; return $self->sql(join ';', 'BEGIN', (map { $self->insert_sql(%$_) } @records), 'COMMIT') }
sub sql {
    my ($self, $sql) = @_;
    utf8::encode($sql);
    return $self->{opt}{database} ? $self->{opt}{database}->sql($sql) : sqlite($self->{file}, $sql);
}

sub edit_row {
    my ($self, $name, %edit) = @_;
    my $key = $self->row_key($name);
    $self->sql("UPDATE $self->{table} SET " . join(', ', map { "$_ = " . literal($_, $edit{$_}) } sort keys %edit)
        . " WHERE id = $key");
    return $self;
}

sub delete_row { my ($self, $name) = @_; my $key = $self->row_key($name); $self->sql("DELETE FROM $self->{table} WHERE id = $key"); return $self }

# --- comparing

# What differs between the sides, a line a record; empty when they are equal. skip => [names that need not be equal].
sub differences {
    my ($self, %opt) = @_;
    my %skip = map { $_ => 1 } @{ $opt{skip} // [] };
    my @columns = @{ $opt{columns} // $self->{compare} // [@TWO_WAY, 'no', 'made'] };
    my $line = sub { my ($r) = @_; return encode([map { $r->{$_} } @columns]) };
    my %count;
    $count{ $line->($_) }++ for grep { !$skip{ $_->{name} // '' } } $self->pages;
    $count{ $line->($_) }-- for grep { !$skip{ $_->{name} // '' } } $self->rows;
    return map { ($count{$_} > 0 ? 'page ' : 'row  ') . $_ } grep { $count{$_} } sort keys %count;
}

# One check: both sides are equal, in the time given.
sub wait_equal {
    my ($self, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @left;
    my $good = wait_ok { @left = $self->differences(%opt); !@left } $opt{seconds} // 30, $opt{what} // 'both sides are equal';
    $self->show("differs: $_") for @left;
    $self->explain_trouble unless $good;
    return $good;
}

# Queries of Notion show what is true: they lag behind, and a listing before that proves nothing.
sub wait_listed {
    my ($self) = @_;
    wait_for { $self->{sim}->sim(GET => 'idle')->{stale} == 0 } 30, 'queries show what is true';
    return $self;
}

# Nothing is under way any more: no event to come, none unsettled, no write open.
sub is_quiet {
    my ($self) = @_;
    return 0 unless $self->{sim}->sim(GET => 'idle')->{idle};
    my $status = $self->status;
    return !$status->{waiting} && !$status->{pending};
}

sub wait_quiet {
    my ($self, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $good = wait_ok { $self->is_quiet } $opt{seconds} // 30, $opt{what} // 'nothing is left to do';
    $self->explain_trouble unless $good;
    return $good;
}

sub wait_row  { my ($self, $name, %opt) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; return $self->_wait_for(row  => $name, %opt) }
sub wait_page { my ($self, $name, %opt) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; return $self->_wait_for(page => $name, %opt) }

# wait_row(NAME, column => value ...): it is there and shows these. Its record.
sub _wait_for {
    my ($self, $side, $name, %want) = @_;
    my $seconds = delete $want{seconds} // 20;
    my $what    = delete $want{what} // "$side '$name' shows " . (%want ? join ', ', sort keys %want : 'up');
    my ($found, $canonical);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $good = wait_ok {
        $found = $self->$side($name) or return 0;
        for my $column (keys %want) {
            return 0 if encode(canonical($column, $want{$column})) ne encode($found->{$column});
        }
        return 1;
    } $seconds, $what;
    unless ($good) {
        $self->show("found: " . encode($found));
        $self->explain_trouble;
    }
    return $found;
}

# --- the tool

# {exit, out, err}; the answer decoded as {json} with --json.
sub ctl {
    my ($self, @args) = @_;
    my $dir = temp_dir_of($self);
    my $pid = fork // croak "fork: $!";
    my ($out, $err) = map { "$dir/$_." . ++$self->{calls} } qw(out err);
    unless ($pid) {
        open STDOUT, '>', $out;
        open STDERR, '>', $err;
        open STDIN, '<', '/dev/null';
        { no warnings 'exec'; exec { build_info('tool') } $self->ctl_command(@args); }
        POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my %answer = (exit => $? & 127 ? 128 + ($? & 127) : $? >> 8, out => read_file($out), err => read_file($err));
    unlink $out, $err;
    if (grep { $_ eq '--json' } @args) {
        $answer{json} = eval { decode($answer{out}) };
    }
    return \%answer;
}

sub ctl_command {
    my ($self, @args) = @_;
    return (build_info('tool'), '--state', $self->{httpd}->state . '/notionsync.db',
        '--key', $self->{httpd}->root . '/conf/key', '--wait', '60s', @args);
}

sub temp_dir_of { my ($self) = @_; return $self->{dir} //= temp_dir() }

# A command that must succeed; its answer.
sub must {
    my ($self, @args) = @_;
    my $answer = $self->ctl(@args, '--json');
    croak "notionsyncctl @args: $answer->{exit}\n$answer->{out}$answer->{err}" if $answer->{exit};
    return $answer->{json} // croak "notionsyncctl @args: no JSON\n$answer->{out}";
}

# Of one mapping; works while it is blocked too.
sub status {
    my ($self, $mapping) = @_;
    my $answer = $self->ctl('status', $mapping // 'contacts', '--json');
    return $answer->{json} && $answer->{json}[0] || croak "notionsyncctl status: $answer->{exit}\n$answer->{out}$answer->{err}";
}

sub wait_state {
    my ($self, $state, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $now;
    my $mapping = $opt{mapping} // 'contacts';
    wait_ok { $now = $self->status($mapping); $now->{state} eq $state && (!$opt{code} || ($now->{outcome}{code} // '') =~ $opt{code}) }
        $opt{seconds} // 20, $opt{what} // "mapping $mapping is $state" or $self->show('found: ' . encode($now));
    return $now;
}

# The audit, oldest first.
sub audit {
    my ($self, $name, $mapping) = @_;
    my @id = defined $name ? $name =~ /\A[0-9a-f]{8}-/ ? $name : $self->row_key($name) : ();
    return reverse @{ $self->must('audit', $mapping // 'contacts', @id, '--limit', 1000) };
}

# Check: verify finds nothing. Its answer.
sub verify_ok {
    my ($self, %opt) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = $self->ctl('verify', $opt{mapping} // 'contacts', '--json');
    my $json   = $answer->{json} // {};
    my $good   = $answer->{exit} == 0 && defined $json->{different} && $json->{different} == 0
        && (!defined $opt{equal} || $json->{equal} == $opt{equal})
        && ($json->{excused} // -1) == ($opt{excused} // 0);
    NotionSync::Test::ok($good, $opt{what} // 'verify finds both sides equal')
        or $self->show("verify: $answer->{exit} $answer->{out}$answer->{err}");
    return $json;
}

# --- what was asked of Notion

sub mark { my ($self) = @_; return $self->{sim}->sim(GET => 'log?since=999999999')->{last} }

sub requests_since {
    my ($self, $mark) = @_;
    return @{ $self->{sim}->sim(GET => "log?since=$mark&limit=20000")->{log} };
}

# {class => number} of what was asked since.
sub classes_since {
    my ($self, $mark) = @_;
    my %count;
    $count{ $_->{class} }++ for $self->requests_since($mark);
    return \%count;
}

# Break requests: fault('PATCH', '^/v1/pages/', {status => 500}, times => 2). The id, for fault_hits.
sub fault {
    my ($self, $method, $path, $action, %opt) = @_;
    my %match = (method => $method, path_regex => $path, map { $_ => delete $opt{$_} } grep { exists $opt{$_} } qw(body_regex token));
    return $self->{sim}->sim(POST => 'fault', { match => \%match, action => $action, times => 1, %opt })->{id};
}

sub fault_hits {
    my ($self, $id) = @_;
    my ($found) = grep { $_->{id} == $id } @{ $self->{sim}->sim(GET => 'faults')->{faults} };
    return $found ? $found->{hits} : croak "no fault $id";
}

# --- processes

# Pids of the workers of all generations.
sub workers { my ($self) = @_; return $self->{httpd}->children(qr/\Anotionsync-w/) }

# All workers die, as if they had crashed. They are gone afterwards: nobody takes one of them for its successor.
sub kill_workers {
    my ($self) = @_;
    my @pids = $self->workers or croak 'no worker to kill';
    kill 'KILL', @pids;
    wait_for { my @left = $self->workers; !grep { my $pid = $_; grep { $_ == $pid } @left } @pids } 20, 'the workers are gone';
    return @pids;
}

# --- looking for what went wrong

sub show { my ($self, $text) = @_; NotionSync::Test::diag($text); return }

sub explain_trouble {
    my ($self) = @_;
    my $status = eval { $self->status };
    $self->show($status ? 'status: ' . encode($status) : "status: $@");
    $self->show('log: ' . $self->{httpd}->log_tail(15));
    return;
}

# Check: neither token nor hook secret stands anywhere that people or the disk can show.
sub secrets_ok {
    my ($self, @texts) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %where = ('error log' => $self->{httpd}->log_text, map { ("text $_" => $texts[$_]) } 0 .. $#texts);
    for my $file (glob($self->{httpd}->state . '/*'), glob($self->{httpd}->root . '/logs/*'), glob($self->{httpd}->root . '/run/*')) {
        $where{$file} = read_file($file) if -f $file;
    }
    my @secrets = ($TOKEN, $HOOK_SECRET, @{ $self->{secrets} // [] });
    my @found = map { my $w = $_; map { "$w holds " . substr($_, 0, 7) . '...' } grep { index($where{$w}, $_) >= 0 } @secrets } sort keys %where;
    NotionSync::Test::ok(!@found, 'no secret in logs, state or pages') or $self->show(join "\n", @found);
    return;
}

1;

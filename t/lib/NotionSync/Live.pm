package NotionSync::Live;
# A sync to show and to measure: the simulator, a table of contacts in SQLite or, with server => (a NotionSync::Postgres or MariaDB), there, an httpd that keeps them
# equal, and quick eyes on both sides. For the demo and the benchmarks; tests use NotionSync::Sync.
#
#     my $live = NotionSync::Live->new(debounce => '0', settings => { delay_ms => 0 });
#     my @ids = $live->add_pages({ name => 'Ada', score => 1 });
#     $live->start;
#     wait_until { $live->count_rows == 1 } 20;
#     $live->edit_page($ids[0], score => 2);
#     wait_until { $live->row($ids[0] ...)->{score} == 2 } 5;
#     $live->stop;
use strict;
use warnings;
use Carp qw(croak);
use Exporter qw(import);
use HTTP::Tiny;
use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time sleep);
use NotionSync::Shell ();
use NotionSync::Test ();

our @EXPORT_OK = qw(wait_until median percentile);

our $TOKEN       = 'ntn_sim_token';
our $HOOK_SECRET = 'secret_0123456789abcdefghijklmnopqrstuvwxyzABCD';

# column, property, property's schema, column's type, arrow (default <->, '' not mapped), options (default: what fits)
our @CONTACTS = (
    ['name',       'Name',       { type => 'title' },                                                  'TEXT'],
    ['email',      'E-mail',     { type => 'email' },                                                  'TEXT'],
    ['phone',      'Phone',      { type => 'phone_number' },                                           'TEXT'],
    ['company',    'Company',    { type => 'select', options => ['Analytical Engines', 'Bletchley Ltd', 'Colossus & Co'] }, 'TEXT'],
    ['stage',      'Stage',      { type => 'status', options => [qw(Lead Contacted Customer)] },       'TEXT'],
    ['tags',       'Tags',       { type => 'multi_select', options => [qw(vip press partner)] },       'TEXT'],
    ['score',      'Score',      { type => 'number' },                                                 'REAL'],
    ['next_call',  'Next call',  { type => 'date' },                                                   'DATE'],
    ['newsletter', 'Newsletter', { type => 'checkbox' },                                               'BOOLEAN'],
    ['notes',      'Notes',      { type => 'rich_text' },                                              'TEXT'],
);

# Options: fields (as @CONTACTS), settings (of the simulator), debounce, budget (undef: the module's own), mapping, notion, external, config (lines more
# in those sections and outside), table (its name), server, root, sim_root (directories to use), sim (0: there is none; then endpoint, token, source
# and hooks => 0 are given), env (of httpd), modules.
sub new {
    my ($class, %opt) = @_;
    my $self = bless { debounce => '0ms', budget => '180/60s', fields => \@CONTACTS, hooks => 1, token => $TOKEN,
        table => 'contacts', modules => [], %opt }, $class;
    $self->start_simulator unless exists $opt{endpoint};
    my $httpd = $self->{httpd} = NotionSync::Test::new_httpd(
        config  => '',
        modules => $self->{modules},
        ($self->{limits} ? (limits => $self->{limits}) : ()),
        ($self->{root} ? (root => $self->{root}) : ()),
        ($self->{log_level} ? (log_level => $self->{log_level}) : ()),
    );
    $httpd->{log_checked} = 1;
    $httpd->write_file('conf/token', "$self->{token}\n", mode => 0600);
    $httpd->write_file('conf/hook-secret', "$HOOK_SECRET\n", mode => 0600);
    $self->{file} = $httpd->state . '/contacts.db';
    $self->{server} ? $self->{server}->sql($self->table_sql) : NotionSync::Test::sqlite($self->{file}, $self->table_sql);
    $httpd->config($self->config_text);
    return $self;
}

sub start_simulator {
    my ($self) = @_;
    my $sim = $self->{sim} = NotionSync::Test::start_sim(record => 0, $self->{sim_root} ? (root => $self->{sim_root}) : ());
    $sim->{log_checked} = 1;
    $self->{endpoint} = $sim->url;
    $self->control(POST => 'reset', $self->{settings} // {});
    $self->{source} = $self->control(POST => 'data_source',
        { name => 'Contacts', properties => { map { $_->[1] => $_->[2] } @{ $self->{fields} } } })->{id};
    return;
}

sub table_sql {
    my ($self) = @_;
    my $server = $self->{server};
    my %other = $server ? $server->types : ();
    return "CREATE TABLE IF NOT EXISTS $self->{table} (id " . ($server ? $server->id_type : 'INTEGER') . ' PRIMARY KEY, '
        . join(', ', map { $_->[0] . ' ' . ($other{ $_->[3] } // $_->[3]) } @{ $self->{fields} }) . ')';
}

sub config_text {
    my ($self) = @_;
    my %part = map { $_ => defined $self->{$_} ? "$self->{$_}\n" : '' } qw(mapping notion external config);
    my $root   = $self->{httpd}->root;
    my $server   = $self->{server};
    my $database = $server ? $server->driver . ' "' . $server->conninfo . '"' : "sqlite \"$self->{file}\"";
    my $budget   = defined $self->{budget} ? "  NotionSyncBudget   $self->{budget}\n" : '';
    my $debounce = defined $self->{debounce} ? "  NotionSyncDebounce $self->{debounce}\n" : '';
    my $hook   = $self->{hooks} ? "  NotionSyncHookSecret \"file:$root/conf/hook-secret\"\n" : '';
    my $fields = join '', map {
        sprintf "  NotionSyncField %-14s %s %s%s%s\n", "\"" . $_->[1] =~ s/(["\\])/\\$1/gr . "\"", $_->[4] // '<->', $_->[0],
            $_->[5] // ($_->[2]{type} eq 'multi_select' ? ' format=csv' : ''), $_->[2]{type} =~ /select/ ? ' options=create' : ''
    } grep { ($_->[4] // '<->') ne '' } @{ $self->{fields} };
    return <<"CONF";
NotionSyncStateDB   sqlite3 "$root/state/notionsync.db"
NotionSyncSecretKey "file:$root/conf/key"

<NotionSyncService work notion>
  NotionSyncToken    "file:$root/conf/token"
  NotionSyncEndpoint $self->{endpoint}
$budget$hook$part{notion}</NotionSyncService>

<NotionSyncService crm sql>
  NotionSyncDatabase  $database
  NotionSyncProvision auto
$part{external}</NotionSyncService>

<NotionSyncMapping contacts>
  NotionSyncNotion   work $self->{source}
  NotionSyncExternal crm $self->{table}
$fields$debounce$part{mapping}</NotionSyncMapping>

$NotionSync::Test::SERVED$part{config}
CONF
}

sub start {
    my ($self) = @_;
    $self->{httpd}->start;
    if ($self->{hooks} && !$self->{subscribed}++) {
        $self->control(POST => 'webhook', { url => $self->{httpd}->url('/notionsync/hook/work'),
            token => $HOOK_SECRET, active => JSON::PP::true });
    }
    return $self;
}

sub stop {
    my ($self) = @_;
    (delete $self->{shell})->close if $self->{shell};
    $self->{httpd}->stop(quiet => 1);
    $self->{sim}->stop(quiet => 1) if $self->{sim};
    return;
}

# --- quick eyes

# What the condition yields once it is true, within the seconds; undef when they are over.
sub wait_until(&;$$) {
    my ($condition, $seconds, $every) = @_;
    my $end = time + ($seconds // 10) * NotionSync::Test::patience();
    while (1) {
        my $value = $condition->();
        return $value if $value;
        return if time > $end;
        sleep($every // 0.001);
    }
}

sub percentile {
    my ($share, @values) = @_;
    return unless @values;
    my @sorted = sort { $a <=> $b } @values;
    my $at = $share * $#sorted;
    my $low = int $at;
    return $sorted[$low] + ($at - $low) * (($sorted[$low + 1] // $sorted[$low]) - $sorted[$low]);
}

sub median { return percentile(0.5, @_) }

# Rows of SQL, each a hash.
sub db {
    my ($self, $sql) = @_;
    return ($self->{shell} //= NotionSync::Shell->new($self->{server} ? $self->{server}->shell : $self->sqlite_shell))->ask($sql);
}

sub sqlite_shell {
    my ($self) = @_;
    return (
        command   => "sqlite3 -batch -json -cmd '.timeout 10000' '" . $self->{file} =~ s/'/'\\''/gr . "'",
        statement => sub { return $_[0] },
        mark      => '.print ==end==',
        is_mark   => qr/\A==end==$/,
        rows      => \&NotionSync::Test::decode,
        error     => qr/^(?:Parse |Runtime )?[Ee]rror/m,
    );
}

# The simulator's control interface, over one connection.
sub control {
    my ($self, $method, $path, $data) = @_;
    my $client = $self->{client} //= HTTP::Tiny->new(keep_alive => 1, timeout => 120, proxy => undef, http_proxy => undef);
    no_delay($client);
    my $answer = $client->request($method, $self->{sim}->url("/_control/$path"),
        defined $data ? { content => NotionSync::Test::encode($data), headers => { 'content-type' => 'application/json' } } : {});
    croak "$method $path: $answer->{status} $answer->{content}" unless $answer->{success};
    return length $answer->{content} ? NotionSync::Test::decode($answer->{content}) : undef;
}

# HTTP::Tiny sends head and body in two writes: without this the second waits 40 ms for the kernel's acknowledgement.
sub no_delay {
    my ($client) = @_;
    my $socket = $client->{handle} && $client->{handle}{fh} or return;
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    return;
}

# A request of our own httpd; the answer as HTTP::Tiny has it.
sub get {
    my ($self, $path) = @_;
    my $client = $self->{own_client} //= HTTP::Tiny->new(keep_alive => 1, timeout => 60, proxy => undef, http_proxy => undef);
    return $client->get($self->{httpd}->url($path));
}

# (exit status, output) of notionsyncctl.
sub ctl {
    my ($self, @args) = @_;
    return NotionSync::Test::run_command($self->ctl_command, '--wait', '120s', @args);
}

sub ctl_command {
    my ($self) = @_;
    my $root = $self->{httpd}->root;
    return (NotionSync::Test::build_info('tool'), '--state', "$root/state/notionsync.db", '--key', "$root/conf/key");
}

# The same with --json; dies unless it is done.
sub ask {
    my ($self, @args) = @_;
    my ($exit, $text) = $self->ctl(@args, '--json');
    croak "notionsyncctl @args: exit $exit\n$text" if $exit;
    return NotionSync::Test::decode($text);
}

sub status {
    my ($self) = @_;
    my ($exit, $text) = $self->ctl('status', 'contacts', '--json');
    my $all = eval { NotionSync::Test::decode($text) } // croak "notionsyncctl status: exit $exit\n$text";
    return $all->[0];
}

# --- records: hashes by column

sub canonical {
    my ($type, $value) = @_;
    if ($type eq 'multi_select') {
        $value = !defined $value || $value eq '' ? [] : $value =~ /\A\s*\[/ ? NotionSync::Test::decode($value)
            : [split /\s*,\s*/, $value] unless ref $value;
        return join ', ', sort @$value;
    }
    return $value ? 1 : 0 if $type eq 'checkbox';
    return !defined $value || $value eq '' ? '' : 0 + sprintf '%.15g', $value if $type eq 'number';
    return join '/', grep { defined } @$value{qw(start end)} if ref $value eq 'HASH';
    return $value // '';
}

sub from_row {
    my ($self, $row) = @_;
    return { (map { exists $row->{ $_->[0] } ? ($_->[0] => canonical($_->[2]{type}, $row->{ $_->[0] })) : () }
        @{ $self->{fields} }), key => $row->{id} };
}

sub from_page {
    my ($self, $page) = @_;
    return { (map { $_->[0] => canonical($_->[2]{type}, $page->{properties}{ $_->[1] }) } @{ $self->{fields} }),
        page => $page->{id}, in_trash => $page->{in_trash} ? 1 : 0 };
}

sub properties {
    my ($self, %record) = @_;
    my %known = map { $_->[0] => $_ } @{ $self->{fields} };
    return { map {
        my $field = $known{$_} // croak "no column '$_'";
        my $value = $record{$_};
        $value = $value ? JSON::PP::true : JSON::PP::false if $field->[2]{type} eq 'checkbox';
        $value = 0 + $value if $field->[2]{type} eq 'number' && defined $value;
        $value = [split /\s*,\s*/, $value] if $field->[2]{type} eq 'multi_select' && defined $value && !ref $value;
        ($field->[1] => $value);
    } keys %record };
}

sub add_page {
    my ($self, %record) = @_;
    return $self->control(POST => 'page', { data_source => $self->{source}, properties => $self->properties(%record) })->{id};
}

# Quietly, as made ten minutes ago: no events.
sub add_pages {
    my ($self, @records) = @_;
    return @{ $self->control(POST => 'pages', { data_source => $self->{source},
        pages => [map { { properties => $self->properties(%$_), created_ago_ms => 600_000 } } @records] })->{ids} };
}

sub edit_page  { my ($self, $id, %edit) = @_; $self->control(PATCH => "page/$id", { properties => $self->properties(%edit) }); return }
sub trash_page { my ($self, $id) = @_; $self->control(PATCH => "page/$id", { in_trash => JSON::PP::true }); return }
sub page       { my ($self, $id) = @_; return $self->from_page($self->control(GET => "page/$id")) }

sub pages {
    my ($self) = @_;
    my (@pages, $total);
    do {
        my $part = $self->control(GET => "pages?data_source=$self->{source}&limit=1000&offset=" . scalar @pages);
        $total = $part->{total};
        push @pages, @{ $part->{pages} };
    } while @pages < $total;
    return map { $self->from_page($_) } grep { !$_->{in_trash} } @pages;
}

sub literal {
    my ($value) = @_;
    return 'NULL' unless defined $value;
    return $value if $value =~ /\A-?(?:0|[1-9]\d{0,14})(?:\.\d+)?\z/;
    $value =~ s/'/''/g;
    return "'$value'";
}

sub insert_sql {
    my ($self, %record) = @_;
    my @columns = sort keys %record;
    return "INSERT INTO $self->{table} (" . join(', ', @columns) . ') VALUES (' . join(', ', map { literal($record{$_}) } @columns) . ')';
}

sub add_row  { my ($self, %record) = @_; return $self->db($self->insert_sql(%record) . ' RETURNING id')->[0]{id} }
sub add_rows { my ($self, @records) = @_; $self->db(join ";\n", 'BEGIN', (map { $self->insert_sql(%$_) } @records), 'COMMIT'); return }
sub update_sql {
    my ($self, $key, %edit) = @_;
    return "UPDATE $self->{table} SET " . join(', ', map { "$_ = " . literal($edit{$_}) } sort keys %edit) . " WHERE id = $key";
}
sub edit_row   { my ($self, $key, %edit) = @_; $self->db($self->update_sql($key, %edit)); return }
sub delete_row { my ($self, $key) = @_; $self->db("DELETE FROM $self->{table} WHERE id = $key"); return }

sub row {
    my ($self, $key) = @_;
    my $found = $self->db("SELECT * FROM $self->{table} WHERE id = $key");
    return @$found ? $self->from_row($found->[0]) : undef;
}

sub rows       { my ($self) = @_; return map { $self->from_row($_) } @{ $self->db("SELECT * FROM $self->{table}") } }
sub count_rows { my ($self) = @_; return $self->db("SELECT count(*) AS n FROM $self->{table}")->[0]{n} }

# What differs between the sides, a line a record.
sub differences {
    my ($self) = @_;
    my @columns = map { $_->[0] } @{ $self->{fields} };
    my $line = sub { my ($r) = @_; return join ' | ', map { $r->{$_} } @columns };
    my %count;
    $count{ $line->($_) }++ for $self->pages;
    $count{ $line->($_) }-- for $self->rows;
    return map { ($count{$_} > 0 ? 'Notion: ' : 'table:  ') . $_ } grep { $count{$_} } sort keys %count;
}

# {page id => key} of all records that are linked, as far as the values of one column tell them apart.
sub pairs {
    my ($self, $column) = @_;
    my %key = map { $_->{$column} => $_->{key} } $self->rows;
    return { map { defined $key{ $_->{$column} } ? ($_->{page} => $key{ $_->{$column} }) : () } $self->pages };
}

# Nothing is under way any more.
sub is_quiet {
    my ($self) = @_;
    return 0 if $self->{sim} && !$self->control(GET => 'idle')->{idle};
    my $status = $self->status;
    return !$status->{waiting} && !$status->{pending};
}

# --- what Notion was asked

sub forget_requests { my ($self) = @_; $self->control(DELETE => 'counts'); return }
sub requests        { my ($self) = @_; return $self->control(GET => 'counts') }

1;

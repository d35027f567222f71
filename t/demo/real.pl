# The demonstration with Notion itself: NOTION_TOKEN and NOTION_DATA_SOURCE are set. Required by demo.pl.
# NOTION_ENDPOINT is another address of the API, for trying this against the simulator.
package Real;
use strict;
use warnings;
use Time::HiRes qw(time sleep);
use NotionSync::Live qw(wait_until);
use NotionSync::Test ();

my $endpoint = $ENV{NOTION_ENDPOINT} || 'https://api.notion.com';
my $every    = 15;      # seconds between looks at Notion
my ($title, $title_column);

# curl, because perl alone has no TLS. The token goes through a file: no list of processes shows it.
sub call {
    my ($method, $path, $data) = @_;
    my $config = join '', map { "$_\n" } 'silent', 'show-error', 'max-time = 60', "request = \"$method\"", "url = \"$endpoint/v1/$path\"",
        "header = \"Authorization: Bearer $ENV{NOTION_TOKEN}\"", 'header = "Notion-Version: 2026-03-11"',
        'write-out = "\n%{http_code}"';
    if ($data) {
        my $text = NotionSync::Test::encode($data);
        $text =~ s/(["\\])/\\$1/g;
        $config .= "header = \"Content-Type: application/json\"\ndata = \"$text\"\n";
    }
    my $file = File::Temp->new(SUFFIX => '.curl');      # readable by us alone
    print {$file} $config;
    close $file;
    my ($exit, $text) = NotionSync::Test::run_command('curl', '--config', $file->filename);
    my ($body, $status) = $text =~ /\A(.*)\n(\d+)\z/s;
    die "$method $path: " . ($exit ? $text : "$status $body") . "\n" if $exit || $status != 200;
    return NotionSync::Test::decode($body);
}

my %column_type = (
    (map { $_ => 'TEXT' } qw(title rich_text email phone_number url select status multi_select date)),
    number => 'REAL', checkbox => 'BOOLEAN',
);
my %read_only = map { $_ => 1 } qw(created_time unique_id);

# [column, property, {type}, column's type, arrow, options] of what a table can hold.
sub fields {
    my ($source) = @_;
    my (@fields, @left, %taken);
    $taken{id} = 1;
    for my $name (sort keys %{ $source->{properties} }) {
        my $type = $source->{properties}{$name}{type};
        if (!$column_type{$type} && !$read_only{$type}) {
            push @left, "$name ($type)";
            next;
        }
        my $column = lc $name =~ s/\W+/_/gr =~ s/\A_+|_+\z//gr;
        $column = "field_$column" if $column !~ /\A[a-z]/;
        $column .= '_2' while $taken{$column}++;
        push @fields, [$column, $name, { type => $type }, $column_type{$type} // 'TEXT', $read_only{$type} ? '->' : '<->', ''];
        ($title, $title_column) = ($name, $column) if $type eq 'title';
    }
    return (\@fields, \@left);
}

sub start {
    my ($state) = @_;
    my $source = call(GET => "data_sources/$ENV{NOTION_DATA_SOURCE}");
    my $name = join '', map { $_->{plain_text} } @{ $source->{title} // [] };
    my ($fields, $left) = fields($source);
    utf8::encode($name) if utf8::is_utf8($name);
    print "Notion's data source '$name' will be read, all of it, into a new SQLite table of $state.\n";
    print 'Not mapped here: ', join(', ', @$left), "\n" if @$left;
    print "Written to Notion: what you change in that table, and nothing else. With --once: a page called 'mod_notionsync demo',\n"
        . "which is edited a few times and put into the trash at the end. No webhook reaches this machine: Notion is\n"
        . "looked at every $every s.\n";
    if (-t STDIN && -t STDOUT) {
        print 'Enter to go on, Ctrl-C to leave: ';
        my $line = <STDIN>;
        die "left\n" unless defined $line;
    }
    my $live = NotionSync::Live->new(
        root => "$state/httpd", endpoint => $endpoint, token => $ENV{NOTION_TOKEN}, source => $ENV{NOTION_DATA_SOURCE}, hooks => 0,
        fields => $fields, debounce => '300ms', mapping => "  NotionSyncReconcile ${every}s full=daily",
    );
    $live->start;
    return $live;
}

sub is_settled {
    my ($live) = @_;
    my $status = $live->status;
    die "the mapping is $status->{state}: " . NotionSync::Test::encode($status->{outcome}) . "\n"
        if $status->{state} =~ /^(?:blocked|waiting)$/;
    return $status->{matched} && $status->{full_done} && !$status->{waiting} && !$status->{pending};
}

sub initial {
    my ($live, $step) = @_;
    return $step->('initial sync of the whole data source', sub {
        my $start = time;
        wait_until { is_settled($live) } 3600, 0.5 or die "not done within an hour\n";
        my $took = time - $start;
        printf "             %d rows\n", $live->count_rows;
        return $took;
    });
}

sub page_title { my ($page) = @_; return join '', map { $_->{plain_text} } @{ $page->{properties}{$title}{title} // [] } }

sub once {
    my ($live, $step, $until) = @_;
    my ($page, $key);
    initial($live, $step) or return;
    $step->('SQLite -> Notion: a new row becomes a page', sub {
        $key = $live->add_row($title_column => 'mod_notionsync demo');
        return $until->(sub {
            my ($made) = grep { $_->{op} eq 'create' && $_->{page} && ($_->{key} // '') eq $key } @{ $live->ask('audit', 'contacts') };
            $page = $made->{page} if $made;
            $page && page_title(call(GET => "pages/$page")) eq 'mod_notionsync demo';
        }, 60);
    }) or return;
    for my $n (1 .. 3) {
        $step->("SQLite -> Notion: edit $n", sub {
            $live->edit_row($key, $title_column => "mod_notionsync demo, edited here ($n)");
            return $until->(sub { page_title(call(GET => "pages/$page")) =~ /edited here \($n\)/ }, 60);
        }, 'in');
    }
    for my $n (1 .. 3) {
        $step->("Notion -> SQLite: edit $n", sub {
            call(PATCH => "pages/$page", { properties => { $title => { title => [{ text => { content => "mod_notionsync demo, edited there ($n)" } }] } } });
            return $until->(sub { ($live->db("SELECT $title_column AS t FROM contacts WHERE id = $key")->[0]{t} // '') =~ /there \($n\)/ }, 180);
        }, 'out');
    }
    $step->('a row deleted: the page is put into the trash', sub {
        $live->delete_row($key);
        return $until->(sub { call(GET => "pages/$page")->{in_trash} }, 60);
    });
    $step->('notionsyncctl verify: both sides read whole and compared', sub {
        wait_until { is_settled($live) } 120, 0.5;
        my $start = time;
        my $found = $live->ask('verify', 'contacts');
        die "$found->{different} different\n" if $found->{different};
        return time - $start;
    });
    return;
}

sub stay {
    my ($live, $introduce, $follow) = @_;
    $introduce->();
    print "Reading the data source ...\n";
    wait_until { is_settled($live) } 3600, 0.5 or die "not done within an hour\n";
    printf "%d rows. Edit the table or Notion, and look at the other:\n\n  sqlite3 %s \"SELECT id, %s FROM contacts LIMIT 10\"\n\n",
        $live->count_rows, $live->{file}, $title_column;
    print "What is synced is shown here as it happens; Ctrl-C ends the demo.\n\n";
    $follow->();
    return;
}

1;

# The example of NotionSyncFields in docs/directives.md, as it stands there: the table is made under the name it says, by what the table of
# types says, with nothing but that mapping.
use strict;
use warnings;
use NotionSync::Sync;

my $page = read_file(build_info('srcdir') . '/docs/directives.md');
my ($example) = $page =~ /^## NotionSyncFields\n.*?^```apache\n(.*?)^```\n/ms or die 'no example';
my @types = $page =~ /^\| property \| SQLite .*?\n\| --- .*?\n((?:\|.*?\n)+)/m ? split /\n/, $1 : die 'no table';

my $sync = new_sync(table => 'PRAGMA user_version = 1');
my ($sim, $httpd) = ($sync->sim, $sync->httpd);
my %property = (
    Name => 'title', Text => 'rich_text', Link => 'url', 'E-mail' => 'email', Phone => 'phone_number', Points => 'number', Done => 'checkbox',
    Stage => 'select', State => 'status', Tags => 'multi_select', 'Due date' => 'date', Created => 'created_time', Edited => 'last_edited_time', No => 'unique_id',
    Sum => 'formula', Total => 'rollup', Where => 'place', Verified => 'verification', Owner => 'people', Maker => 'created_by', Editor => 'last_edited_by',
);
my $source = $sim->sim(POST => 'data_source', { name => 'Tasks', properties => { map { $_ => { type => $property{$_} } } keys %property } })->{id};
$example =~ s/1a2b3c4d-0000-4000-8000-5e6f7a8b9c0e/$source/ or die 'another id';
(my $config = $httpd->config) =~ s/^<NotionSyncMapping.*^<\/NotionSyncMapping>\n/$example/ms;
$httpd->config($config);
$sim->sim(POST => 'pages', { data_source => $source, pages => [map { { properties => { Name => "Task $_", 'Due date' => '2026-03-01' }, created_ago_ms => 600_000 } } 1 .. 3] });
$sync->start;
my $rows;
wait_ok { $rows = eval { $sync->sql('SELECT name, due_date FROM tasks ORDER BY name') }; $rows && @$rows == 3 } 30, 'the example makes its table and fills it';
is_deeply($rows->[0], { name => 'Task 1', due_date => '2026-03-01' }, 'with the columns that the text names');

# What the documentation says of SQLite's types is what was made.
my %said;
for my $line (@types) {
    my (undef, $properties, $sqlite) = split /\s*\|\s*/, $line;
    $said{$_} = $sqlite =~ s/,.*//r for split /, /, $properties;
}
my %documented = (title => 'title', rich_text => 'text', url => 'URL', email => 'email', phone_number => 'phone number', number => 'number', checkbox => 'checkbox',
    select => 'select', status => 'status', multi_select => 'multi-select', date => 'date', created_time => 'created', last_edited_time => 'last edited time',
    unique_id => 'unique id', formula => 'formula', rollup => 'rollup', place => 'place', verification => 'verification', people => 'people', created_by => 'created by', last_edited_by => 'last edited by');
my %made = map { $_->{name} => $_->{type} } @{ $sync->sql(q{SELECT name, type FROM pragma_table_info('tasks')}) };
for my $name (sort keys %property) {
    (my $column = lc $name) =~ s/[^a-z]+/_/g;
    is($made{$column}, $said{ $documented{ $property{$name} } }, "$name: the type that the documentation tells");
}
finish();

# What only the whole configuration can tell is told by configtest too: names that refer to nothing, files that cannot be
# read. A file that is missing fails the test, but does not keep a server from starting.
use strict;
use warnings;
use NotionSync::Test;

my $id    = '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d';
my $httpd = new_httpd(modules => [qw(env)], env => { NOTION_TOKEN => 'ntn_0000' });
$httpd->write_file('conf/token', "ntn_0000\n", mode => 0600);

my $work = "<NotionSyncService work notion>\nNotionSyncToken file:conf/token\n</NotionSyncService>\n";
my $crm  = "<NotionSyncService crm sql>\nNotionSyncDatabase sqlite \${STATE}/crm.db\n</NotionSyncService>\n";

sub mapping {
    my ($name, $notion, $external, $source) = @_;
    return "<NotionSyncMapping $name>\nNotionSyncNotion $notion " . ($source // $id)
        . "\nNotionSyncExternal $external\nNotionSyncField Name <-> name\n</NotionSyncMapping>\n";
}
sub host {
    my ($name, $text) = @_;
    return "<VirtualHost *:\${PORT}>\n" . ($name ? "ServerName $name\n" : '') . "$text</VirtualHost>\n";
}

sub passes {
    my ($what, $config) = @_;
    $httpd->config($config);
    my ($exit, $out) = $httpd->configtest;
    ok($exit == 0, "passes: $what") or diag $out;
    return $out;
}
sub fails {
    my ($what, $config, @messages) = @_;
    $httpd->config($config);
    my ($exit, $out) = $httpd->configtest;
    isnt($exit, 0, "fails: $what");
    like($out, $_, '... with the reason') for @messages;
    return $out;
}
my $where = qr/on line \d+ of \S+httpd\.conf: /;

# --- names

passes('a whole', $work . $crm . mapping('contacts', 'work', 'crm contacts'));
passes('sections in any order', mapping('contacts', 'work', 'crm contacts') . $crm . $work);
fails('services that are not there', $work . $crm . mapping('contacts', 'wrok', 'cmr contacts'),
    qr/<NotionSyncMapping contacts> ${where}NotionSyncNotion: there is no service 'wrok'; services of the kind notion here: work$/m,
    qr/<NotionSyncMapping contacts> ${where}NotionSyncExternal: there is no service 'cmr'; services here: work, crm$/m);
fails('services of the wrong kind', $work . $crm . mapping('contacts', 'crm', 'work contacts'),
    qr/NotionSyncNotion: the service 'crm' \(\S+:\d+\) is of the kind sql where one of the kind notion is expected; services of the kind notion here: work$/m,
    qr/NotionSyncNotion: the service 'crm'/);
my $far = '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0f';
my $away = "<NotionSyncService away notion>\n  NotionSyncToken file:conf/token\n</NotionSyncService>\n";
passes('a data source of another workspace', $work . $away . mapping('contacts', 'work', "away $far"));
fails('a table of such a service', $work . $away . mapping('contacts', 'work', 'away contacts'),
    qr/NotionSyncExternal: 'contacts' is not a data source id, which has 32 hexadecimal digits, as the service away is of the kind notion$/m);
fails('a key of pages', $work . $away . mapping('contacts', 'work', "away $far key=Name"), qr/key= and modified= of NotionSyncExternal are for tables/);
fails('two ways between two data sources', $work . $away . mapping('a', 'work', "away $far")
        . mapping('b', 'away', "work $id", $far),
    qr/<NotionSyncMapping b> ${where}with this mapping there are two ways/);
fails('no service at all', mapping('contacts', 'work', 'crm contacts'), qr/no service of the kind notion is configured here$/m);
fails('one mapping written twice', $work . $crm . mapping('a', 'work', 'crm contacts') . mapping('b', 'work', 'crm contacts'),
    qr/<NotionSyncMapping b> ${where}the mapping 'a' \(\S+:\d+\) joins the same data source to the same collection; put all fields into one mapping$/m);
passes('one data source and two tables', $work . $crm . mapping('a', 'work', 'crm contacts') . mapping('b', 'work', 'crm people'));

# --- values that two sources rule

my $other = '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0e';
sub fields {
    my ($name, $source, $table, @lines) = @_;
    return "<NotionSyncMapping $name>\nNotionSyncNotion work $source\nNotionSyncExternal crm $table\n" . join('', map { "$_\n" } @lines) . "</NotionSyncMapping>\n";
}
my $services = $work . $crm;
my ($a_line, $b_line) = map { 'NotionSyncField Name ' . $_ } '<- name', '<- label';
# Where the last line of a mapping is, which stands at the end of the configuration.
my $rule = sub { my ($what, $by, $other_by, $mapping) = @_; qr/<NotionSyncMapping b> ${where}$what is ruled one-way by $by here, and by $other_by in the mapping '$mapping' \(\S+httpd\.conf:\d+\)/ };
my $out = fails('a property that two tables rule', $services . fields('a', $id, 'contacts', $a_line) . fields('b', $id, 'people', 'NotionSyncField Mail <-> mail', $b_line),
    $rule->('the property "Name"', q(the column 'label' of people), q(the column 'name' of contacts), 'a'),
    qr/: each would overwrite the other for ever; take one of the two lines out, or let one of them go both ways \(<->\), or give both mappings a NotionSyncFilter so that no record is in both$/m);
my ($line_b, $line_a) = $out =~ /on line (\d+) of \S+: the property "Name".*httpd\.conf:(\d+)\)/;
open my $in, '<', $httpd->root . '/conf/httpd.conf' or die $!;
chomp(my @conf = <$in>);
is($conf[$line_b - 1], $b_line, 'it stands where it says');
is($conf[$line_a - 1], $a_line, '... and so does the other one');
fails('a column that two data sources rule', $services . fields('a', $id, 'contacts', 'NotionSyncField Name -> name') . fields('b', $other, 'CONTACTS', 'NotionSyncField Title -> NAME'),
    $rule->(q(the column 'NAME'), qq(the property "Title" of $other), qq(the property "Name" of $id), 'a'));
fails('a property that keeps the keys of two tables', $services
        . fields('a', $id, 'contacts', 'NotionSyncLinkProperty Key', 'NotionSyncField Name <-> name')
        . fields('b', $id, 'people',   'NotionSyncLinkProperty Key', 'NotionSyncField Name <-> name'),
    $rule->('the property "Key"', 'the key of people', 'the key of contacts', 'a'));
fails('a value that is ruled at both ends of its way', $services
        . fields('a', $id,    'contacts', 'NotionSyncField Name <- name')
        . fields('c', $id,    'people',   'NotionSyncField Name <-> label')
        . fields('b', $other, 'people',   'NotionSyncField Title -> label'),
    $rule->(q(the column 'label'), qq(the property "Title" of $other), q(the column 'name' of contacts), 'a'),
    qr/, which fields that go both ways join to the property "Name": each would/);
fails('also if one of the two covers a part only', $services . fields('a', $id, 'contacts', $a_line, 'NotionSyncFilter notion Kind = "x"') . fields('b', $id, 'people', $b_line),
    qr/is ruled one-way by/);
passes('each for a part of its own', $services . fields('a', $id, 'contacts', $a_line, 'NotionSyncFilter notion Kind = "x"')
        . fields('b', $id, 'people', $b_line, 'NotionSyncFilter notion Kind = "y"'));
passes('one rules, the other goes both ways', $services . fields('a', $id, 'contacts', $a_line) . fields('b', $id, 'people', 'NotionSyncField Name <-> label'));
passes('one rules two tables', $services . fields('a', $id, 'contacts', 'NotionSyncField Name -> name') . fields('b', $id, 'people', 'NotionSyncField Name -> label'));
passes('two rule two properties, which a name tells apart to the letter', $services . fields('a', $id, 'contacts', $a_line)
        . fields('b', $id, 'people', 'NotionSyncField NAME <- label'));
passes('a value that runs on one way', $services . fields('a', $id, 'contacts', $a_line) . fields('c', $id, 'people', 'NotionSyncField Name -> label')
        . fields('b', $other, 'people', 'NotionSyncField Title <- label'));

# --- relations

my $items  = fields('items', $id, 'items', 'NotionSyncField Name <-> name');
my $orders = sub { fields('orders', $other, 'orders', 'NotionSyncField Name <-> name', @_) };
my $line   = qr/<NotionSyncMapping orders> $where/;
passes('a relation to another mapping, in any order', $services . $orders->('NotionSyncField Item <-> item relation=items') . $items);
passes('or to its own', $services . $orders->('NotionSyncField Parent <-> parent relation=orders'));
fails('a relation to nothing', $services . $items . $orders->('NotionSyncField Item <-> item relation=things'),
    qr/${line}relation=things: there is no such mapping; those of the same two services are: items, orders$/m);
fails('a relation to what is behind another service', $services . $crm =~ s/crm/erp/gr . $items =~ s/crm/erp/r . $orders->('NotionSyncField Item <-> item relation=items'),
    qr/${line}relation=items: that mapping joins work to erp and this one work to crm; what a page or a row refers to is reached through the same two services only$/m);
my $between = sub { my ($name, $first, $second, @more) = @_; my ($from, $to) = map { s/0/$second/r } ($id, $other);
    return "<NotionSyncMapping $name>\nNotionSyncNotion $first $from\nNotionSyncExternal " . ($first eq 'work' ? 'away' : 'work') . " $to\nNotionSyncField Name <-> Name\n" . join('', map { "$_\n" } @more) . "</NotionSyncMapping>\n" };
passes('a relation between two data sources', $work . $away . $between->('orders', 'work', 1, 'NotionSyncField Item <-> Ware relation=items') . $between->('items', 'work', 2));
fails('a relation to a mapping that is the other way round', $work . $away . $between->('orders', 'work', 1, 'NotionSyncField Item <-> Ware relation=items') . $between->('items', 'away', 2),
    qr/${line}relation=items: that mapping joins away to work and this one work to away; what a page or a row refers to is reached through the same two services only, named the same way round: exchange NotionSyncNotion and NotionSyncExternal in one of the two$/m);
fails('a relation to rows with a key of two columns', $services . $items =~ s/items\nN/items key=a,b\nN/r . $orders->('NotionSyncField Item <-> item relation=items'),
    qr/${line}relation=items: the rows of that mapping have a key of several columns \(a,b\), and a column holds one; a list of them \(format=json\) can hold such keys$/m);
passes('a list of such keys', $services . $items =~ s/items\nN/items key=a,b\nN/r . $orders->('NotionSyncField Item <-> item relation=items format=json'));
fails('a relation that pairs records', $services . $items . $orders->('NotionSyncField Item <-> item relation=items', 'NotionSyncMatch Item item'),
    qr/${line}relation=items: "Item" cannot be in a NotionSyncMatch, since what is referred to is known only once it is linked$/m);
fails('a text as Markdown that pairs records', $services . $orders->('NotionSyncField Notes <-> notes format=markdown', 'NotionSyncMatch Notes notes'),
    qr/${line}format=markdown: "Notes" cannot be in a NotionSyncMatch, since Markdown has many spellings of one text; match by another field, or leave format= away$/m);
passes('one beside it', $services . $orders->('NotionSyncField Notes <-> notes format=markdown', 'NotionSyncMatch Name name'));
passes('a mapping of the virtual host', $services . $items . host('a.example', $orders->('NotionSyncField Item <-> item relation=items2') . $items =~ s/items/items2/gr));
fails('names of another host are written with it', $services . $items . host('a.example', $orders->('NotionSyncField Item <-> item relation=items')),
    qr/there is no such mapping/);

# --- virtual hosts

passes('a virtual host uses the services of the main server', $work . $crm . host('a.example', mapping('contacts', 'work', 'crm contacts')));
passes('or its own of the same name', $work . $crm . mapping('contacts', 'work', 'crm contacts')
        . host('a.example', $work . $crm . mapping('contacts', 'work', 'crm people')));
fails('but not for the same data source and table', $work . $crm . mapping('contacts', 'work', 'crm contacts')
        . host('a.example', $work . $crm . mapping('contacts', 'work', 'crm Contacts')),
    qr/<NotionSyncMapping contacts> ${where}with this mapping there are two ways from its data source to its table: the mappings form a circle/);
fails('the main server does not use those of a virtual host', mapping('contacts', 'work', 'crm contacts') . host('a.example', $work . $crm),
    qr/there is no service 'work'/);
fails('nor does another virtual host', host('a.example', $work . $crm) . host('b.example', mapping('contacts', 'work', 'crm contacts')),
    qr/there is no service 'work'/);
fails('two virtual hosts of one name', host('a.example', $work) . host('a.example', $work),
    qr/<VirtualHost> on line \d+ of \S+: it has the same name and port, a\.example:\d+, as the one on line \d+ of \S+, and both hold NotionSync sections/);

# --- secrets

sub token { return "<NotionSyncService work notion>\nNotionSyncToken $_[0]\n</NotionSyncService>\n" }

my $absent = $httpd->root . '/conf/absent';
fails('a token file that is not there', token('file:conf/absent'),
    qr/<NotionSyncService work> ${where}NotionSyncToken: the file \Q$absent\E cannot be read \(No such file or directory\); create it with the secret as its only line, owned by root, mode 0600$/m);
fails('a directory', token('file:conf'), qr/NotionSyncToken: \S+conf is not a file; name the file that holds the secret$/m);
$httpd->write_file('conf/empty', '', mode => 0600);
fails('an empty file', token('file:conf/empty'), qr/NotionSyncToken: the file \S+empty is empty; it must hold the secret as its only line$/m);
$httpd->write_file('conf/open', "ntn_0000\n", mode => 0644);
like(passes('a file that everybody can read', token('file:conf/open')), qr/everybody on this machine can read \S+open; chmod 600 it/, 'is warned of');
unlike(passes('a file that only root can read', token('file:conf/token')), qr/everybody/, 'is not');
passes('a variable', token('env:NOTION_TOKEN'));
fails('a variable that is not set', token('env:NOTION_TOKN'), qr/NotionSyncToken: the environment of httpd has no variable NOTION_TOKN; set it where httpd is started/);
passes('a program', token('"exec:/bin/echo ntn"'));
fails('a program that is not there', token('exec:/bin/no-such-program'), qr/NotionSyncToken: \/bin\/no-such-program is not a program that can be run$/m);
fails('a missing hook secret', $work =~ s/(<\/)/NotionSyncHookSecret file:conf\/absent\n$1/r, qr/NotionSyncHookSecret: the file \S+absent cannot be read/);
fails('a missing password', $crm =~ s/(<\/)/NotionSyncDatabasePassword file:conf\/absent\n$1/r, qr/NotionSyncDatabasePassword: the file \S+absent cannot be read/);
fails('all problems are told, not only the first', token('file:conf/absent') . mapping('contacts', 'work', 'crm contacts'),
    qr/absent cannot be read/, qr/there is no service 'crm'/);

# --- links to files lead to a location of the mapping's virtual host

sub with_base { my ($base) = @_; return mapping('contacts', 'work', 'crm contacts') =~ s{(</)}{NotionSyncFileBase $base\n$1}r }
sub location { my ($path) = @_; return "<Location \"$path\">\nNotionSyncServe file\n</Location>\n" }
my $base = 'https://files.example.org/notionsync/file';
unlike(passes('links to files', $work . $crm . with_base("$base/") . location('/notionsync/file')), qr/NotionSyncServe file/, 'are nothing to be warned of');
passes('slashes at the ends make no difference', $work . $crm . with_base($base) . location('/notionsync/file/'));
my $nowhere = qr/<NotionSyncMapping contacts> ${where}NotionSyncFileBase: links below \Q$base\E would lead nowhere; add <Location "\/notionsync\/file"> with NotionSyncServe file to the virtual host of this mapping$/m;
fails('links to no location', $work . $crm . with_base($base), $nowhere);
fails('links to another location', $work . $crm . with_base($base) . location('/notionsync/files'), $nowhere);
fails('links to a location that serves something else', $work . $crm . with_base($base) . location('/notionsync/file') =~ s/file$/status/mr, $nowhere);
fails('links to a location of another virtual host', $work . $crm . with_base($base) . host('a', mapping('b', 'work', 'crm b') . location('/notionsync/file')), $nowhere);
passes('links of a virtual host to a location of the main server', $work . $crm . location('/notionsync/file') . host('a', with_base($base)));
like(passes('a location without links', $work . $crm . mapping('contacts', 'work', 'crm contacts') . location('/notionsync/file')),
    qr{<Location "/notionsync/file"> says NotionSyncServe file, and no mapping has links that lead there: without NotionSyncFileBase fields with files that Notion keeps are parked}, 'is warned of');

# A server that starts by itself after a reboot must not stay down for one file.
$httpd->config("NotionSyncStateDB sqlite3 \${STATE}/notionsync.db\n" . token('file:conf/absent') . $crm);
$httpd->log_expect(qr/<NotionSyncService work> ${where}NotionSyncToken: the file \S+absent cannot be read .*; until a restart after that, what needs it stays blocked$/);
$httpd->start;
is($httpd->get('/index.html')->{status}, 200, 'it starts all the same, and says so in its log');
is(scalar(my @lines = $httpd->log_lines(qr/absent cannot be read/)), 1, 'once');
$httpd->stop;

# Nothing about the module is checked or made where nothing of it is configured.
my $plain = start_httpd(name => 'plain');
is_deeply([glob $plain->state . '/*'], [], 'a server without sections has no state');
is(scalar(my @workers = $plain->children(qr/^notionsync-w/)), 0, 'and no workers');

finish();

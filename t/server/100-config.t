# Every directive takes what the documentation says, and refuses anything else with a message that names the directive,
# what was found, what is expected, and an example; httpd adds file and line.
use strict;
use warnings;
use NotionSync::Test;

my $httpd = new_httpd(modules => [qw(env)]);
$httpd->write_file('conf/token', "ntn_0000\n", mode => 0600);
my $id = '1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d';

# A configuration around one place: what stands at the three marks is under test, all else is right.
sub config {
    my (%at) = @_;
    my $service = $at{service} // '';
    my $token   = $service =~ /^\s*NotionSync(?:Token|OAuth)\b/m ? '' : "  NotionSyncToken file:conf/token\n";
    my $sql     = $at{sql}     // "  NotionSyncDatabase sqlite \${STATE}/crm.db\n";
    my $mapping = $at{mapping} // '';
    my $notion  = $mapping =~ /^\s*NotionSyncNotion\b/m   ? '' : "  NotionSyncNotion work $id\n";
    my $extern  = $mapping =~ /^\s*NotionSyncExternal\b/m ? '' : "  NotionSyncExternal crm contacts\n";
    my $field   = $mapping =~ /^\s*NotionSyncField\b/m    ? '' : "  NotionSyncField Name <-> name\n";
    return join '', $at{server} // '', "\n<NotionSyncService work notion>\n$token$service\n</NotionSyncService>\n",
        "<NotionSyncService crm sql>\n$sql\n</NotionSyncService>\n",
        "<NotionSyncMapping contacts>\n$notion$extern$field$mapping\n</NotionSyncMapping>\n", $at{after} // '';
}

sub check { my ($config) = @_; $httpd->config($config); return $httpd->configtest }

sub accepted {
    my ($what, %at) = @_;
    my ($exit, $out) = check(config(%at));
    ok($exit == 0 && $out =~ /Syntax OK/, "accepted: $what") or diag $out;
}

# The message is compared whole.
sub refused {
    my ($where, $text, $message) = @_;
    my ($exit, $out) = check($where eq 'whole' ? $text : config($where => "$text\n"));
    (my $label = $text) =~ s/\s*\n\s*/ | /g;
    isnt($exit, 0, "refused: $label") or return;
    my ($line, $found) = $out =~ /Syntax error on line (\d+) of [^\n]*httpd\.conf:\n(.*)\n/ or return fail("syntax error: $out");
    is($found, $message, "with its message");
    my @lines = split /\n/, read_file($httpd->root . '/conf/httpd.conf');
    my ($name) = $message =~ /: found (\S+) inside the section/;
    ($name) = $message =~ /\A<?(\w+)/ unless $name;
    like($lines[$line - 1], qr/\Q$name\E?/, 'at its line') unless $where eq 'whole';
}

# In all sections, the words around what was found.
sub refused_as {
    my ($where, $text, $sentence, $syntax, $example) = @_;
    my ($name) = $text =~ /\A\s*(\w+)/;
    refused($where, $text, "$name: $sentence; expected is $name $syntax, for example: $example");
}

# --- what is right

accepted('the least', server => '');
accepted('server-wide directives', server => <<'CONF');
NotionSyncStateDB sqlite3 ${STATE}/notionsync.db
NotionSyncWorkers 4
NotionSyncSecretKey file:${ROOT}/conf/key
NotionSyncAudit keep=30d values=on
CONF
accepted('a whole service', service => <<'CONF');
  NotionSyncToken file:conf/token
  NotionSyncBudget 600/60s
  NotionSyncEndpoint http://127.0.0.1:8080/
  NotionSyncHookSecret file:${ROOT}/conf/token
  NotionSyncProvision auto
CONF
accepted("the address $_", service => "NotionSyncEndpoint $_\n")
    for qw(https://api.example.org https://api.example.org:8443/base/ http://localhost:80 http://[::1]:8080 http://127.1.2.3);
accepted('a token from a program', service => "NotionSyncToken \"exec:/bin/echo one two\"\n");
accepted('an external database', sql => "NotionSyncDatabase sqlite crm.db\nNotionSyncProvision auto\n"
        . "NotionSyncDatabasePassword file:conf/token\n");
accepted('sides', mapping => <<'CONF');
  NotionSyncNotion work 1A2B3C4D0000400080005E6F7A8B9C0D
  NotionSyncExternal crm "contact list" key=country,code modified=changed timezone=UTC
CONF
accepted('fields and rules', mapping => <<'CONF');
  NotionSyncMatch "E-mail" email
  NotionSyncMatch Country country
  NotionSyncField "Due date" <-> due_date conflict=hold initial=notion
  NotionSyncField Stage both stage options=create
  NotionSyncField "Say \"hi\"" -> hi lossy=accept
  NotionSyncField Formula to-external formula
  NotionSyncField Owner <- owner
  NotionSyncField Tags to-notion tags format=csv options=hold
  NotionSyncField 'Größe' <-> groesse format=json
  NotionSyncField Notes <-> notes format=markdown
  NotionSyncConflict last-write-wins grace=2s tie=external
  NotionSyncDeletes hold limit=20%
  NotionSyncReconcile 10min full=12h
  NotionSyncDebounce 0ms
  NotionSyncPaused on
CONF
accepted("conflicts: $_", mapping => "NotionSyncConflict $_\n") for qw(notion-wins external-wins hold);
accepted("deletes: $_", mapping => "NotionSyncDeletes $_\n")
    for 'propagate', 'ignore limit=0%', 'to-notion=ignore to-external=hold', 'to-external=hold limit=5%';
accepted("reconciliation: $_", mapping => "NotionSyncReconcile $_\n")
    for 'hourly', 'daily', 'off', 'off full=daily', '90s full=off', 'hourly full=hourly';
accepted('a property read by two fields', mapping => "NotionSyncField Name -> shout\n");
accepted('conditions inside sections', mapping => <<'CONF');
  <IfModule notionsync_module>
    NotionSyncPaused off
  </IfModule>
  <IfDefine !Absent>
    NotionSyncField Phone <-> phone
  </IfDefine>
CONF
accepted('locations', after => <<'CONF');
<Location "/notionsync">
  <IfModule notionsync_module>
    NotionSyncServe status
  </IfModule>
</Location>
<Location "/notionsync/hook">
  NotionSyncServe hook
</Location>
CONF
accepted('sections in a virtual host', after => <<"CONF");
<VirtualHost *:\${PORT}>
  ServerName client.example.org
  <NotionSyncService work notion>
    NotionSyncToken file:conf/token
  </NotionSyncService>
  <NotionSyncMapping contacts>
    NotionSyncNotion work $id
    NotionSyncExternal crm clients
    NotionSyncField Name <-> name
  </NotionSyncMapping>
</VirtualHost>
CONF

# --- server-wide

my @state = ('DRIVER PARAMETERS', 'NotionSyncStateDB sqlite3 /var/lib/notionsync/notionsync.db');
refused_as(server => 'NotionSyncStateDB sqlite3', 'found 1 argument where at least 2 are needed', @state);
refused_as(server => 'NotionSyncStateDB sqlite3 a b', "'b' is left over after 2 arguments; what holds spaces is written in double quotes", @state);
refused_as(server => 'NotionSyncStateDB oracle x', "'oracle' is not the name of a driver that can hold the state; sqlite3 is", @state);
refused(server => 'NotionSyncStateDB pgsql dbname=x', unavailable('NotionSyncStateDB', 'a state store in PostgreSQL'));
my @workers = ('NUMBER', 'NotionSyncWorkers 2');
refused_as(server => "NotionSyncWorkers $_", "the number of workers '$_' is not a whole number from 1 to 32", @workers) for qw(0 33 two 2.5 -1);
refused_as(server => 'NotionSyncSecretKey 0123456789', 'what was found does not begin with file: (the key itself must not stand in the '
        . 'configuration)', 'file:PATH', 'NotionSyncSecretKey file:/etc/notionsync/secret.key');
my @audit = ('keep=TIME [values=on|off]', 'NotionSyncAudit keep=90d');
refused_as(server => 'NotionSyncAudit 90d', "'90d' is left over; what holds spaces is written in double quotes", @audit);
refused_as(server => 'NotionSyncAudit keep=90', "keep= '90' is not a time; a number and one of the units ms, s, min, h, d are", @audit);
refused_as(server => 'NotionSyncAudit keep=1s', "keep= '1s' is outside the range of 1 h to 3650 d", @audit);
refused_as(server => 'NotionSyncAudit values=maybe', "values= 'maybe' is none of on or off", @audit);
refused_as(server => 'NotionSyncAudit size=3', "unknown option 'size=3'; known are keep= and values=", @audit);
refused_as(server => 'NotionSyncAudit keep=1d keep=2d', 'keep= is given twice', @audit);
refused_as(server => 'NotionSyncAudit keep=', "nothing follows 'keep='", @audit);
accepted('an audit without values', server => 'NotionSyncAudit keep=30d values=off');
refused(server => 'NotionSyncMessageCmd /bin/true', unavailable('NotionSyncMessageCmd', 'telling a program'));

# --- services

sub unavailable { return "$_[0]: $_[1] is not available in this version (" . build_info('version') . ')' }

my @service = ('NAME notion|sql', '<NotionSyncService work notion>');
for ([ 'work', 'found 1 argument where at least 2 are needed' ],
    [ 'work mongo', "the kind of service 'mongo' is none of notion, sql, airtable, sheets or rest" ],
    [ 'a/b notion', "the name 'a/b' is not made of 1 to 64 letters, digits, '.', '_' and '-' with a letter, digit or '_' in front" ],
    [ 'work notion more', "'more' is left over after 2 arguments; what holds spaces is written in double quotes" ],
    [ '"work notion', q(the quote before 'work notion' is never closed) ]) {
    my ($text, $sentence) = @$_;
    refused(whole => "<NotionSyncService $text>\n</NotionSyncService>\n",
        "<NotionSyncService>: $sentence; expected is <NotionSyncService> $service[0], for example: $service[1]");
}
refused(whole => "<NotionSyncService x $_>\n</NotionSyncService>\n",
    unavailable('<NotionSyncService>', "a service of the kind $_")) for qw(airtable sheets rest);
refused(whole => "<NotionSyncService work notion>\n</NotionSyncService>\n", '<NotionSyncService>: the service \'work\' lacks '
        . 'NotionSyncToken, for example: NotionSyncToken file:/etc/notionsync/token');
refused(whole => "<NotionSyncService crm sql>\n</NotionSyncService>\n", '<NotionSyncService>: the service \'crm\' lacks '
        . 'NotionSyncDatabase, for example: NotionSyncDatabase sqlite /var/lib/crm/crm.db');
{
    my $once = "<NotionSyncService crm sql>\nNotionSyncDatabase sqlite x\n</NotionSyncService>\n";
    my ($exit, $out) = check("$once$once");
    like($out, qr/<NotionSyncService>: the name 'crm' is taken by the service at \S+httpd\.conf:\d+; expected/, 'a name stands for one service');
}

my @token = ('file:PATH|env:NAME|exec:COMMAND', 'NotionSyncToken file:/etc/notionsync/token');
my $exposed = 'what was found is no reference, and a secret itself must not stand in the configuration: put it into a file that '
    . 'only root can read, and name the file';
refused_as(service => 'NotionSyncToken ntn_SECRET', "$exposed (env:NAME and exec:COMMAND serve too)", @token);
refused_as(service => 'NotionSyncToken file:', "$exposed (env:NAME and exec:COMMAND serve too)", @token);
refused_as(service => 'NotionSyncToken Bearer ntn_SECRET', 'something is left over after 1 argument; what holds spaces is written in '
        . 'double quotes', @token);
refused_as(service => 'NotionSyncToken env:ntn-SECRET', 'what follows env: is not the name of an environment variable', @token);
refused_as(service => 'NotionSyncToken exec:program', "the command behind exec: does not begin with '/'", @token);
refused_as(service => "NotionSyncToken file:conf/token\nNotionSyncToken file:conf/token", 'found a second time in one section', @token);
refused_as(service => 'NotionSyncHookSecret secret_SECRET', "$exposed (env:NAME serves too)",
    'file:PATH|env:NAME', 'NotionSyncHookSecret file:/etc/notionsync/hook');
refused_as(service => 'NotionSyncHookSecret exec:/bin/echo', 'exec: is not possible here: httpd itself reads this secret, and runs no '
        . 'programs while it starts', 'file:PATH|env:NAME', 'NotionSyncHookSecret file:/etc/notionsync/hook');
unlike((check(config(service => "NotionSyncToken $_\n")))[1], qr/SECRET/, 'what may be a secret is not repeated')
    for 'ntn_SECRET', 'Bearer ntn_SECRET', '"ntn_SECRET', 'x "ntn_SECRET"x', 'env:ntn-SECRET', 'exec:ntn_SECRET';

my @budget = ('REQUESTS/TIME', 'NotionSyncBudget 180/60s');
refused_as(service => 'NotionSyncBudget 180', "'180' is not a budget", @budget);
refused_as(service => 'NotionSyncBudget 5/60s', "the number of requests '5' is not a whole number from 10 to 100000", @budget);
refused_as(service => 'NotionSyncBudget 180/60', "the time '60' is not a time; a number and one of the units ms, s, min, h, d are", @budget);
refused_as(service => 'NotionSyncBudget 180/1d', "the time '1d' is outside the range of 1 s to 1 h", @budget);
my @endpoint = ('URL', 'NotionSyncEndpoint https://api.notion.com');
refused_as(service => 'NotionSyncEndpoint api.notion.com', "'api.notion.com' is not an address", @endpoint);
refused_as(service => 'NotionSyncEndpoint ftp://api.notion.com', "'ftp://api.notion.com' begins with neither https: nor http:", @endpoint);
refused_as(service => "NotionSyncEndpoint $_", "'$_' would send the token in clear: only this machine itself (localhost, 127.0.0.1, "
        . '[::1]) may be reached without https', @endpoint) for qw(http://api.notion.com http://127.0.0.1.example.org http://localhost.example.org);
refused_as(service => 'NotionSyncEndpoint https://a:SECRET@api.notion.com', 'the address holds a user or a password, which belong into a '
        . 'file that only root can read', @endpoint);
refused_as(service => 'NotionSyncEndpoint https://api.notion.com/?a=b', "'https://api.notion.com/?a=b' goes on after the path: '?' and '#' "
        . 'have no place in a base address', @endpoint);
refused_as(service => 'NotionSyncProvision yes', "the argument 'yes' is none of manual or auto", 'manual|auto', 'NotionSyncProvision auto');
my @oauth = ('client-id=ID client-secret=file:PATH redirect=URL', 'NotionSyncOAuth client-id=1234 client-secret=file:/etc/notionsync/oauth '
        . 'redirect=https://example.org/notionsync/oauth');
sub oauth { my %o = ('client-id' => 'x', 'client-secret' => 'file:conf/token', redirect => 'https://e.org/o', @_); return join ' ', 'NotionSyncOAuth', map { "$_=$o{$_}" } sort keys %o }
accepted('an installation through OAuth', service => oauth());
accepted('one that comes back to this machine', service => oauth(redirect => 'http://localhost:8080/notionsync/oauth/work'));
refused(service => "NotionSyncToken file:conf/token\n" . oauth(), "NotionSyncOAuth: the service 'work' has both NotionSyncToken and NotionSyncOAuth; it needs one of them; "
        . "expected is NotionSyncOAuth $oauth[0], for example: $oauth[1]");
refused_as(service => oauth('client-id' => 'a:b'), 'client-id= holds a colon, which no client\'s id has', @oauth);
refused_as(service => oauth(redirect => 'e.org/o'), "'e.org/o' is not an address", @oauth);
refused_as(service => oauth(redirect => 'https://e.org'), 'redirect= names no path: it is that of the <Location> with NotionSyncServe oauth', @oauth);
refused_as(service => oauth(redirect => 'http://e.org/o'), "'http://e.org/o' would send the code in clear: only this machine itself (localhost, 127.0.0.1, "
        . '[::1]) may be reached without https', @oauth);
refused_as(service => oauth(redirect => 'https://e.org/o?x=1'), "'https://e.org/o?x=1' goes on after the path: '?' and '#' have no place in a base address", @oauth);
for my $wrong (oauth('client-secret' => 'SECRET'), 'NotionSyncOAuth client-id=x client-secret=file:conf/token', oauth() =~ s/redirect/client-id/r, oauth(more => 1)) {
    my ($exit, $out) = check(config(service => "$wrong\n"));
    ok($exit != 0 && $out =~ /NotionSyncOAuth: /, "refused: $wrong");
    unlike($out, qr/SECRET/, 'without showing what may be a secret');
}
refused(service => 'NotionSyncDescriptor file:x', unavailable('NotionSyncDescriptor', 'the kind of service that it describes, rest,'));

my @database = ('sqlite|pgsql|mysql CONNINFO', 'NotionSyncDatabase sqlite /var/lib/crm/crm.db');
refused_as(service => 'NotionSyncDatabase sqlite x', "the service 'work' is of the kind notion; only one of the kind sql has it", @database);
refused_as(sql => 'NotionSyncToken file:conf/token', "the service 'crm' is of the kind sql; only one of the kind notion has it", @token);
refused_as(sql => 'NotionSyncDatabase oracle x', 'the first argument is none of sqlite, pgsql or mysql', @database);
refused_as(sql => "NotionSyncDatabase pgsql \"$_\"", 'the connection info holds a password, which must not stand in the configuration: say '
        . 'NotionSyncDatabasePassword file:PATH instead', @database)
    for 'host=x password=SECRET', 'password = SECRET host=x', 'host=x PASSWD=SECRET', 'postgresql://u:SECRET@host/db', 'pass=SECRET';
refused_as(sql => "NotionSyncDatabase mysql $$_[0]", $$_[1], @database)
    for build_info('mariadb') eq 'yes'
    ? (['host=x', 'the connection info: dbname= is missing'], ['"dbname=crm hots=x"', 'the connection info: "hots" is none of its words'],
        ['"dbname=crm port=0"', 'the connection info: port= or connect_timeout= is out of its range'],
        [q("dbname='crm"), 'the connection info: a quote has no end'],
        ['"dbname=crm sslmode=yes"', 'the connection info: sslmode= is none of disable, prefer, require, verify-ca and verify-full'],
        ['"dbname=crm sslmode=verify-ca"', 'the connection info: sslmode=verify-ca wants sslrootcert=, a file of the authorities to judge by'],
        ['"dbname=crm host=x socket=/y"', 'the connection info: host= and socket= exclude each other'],
        ['mysql://u@host/crm', 'the connection info: "mysql://u@host/crm" is none of its words'])
    : (['dbname=crm', 'the module was built without MariaDB: install its client library (on Debian: apt-get install libmariadb-dev) and build it anew']);

# --- mappings

my @mapping = ('NAME', '<NotionSyncMapping contacts>');
refused(whole => "<NotionSyncMapping>\n</NotionSyncMapping>\n", '<NotionSyncMapping>: found 0 arguments where at least 1 is needed; expected '
        . "is <NotionSyncMapping> $mapping[0], for example: $mapping[1]");
refused(whole => "<NotionSyncMapping x>\n</NotionSyncMapping>\n", q(<NotionSyncMapping>: the mapping 'x' lacks NotionSyncNotion, for example: )
        . 'NotionSyncNotion work 1a2b3c4d-0000-4000-8000-5e6f7a8b9c0d');
refused(whole => "<NotionSyncMapping x>\nNotionSyncNotion work $id\n</NotionSyncMapping>\n", q(<NotionSyncMapping>: the mapping 'x' lacks )
        . 'NotionSyncExternal, for example: NotionSyncExternal crm contacts key=id');
refused(whole => "<NotionSyncMapping x>\nNotionSyncNotion work $id\nNotionSyncExternal crm t\n</NotionSyncMapping>\n",
    q(<NotionSyncMapping>: the mapping 'x' lacks NotionSyncField, for example: NotionSyncField "Due date" <-> due_date));
{
    my ($exit, $out) = check(config() . "<NotionSyncMapping contacts>\n</NotionSyncMapping>\n");
    like($out, qr/<NotionSyncMapping>: the name 'contacts' is taken by the mapping at \S+httpd\.conf:\d+; expected/, 'a name stands for one mapping');
}

my @notion = ('SERVICE DATA-SOURCE-ID', "NotionSyncNotion work $id");
refused_as(mapping => 'NotionSyncNotion work contacts', "'contacts' is not a data source id, which has 32 hexadecimal digits "
        . '(notionsyncctl discover lists them; the id in the address of a database is another one)', @notion);
refused_as(mapping => 'NotionSyncNotion work', 'found 1 argument where at least 2 are needed', @notion);
my @external = ('SERVICE COLLECTION [key=FIELD[,FIELD]] [modified=FIELD] [timezone=ZONE]', 'NotionSyncExternal crm contacts key=id');
refused_as(mapping => 'NotionSyncExternal crm contact list', "'list' is left over; what holds spaces is written in double quotes", @external);
refused_as(mapping => 'NotionSyncExternal crm contacts keys=id', "unknown option 'keys=id'; known are key=, modified= and timezone=", @external);
refused_as(mapping => 'NotionSyncExternal crm contacts key=a,,b', "key=a,,b does not name fields with ',' between them", @external);
refused_as(mapping => 'NotionSyncExternal crm contacts timezone=../../etc', "timezone=../../etc is not the name of a time zone, such as "
        . 'Europe/Berlin', @external);

my @field = ('"Notion property" <->|->|<- FIELD [conflict=RULE] [initial=SIDE] [relation=MAPPING] [format=FORMAT] [options=create|hold] [lossy=accept]',
    'NotionSyncField "Due date" <-> due_date');
refused_as(mapping => 'NotionSyncField Due date <-> due_date', "'date' stands where the arrow should; a property whose name holds spaces is "
        . 'written in double quotes', @field);
refused_as(mapping => 'NotionSyncField Due<->due', "spaces are missing round the arrow in 'Due<->due'", @field);
refused_as(mapping => 'NotionSyncField Due ->due', "spaces are missing round the arrow in '->due'", @field);
refused_as(mapping => 'NotionSyncField "Due"<-> due', "'<-> due' follows a closing quote without a space", @field);
refused_as(mapping => 'NotionSyncField "Due date <-> due', "the quote before 'Due date <-> due' is never closed", @field);
refused_as(mapping => 'NotionSyncField Due due', "'due' is not an arrow (<-> -> <- or both, to-external, to-notion), and a property whose name "
        . 'holds spaces is written in double quotes', @field);
refused_as(mapping => 'NotionSyncField Due', "nothing follows 'Due'", @field);
refused_as(mapping => 'NotionSyncField Due <->', 'nothing follows the arrow', @field);
refused_as(mapping => 'NotionSyncField Due <-> due date', "'date' is left over; what holds spaces is written in double quotes", @field);
refused_as(mapping => 'NotionSyncField "" <-> due', "the property's name is empty", @field);
refused_as(mapping => "NotionSyncField \"D\xfce\" <-> due", "the property's name is not UTF-8: save the file in that encoding", @field);
refused_as(mapping => 'NotionSyncField Due <-> due conflict=mine', "conflict= 'mine' is none of last-write-wins, notion-wins, external-wins or "
        . 'hold', @field);
refused_as(mapping => 'NotionSyncField Due -> due conflict=hold', 'conflict= has no meaning for a field that goes one way', @field);
refused_as(mapping => 'NotionSyncField Due <-> due initial=both', "initial= 'both' is none of notion, external or hold", @field);
refused_as(mapping => 'NotionSyncField Due <-> due format=xml', "format= 'xml' is none of plain, json, csv, array or markdown", @field);
refused_as(mapping => 'NotionSyncField Due <-> due options=open', "options= 'open' is none of create or hold", @field);
refused_as(mapping => 'NotionSyncField Due <-> due lossy=yes', "lossy= 'yes' is none of accept", @field);
refused_as(mapping => 'NotionSyncField Due <-> due format=markdown lossy=accept', 'lossy=accept has no meaning beside format=markdown: a text that is cut would be other '
        . 'Markdown, so none ever is', @field);
refused_as(mapping => "NotionSyncField Due <-> due relation=other $_=json", "$_= has no meaning beside relation=: a column holds keys of records that exist", @field) for qw(options lossy);
refused_as(mapping => "NotionSyncField Due <-> due relation=other format=$_", "format=$_ has no meaning beside relation=: without format= the column holds one key, "
        . 'with format=json or format=csv a list of them', @field) for qw(plain markdown);
refused_as(mapping => 'NotionSyncField Due <-> due relation=', "nothing follows 'relation='", @field);
refused_as(mapping => "NotionSyncField A <-> a\nNotionSyncField A <-> a", '"A" and \'a\' are paired already', @field);
refused_as(mapping => "NotionSyncField A <-> a\nNotionSyncField B -> a", q('a' is written by the property "A" already), @field);
refused_as(mapping => "NotionSyncField A <-> a\nNotionSyncField A <- b", q(the property "A" is written by 'a' already), @field);

my @match = ('"Notion property" FIELD', 'NotionSyncMatch "E-mail" email');
refused_as(mapping => 'NotionSyncMatch email', 'found 1 argument where at least 2 are needed', @match);
refused_as(mapping => 'NotionSyncMatch Name <-> name', "'name' is left over after 2 arguments; what holds spaces is written in double quotes", @match);
refused_as(mapping => "NotionSyncMatch A a\nNotionSyncMatch A a", '"A" and \'a\' are matched already', @match);

my @conflict = ('last-write-wins|notion-wins|external-wins|hold [grace=TIME] [tie=notion|external]', 'NotionSyncConflict last-write-wins grace=5s');
refused_as(mapping => 'NotionSyncConflict newest', "the rule 'newest' is none of last-write-wins, notion-wins, external-wins or hold", @conflict);
refused_as(mapping => 'NotionSyncConflict hold grace=5s', 'grace= and tie= have no meaning with hold', @conflict);
refused_as(mapping => 'NotionSyncConflict last-write-wins grace=5m', "grace= '5m' is not a time; a number and one of the units ms, s, min, h, d are",
    @conflict);
refused_as(mapping => 'NotionSyncConflict last-write-wins grace=2h', "grace= '2h' is outside the range of 0 ms to 1 h", @conflict);
refused_as(mapping => 'NotionSyncConflict last-write-wins tie=mine', "tie= 'mine' is none of notion or external", @conflict);
my @deletes = ('propagate|hold|ignore [limit=SHARE] or to-notion=RULE to-external=RULE [limit=SHARE]', 'NotionSyncDeletes propagate limit=10%');
refused_as(mapping => 'NotionSyncDeletes never', "the rule 'never' is none of propagate, hold or ignore", @deletes);
refused_as(mapping => 'NotionSyncDeletes hold limit=10', "limit= '10' is not a share from 0% to 100%", @deletes);
refused_as(mapping => 'NotionSyncDeletes hold limit=101%', "limit= '101%' is not a share from 0% to 100%", @deletes);
refused_as(mapping => 'NotionSyncDeletes to-notion=never', "to-notion= 'never' is none of propagate, hold or ignore", @deletes);
refused_as(mapping => 'NotionSyncDeletes hold to-notion=ignore', "'hold' is for both directions; to-notion= and to-external= say otherwise", @deletes);
my @reconcile = ('hourly|daily|TIME|off [full=hourly|daily|TIME|off]', 'NotionSyncReconcile hourly full=daily');
refused_as(mapping => 'NotionSyncReconcile weekly', "the interval 'weekly' is not a time; a number and one of the units ms, s, min, h, d are", @reconcile);
refused_as(mapping => 'NotionSyncReconcile 1ms', "the interval '1ms' is outside the range of 1 s to 30 d", @reconcile);
refused_as(mapping => 'NotionSyncReconcile hourly full=31d', "full= '31d' is outside the range of 1 s to 30 d", @reconcile);
refused_as(mapping => 'NotionSyncDebounce 300', "the time '300' is not a time; a number and one of the units ms, s, min, h, d are",
    'TIME', 'NotionSyncDebounce 300ms');
my @base = ('URL', 'NotionSyncFileBase https://example.org/notionsync/file');
refused_as(mapping => 'NotionSyncFileBase example.org/file', "'example.org/file' is not an address", @base);
refused_as(mapping => "NotionSyncFileBase https://example.org$_", "'https://example.org$_' names no path: it is that of the <Location> with NotionSyncServe file", @base)
    for '', '/';
refused_as(mapping => 'NotionSyncFileBase http://example.org/file', "'http://example.org/file' would send the links in clear: only this machine itself (localhost, "
        . '127.0.0.1, [::1]) may be reached without https', @base);
refused_as(mapping => 'NotionSyncFileBase https://example.org/file?x=1', "'https://example.org/file?x=1' goes on after the path: '?' and '#' have no place in a base "
        . 'address', @base);
refused_as(mapping => 'NotionSyncPaused yes', "the argument 'yes' is none of on or off", 'on|off', 'NotionSyncPaused on');
my @fields = ('auto [create=none|external|notion|both]', 'NotionSyncFields auto');
refused_as(mapping => 'NotionSyncFields all', "the argument 'all' is none of auto", @fields);
refused_as(mapping => 'NotionSyncFields auto create=table', "create= 'table' is none of none, external, notion or both", @fields);
my @body = ('<->|->|<- FIELD [conflict=RULE] [initial=SIDE]', 'NotionSyncBody <-> notes');
refused_as(mapping => 'NotionSyncBody notes', "'notes' is not an arrow (<-> -> <- or both, to-external, to-notion), and a space stands behind it", @body);
refused_as(mapping => 'NotionSyncBody <->', 'nothing follows the arrow', @body);
refused_as(mapping => 'NotionSyncBody -> notes conflict=hold', 'conflict= has no meaning for a field that goes one way', @body);
refused_as(mapping => 'NotionSyncBody <-> notes format=plain', "unknown option 'format=plain'; known are conflict= and initial=", @body);
refused(mapping => "NotionSyncField Text <-> notes\n  NotionSyncBody <-> notes",
    qq(NotionSyncBody: 'notes' is written by the property "Text" already; expected is NotionSyncBody $body[0], for example: $body[1]));
refused_as(mapping => "NotionSyncBody <-> notes\n  NotionSyncBody -> text", 'found a second time in one section', @body);
my @filter = ('notion|external EXPRESSION|file:PATH', 'NotionSyncFilter notion Stage != "Lost"');
refused_as(mapping => 'NotionSyncFilter external', 'found 1 argument where 2 are needed', @filter);
refused_as(mapping => 'NotionSyncFilter both a = 1', "the side 'both' is none of notion or external", @filter);
refused_as(mapping => 'NotionSyncFilter external deleted == 0',
    q(at character 10: found '='; expected is a text in quotes, a number, a date such as 2026-01-31, true or false), @filter);
refused_as(mapping => 'NotionSyncFilter external "deleted = "',
    'the expression ends at character 11; expected is a text in quotes, a number, a date such as 2026-01-31, true or false', @filter);
refused_as(mapping => 'NotionSyncFilter external file:', q(no path follows 'file:'), @filter);
refused_as(mapping => 'NotionSyncFilter external file:conf/none', 'cannot read ' . $httpd->root . '/conf/none: No such file or directory', @filter);
refused_as(mapping => "NotionSyncFilter external a = 1\n  NotionSyncFilter external b = 1", 'the filter of this side is found a second time', @filter);

# --- places

my $outside = q(; it belongs between <NotionSyncService NAME KIND> and </NotionSyncService>);
refused(whole => "NotionSyncToken file:conf/token\n", "NotionSyncToken: found outside <NotionSyncService>$outside");
refused(mapping => 'NotionSyncToken file:conf/token', "NotionSyncToken: found outside <NotionSyncService>$outside");
refused(whole => "NotionSyncPaused on\n", 'NotionSyncPaused: found outside <NotionSyncMapping>; it belongs between <NotionSyncMapping NAME> and '
        . '</NotionSyncMapping>');
refused(service => 'NotionSyncWorkers 3', 'NotionSyncWorkers: found inside <NotionSyncService>; it belongs outside all sections, for example: '
        . 'NotionSyncWorkers 2');
refused(whole => "<VirtualHost *:\${PORT}>\nNotionSyncWorkers 3\n</VirtualHost>\n", 'NotionSyncWorkers: found inside <VirtualHost>; it belongs into '
        . 'the main server, for example: NotionSyncWorkers 2');
refused(mapping => "ServerAdmin a\@b\n", '<NotionSyncMapping>: found ServerAdmin inside the section; only directives of the module belong there');
refused(mapping => "<Location />\n</Location>\n", '<NotionSyncMapping>: found <Location> inside the section; only directives of the module belong there');
refused(mapping => "<NotionSyncService x sql>\n</NotionSyncService>\n", '<NotionSyncMapping>: found <NotionSyncService> inside the section; only '
        . 'directives of the module belong there');
my @serve = ('hook|status|oauth|file', 'NotionSyncServe status');
my $location = 'NotionSyncServe: found outside <Location>; it belongs into one, for example: <Location "/notionsync"> NotionSyncServe status </Location>';
for ("NotionSyncServe status\n", map { "<$_>\nNotionSyncServe status\n</" . (split)[0] . ">\n" }
    'Directory /', 'Files x', 'LocationMatch /x', 'DirectoryMatch /x', 'If "true"') {
    my ($exit, $out) = check($_);
    my ($found) = $out =~ /:\n(.*)\n/;
    my ($place) = /\A(.*)/;
    ok($exit != 0 && ($found eq $location || $found eq 'NotionSyncServe not allowed here'), "refused: at $place") or diag $out;
}
refused(whole => "<Location />\n<If \"true\">\nNotionSyncServe status\n</If>\n</Location>\n", $location);
for my $text ("NotionSyncServe\n", "NotionSyncServe all\n", "NotionSyncServe hook status\n") {
    my ($exit, $out) = check("<Location />\n$text</Location>\n");
    like($out, qr/NotionSyncServe: .*; expected is NotionSyncServe hook\|status\|oauth\|file, for example: NotionSyncServe status$/m, "refused: " . $text =~ s/\n//r);
}
for my $section ('Directory /', 'Location /', 'Files x') {
    my ($name) = split ' ', $section;
    for my $text ('<NotionSyncService x sql>', '<NotionSyncMapping x>', 'NotionSyncWorkers 2', 'NotionSyncToken file:x') {
        my $end = $text =~ /<(\w+)/ ? "\n</$1>" : '';
        my ($exit, $out) = check("<$section>\n$text$end\n</$name>\n");
        like($out, qr/not allowed here|not allowed in/, "$text is not allowed in <$name>");
        isnt($exit, 0, 'and an error');
    }
}

done_testing();

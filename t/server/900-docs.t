# What the documentation shows works: README's configuration as it stands, adapted only in its paths and its address of
# Notion, passes configtest and keeps README's table and a data source equal; the commands of docs/tool.md do what
# they should; every directive and command that is named exists; links lead somewhere.
use strict;
use warnings;
use NotionSync::Test;

my $top = build_info('srcdir');

sub code_blocks {
    my ($file, $kind) = @_;
    my $text = read_file("$top/$file");
    my @found;
    push @found, $1 while $text =~ /^```\Q$kind\E\n(.*?)^```$/msg;
    return @found;
}

my ($config) = code_blocks('README.md', 'apache');
my ($table)  = code_blocks('README.md', 'sql');
like($config, qr/<NotionSyncMapping/, 'README has a configuration');
like($table,  qr/CREATE TABLE/,       'and its table');

# --- the configuration

my $sim = start_sim();
$sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 100, delay_ms => 0, aggregate_ms => 0 });
my ($id) = $config =~ /NotionSyncNotion\s+\S+\s+(\S+)/;
$sim->sim(POST => 'data_source', { id => $id, name => 'Contacts', properties => {
    Name => { type => 'title' }, 'E-mail' => { type => 'email' }, Score => { type => 'number' },
    Stage => { type => 'status', options => [qw(Lead Customer)] }, Tags => { type => 'multi_select', options => ['vip'] },
    'Next call' => { type => 'date' },
} });
$sim->sim(POST => 'page', { data_source => $id, properties => { Name => 'Ada', 'E-mail' => 'ada@example.org', Tags => ['vip'] } });

my $httpd = new_httpd(define => { SIM => $sim->url });
my $file  = $httpd->state . '/crm.db';
sqlite($file, $table . "INSERT INTO contacts (name, email, stage, score) VALUES ('Ada', 'ada\@example.org', NULL, 3),"
    . " ('Grace', 'grace\@example.org', 'Customer', 4)");
$httpd->give($file, 0600);
$httpd->write_file('conf/token', "ntn_sim_token\n", mode => 0600);
$config =~ s/^LoadModule .*\n//m and pass('it loads the module');
$config =~ s{/etc/notionsync/token}{\${ROOT}/conf/token} and pass('it names a token');
$config =~ s{/var/lib/crm/crm\.db}{\${STATE}/crm.db} and pass('and a database');
$config =~ s{(<NotionSyncService work notion>\n)}{$1  NotionSyncEndpoint \${SIM}\n} and pass('and Notion');
$httpd->config("NotionSyncStateDB sqlite3 \"\${STATE}/notionsync.db\"\nNotionSyncSecretKey \"file:\${ROOT}/conf/key\"\n$config");
my ($exit, $text) = $httpd->configtest;
is($exit, 0, 'README: the configuration passes configtest') or diag $text;
$httpd->start;
my $found;
wait_ok {
    $found = sqlite($file, 'SELECT * FROM contacts ORDER BY name');
    my $pages = $sim->sim(GET => "pages?data_source=$id")->{pages};
    ($found->[0]{tags} // '') eq 'vip' && @$pages == 2
} 20, 'README: both sides become equal' or diag encode($found), $httpd->log_tail;
is($httpd->get('/notionsync')->{status}, 200, 'README: the dashboard is there');
is($httpd->get('/notionsync/hook/work')->{status}, 405, 'README: hooks are taken');

# --- the tool

my @tool = (build_info('tool'), '--wait', '60s', '--state', $httpd->state . '/notionsync.db', '--key', $httpd->root . '/conf/key');
for my $block (code_blocks('docs/tool.md', 'console')) {
    for my $command ($block =~ /^\$ notionsyncctl (.*)$/mg) {
        my ($status, $out) = run_command(@tool, split ' ', $command);
        is($status, 0, "tool.md: notionsyncctl $command") or diag $out;
    }
}
my (undef, $help) = run_command(build_info('tool'), '--help');
my $tool_text = read_file("$top/docs/tool.md");
for my $verb ($help =~ /^  ([a-z]+) +(?:[A-Z\[]|  )/mg) {
    like($tool_text, qr/^\| `\Q$verb\E\b/m, "tool.md describes $verb");
}
for my $verb ($tool_text =~ /^\| `([a-z]+)\b/mg) {
    like($help, qr/^  \Q$verb\E /m, "notionsyncctl has $verb");
}

# --- names and links

my %known = map { $_ => 1 } read_file("$top/mod_notionsync/httpd/mns_directives.c") =~ /"<?(NotionSync\w+)"/g;
for my $doc ('README.md', grep { s{\A\Q$top\E/}{} } glob "$top/docs/*.md") {
    my $words = read_file("$top/$doc");
    my %named = map { $_ => 1 } $words =~ /\b(NotionSync[A-Z]\w*)/g;
    my @unknown = grep { !$known{$_} } sort keys %named;
    ok(!@unknown, "$doc names directives that exist") or diag "@unknown";
    my ($folder) = $doc =~ m{\A(.*/)};
    my $prose = $words =~ s/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)//gsr; # without code
    my @dead = grep { !-e "$top/" . ($folder // '') . $_ } grep { !m{\A(?:https?:|\#)} } map { s/#.*//r } $prose =~ /\]\(([^)\s]+)\)/g;
    ok(!@dead, "$doc links to what is there") or diag "@dead";
}

finish();

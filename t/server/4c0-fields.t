# NotionSyncFields auto: fields are paired by their names; create=external makes the table and its columns, by itself or through
# provision, and never a second time; what is not made is named with what would make it; a column that was dropped clears
# nothing in Notion.
use strict;
use warnings;
use POSIX ();
use NotionSync::Sync;

my $DECLARED = qq{  NotionSyncField "E-mail" <-> email\n  NotionSyncField "Created" -> made\n};
sub fields_of { my ($create) = @_; return "$DECLARED  NotionSyncFields auto" . ($create ? " create=$create" : '') . "\n" }
sub names { my ($sync) = @_; return join ' ', sort map { $_->{name} } @{ $sync->sql("SELECT name FROM pragma_table_info('contacts')") } }

sub in_background {
    my (@command) = @_;
    open STDOUT, '>', '/dev/null';
    { no warnings 'exec'; exec { $command[0] } @command; }
    POSIX::_exit(127);
}

my $sync = new_sync(
    table  => 'PRAGMA user_version = 1',
    sql    => 'NotionSyncProvision manual',
    fields => fields_of(),
    before => sub {
        $_[0]->add_pages({ name => 'Ada', notes => "a\nb", score => 1.5, kind => 'person', tags => [qw(old vip)], stage => 'Won',
            due => '2026-03-01', vip => 1, site => 'https://example.org/', email => 'ada@example.org', phone => '+44 1' },
            map { { name => "Page $_", score => $_ } } 1 .. 10);
    },
);
my ($sim, $httpd, $source) = ($sync->sim, $sync->httpd, $sync->source);
my $config = $httpd->config;
$httpd->log_expect(qr/sql\.schema/);

# --- nothing is made that nobody asked for

$sync->start;
my $status = $sync->wait_state('blocked', code => qr/sql\.schema/);
like($status->{outcome}{advice}, qr/create=external.*notionsyncctl provision contacts/, 'a table that is missing is named, with the line that would make it');
is(names($sync), '', 'and not made');

# --- by provision

$config =~ s/NotionSyncFields auto/NotionSyncFields auto create=external/;
$httpd->config($config);
$httpd->graceful;
wait_ok { ($sync->status->{outcome}{advice} // '') =~ /\Arun notionsyncctl provision/ } 30, 'with create= it is a command away';
my $printed = $sync->ctl('provision', 'contacts', '--print');
is($printed->{exit}, 0, 'provision --print');
like($printed->{out}, qr/CREATE TABLE "contacts".*"email" TEXT.*CREATE TRIGGER/s, 'shows table, columns and triggers');
is(names($sync), '', 'and makes nothing');
my @pids = map { my $pid = fork // die "fork: $!"; $pid || in_background($sync->ctl_command('provision', 'contacts')) } 1 .. 2;
for my $pid (@pids) {
    waitpid $pid, 0;
    is($?, 0, 'two at once do no harm');
}
is(names($sync), 'due edited email id kind made name no notes phone score site stage tags unmapped vip', 'every property has its column');
$sync->wait_equal(what => 'and all of it is filled');
my $ada = $sync->row('Ada');
is_deeply([@$ada{qw(notes score tags due vip)}], ["a\nb", 1.5, [qw(old vip)], '2026-03-01', 1], 'with every value');
is($sync->ctl('provision', 'contacts', '--print', '--json')->{json}{statements}, '', 'then there is nothing more to do');
$sync->add_row(name => 'From the table', kind => 'company', due => '2026-04-01');
$sync->wait_page('From the table', kind => 'company', due => '2026-04-01', what => 'a row gets its page');
$sync->wait_quiet;
$sync->verify_ok(equal => 12);

my $fields = $httpd->get_json('/notionsync?page=mapping&mapping=contacts&json')->{fields};
is(join(' ', sort map { $_->{external} } @$fields), 'due edited email kind made name no notes phone score site stage tags unmapped vip',
    'the dashboard shows them all');
is(scalar @{ $httpd->get_json('/notionsync?page=record&mapping=contacts&json&id=' . $sync->page_id('Ada'))->{agreed} }, 15, 'and what was agreed on each');
my $plan = "$httpd->{root}/plan";
is($sync->ctl('plan', 'contacts', '--save', $plan)->{exit}, 0, 'a plan');
is($sync->ctl('apply', $plan)->{exit}, 0, 'can be applied');

# --- what comes later

my $mark = $sync->mark;
$httpd->graceful;
$sync->wait_state('running');
$sync->wait_quiet;
ok(!grep({ $_->{class} =~ /page_(?:update|create)|data_source_update/ } $sync->requests_since($mark)), 'another start writes nothing');
$sim->sim(PATCH => "data_source/$source", { properties => { 'Next step!' => { type => 'rich_text' }, Notes => { rename => 'Remarks' } } });
wait_ok { ($sync->status->{triggers} // '') =~ /lacking: column next_step \(notionsyncctl provision contacts/ } 30, 'a new property without a column is named';
$sync->edit_row('Page 1', notes => 'after the renaming');
wait_ok { grep { ($_->{properties}{Remarks} // '') eq 'after the renaming' } $sync->raw_pages } 30, 'one that was renamed is the field it was';
my $answer = $sync->ctl('provision', 'contacts');
is($answer->{exit}, 0, 'provision');
like($answer->{out}, qr/was made: columns "next_step"/, 'says what was made');
unlike($answer->{out}, qr/remarks/i, 'and makes no second column for the one that was renamed');
wait_ok { ($sync->status->{triggers} // '') !~ /lacking/ } 30, 'it is lacking no more';
$sync->sql("UPDATE contacts SET next_step = 'call' WHERE name = 'Page 2'");
wait_ok { grep { ($_->{properties}{'Next step!'} // '') eq 'call' } $sync->raw_pages } 30, 'and is synced';
$sync->wait_quiet;

# --- a column that was dropped

$config =~ s/NotionSyncProvision manual/NotionSyncProvision auto/;
$httpd->config($config);
$httpd->stop;
$sync->sql(join ';', (map { "DROP TRIGGER _notionsync_${_}_contacts" } qw(insert update delete)), 'ALTER TABLE contacts DROP COLUMN phone');
$httpd->start;
wait_ok { $httpd->log_text =~ /"Phone" and phone are no longer paired: the column has gone/ } 30, 'that a column has gone is said';
$sync->wait_state('running');
$sync->wait_quiet;
is($sync->page('Ada')->{phone}, '+44 1', 'and clears nothing in Notion');
$httpd->restart;
$sync->wait_row('Ada', phone => '+44 1', what => 'made anew it is filled from Notion');
is($sync->page('Ada')->{phone}, '+44 1', 'which keeps its value');
$sim->sim(PATCH => "data_source/$source", { properties => { Later => { type => 'number' } } });
wait_ok { names($sync) =~ /later/ } 30, 'with NotionSyncProvision auto a new property gets its column by itself';
$sync->wait_quiet;

# --- another database

$httpd->stop;
$sync->sql('PRAGMA wal_checkpoint(TRUNCATE)');
rename $sync->file, $sync->file . '.aside' or die;
unlink map { $sync->file . $_ } qw(-wal -shm);
$sync->sql('CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, email TEXT, made DATETIME)');
$httpd->give($sync->file, 0600);
$httpd->log_expect(qr/external\.other_instance/);
$httpd->start;
$sync->wait_state('waiting', code => qr/external\.other_instance/);
is(names($sync), 'email id made name', 'no column is made in a database that nobody has accepted');
$httpd->stop;
unlink map { $sync->file . $_ } '', qw(-wal -shm);
rename $sync->file . '.aside', $sync->file or die;
$httpd->start;
$sync->wait_state('running');
$sync->wait_quiet;
$sync->verify_ok(equal => 12, what => 'with the right one all is as it was');

# --- a table that was synced is missed

$sync->sql('DROP TABLE contacts');
$sync->edit_page('Ada', score => 2);
$sync->wait_state('blocked', code => qr/sql\.schema/, what => 'a table that was synced is not made anew, empty: it is missed');
is(scalar(my @pages = $sync->pages), 12, 'and every page is there');
is(names($sync), '', 'no empty one took its place');
$sync->secrets_ok;
finish();

# PostgreSQL as the external database, on a real server: the first sync, edits both ways, deletes and restores, what a
# constraint refuses, and a server that goes away and comes back in the middle of it.
use strict;
use warnings;
use NotionSync::Postgres;
use NotionSync::Sync;

build_info('pgsql') eq 'yes' or lacking('the module was built without PostgreSQL');
my $server = NotionSync::Postgres->new;
my %full = (
    notes => "Two lines,\nwith \"quotes\", 'apostrophes', <markup> and \x{00e4}\x{1f600}", score => 12.5, kind => 'person',
    tags => [qw(old vip)], stage => 'Won', due => '2026-03-01', vip => 1, site => 'https://example.org/?a=1&b=2',
    email => 'ada@example.org', phone => '+44 20 7946 0000',
);
$server->sql("CREATE TYPE kind_of_contact AS ENUM ('person', 'company')");
my $sync = start_sync(
    pgsql   => $server,
    columns => { email => 'text UNIQUE', kind => 'kind_of_contact', tags => 'text[]', score => 'numeric(12,2)' },
    mapping => 'NotionSyncMatch E-mail email',
    before  => sub {
        my ($s) = @_;
        $s->add_pages({ name => 'Ada', %full }, map { { name => "Page $_", score => $_, email => "p$_\@x.org" } } 1 .. 30);
        $s->add_rows(map { { name => "Row $_", tags => '{paid}', vip => $_ % 2, email => "r$_\@x.org" } } 1 .. 10);
    },
);

$sync->wait_equal(what => 'both sides are filled from each other');
my $ada = $sync->row('Ada');
is_deeply({ map { $_ => $ada->{$_} } keys %full }, \%full, 'every type of property arrives');
is($ada->{no}, 'CON-1', 'the unique id too');
$sync->wait_quiet;
$sync->verify_ok(equal => 41);

$sync->edit_page('Ada', notes => 'from Notion', score => 0.1, kind => 'company');
$sync->wait_row('Ada', notes => 'from Notion', score => 0.1, kind => 'company', what => 'an edit in Notion');
$sync->edit_row('Row 1', notes => 'from the table', due => '2026-04-02', tags => '{old,new}');
$sync->wait_page('Row 1', notes => 'from the table', due => '2026-04-02', what => 'an edit of a row');
$sync->add_row(name => 'Late', email => 'late@x.org');
$sync->wait_page('Late', what => 'a new row');

my $page = $sync->page_id('Page 2');
$sync->delete_row('Page 2');
wait_ok { !$sync->page('Page 2') } 20, 'a row that is deleted trashes its page';
$sync->wait_quiet;
$sync->restore_page($page);
$sync->wait_row('Page 2', score => 2, what => 'and comes back with it, from its image');

$sync->edit_page('Page 3', email => 'p4@x.org');
my $now;
wait_ok { $now = $sync->must('explain', 'contacts', $sync->page_id('Page 3')); ($now->{trouble} // '') eq 'parked' } 20,
    'a value that is taken parks the record';
is($now->{outcome}{blocker}, $sync->row_key('Page 4'), 'and names who has it');
$sync->edit_row('Page 4', email => 'free@x.org');
$sync->wait_row('Page 3', email => 'p4@x.org', what => 'as soon as it is free it is written');

$sync->wait_quiet;
$server->stop;
$sync->edit_page('Page 5', notes => 'while it was away');
$sync->edit_page('Page 6', score => 66);
wait_ok { $sync->httpd->log_text =~ /sql\.unreachable/ } 20, 'that the server is away is said';
$server->start;
$sync->edit_row('Page 7', notes => 'as soon as it was back');
$sync->wait_row('Page 5', notes => 'while it was away', what => 'what was edited while the server was away arrives');
$sync->wait_page('Page 7', notes => 'as soon as it was back', what => 'and changes are noticed again');
$sync->wait_equal;
$sync->wait_quiet;
$sync->verify_ok(equal => 42);
$sync->httpd->log_expect(qr/sql\.constraint/, qr/sql\.unreachable/);
finish();

# F2: every request that the module makes is one that Notion's OpenAPI document describes, and so is every answer it got for
# it: all kinds of reads, listings and writes, of every type of property that is synced.
use strict;
use warnings;
use NotionSync::OpenAPI;
use NotionSync::Sync;

{ my $lacks = NotionSync::OpenAPI::lacks(); lacking($lacks) if defined $lacks }

my $long = join ' ', map { "word$_" } 1 .. 900;     # more than one item of rich text
my $sync = start_sync(mapping => "NotionSyncMatch Name name\nNotionSyncLinkProperty Unmapped\nNotionSyncBody <-> extra",
    before => sub {
        my ($s) = @_;
        $s->add_pages(map { { name => "Page $_", notes => "n $_", tags => ['vip'] } } 1 .. 5);
        $s->add_rows({ name => 'Page 1', notes => 'n 1', tags => ['vip'], stage => 'Lead' }, map { { name => "Row $_", notes => $long } } 1 .. 5);
    });
$sync->wait_equal;
$sync->wait_quiet;
my %all = (notes => $long, score => -1.5, kind => 'company', tags => [qw(new old)], stage => 'Won', due => '2026-02-03', vip => 1,
    site => 'https://example.org/x', email => 'a@example.org', phone => '+49 1');
$sync->edit_row('Row 1', %all);
$sync->wait_page('Row 1', %all, what => 'a row is edited in every column');
$sync->edit_row('Row 1', map { $_ => $_ eq 'vip' ? 0 : undef } grep { $_ ne 'stage' } keys %all);
$sync->wait_page('Row 1', notes => undef, score => undef, tags => [], vip => 0, site => undef, what => 'and emptied');
$sync->edit_page('Page 2', %all);
$sync->wait_row('Page 2', %all, what => 'a page is edited in every property');
for my $text ("one\ntwo", "one\n2\nthree") {
    $sync->edit_row('Row 1', extra => $text);
    wait_ok { ($sync->sim->sim(GET => 'page/' . $sync->page_id('Row 1'))->{body} // '') eq $text } 20, 'a body is filled, and changed';
    $sync->wait_quiet;
}
# A text with more mentions than a page shows: it is completed.
$sync->patch_page('Page 3', { properties => { Notes => [map { { mention => { date => { start => '2026-01-01' } } } } 1 .. 30] } });
$sync->wait_quiet;
$sync->delete_row('Row 2');
wait_ok { !$sync->page('Row 2') } 20, 'a page is trashed';
my ($gone) = map { $_->{page} } $sync->trashed;
$sync->wait_quiet;
$sync->must('undo', (grep { $_->{op} eq 'remove' } reverse $sync->audit)[0]{entry});
$sync->wait_row('Row 2', what => 'and taken out of the trash');
$sync->must('reconcile', 'contacts', $_) for '--full';
$sync->must('reconcile', 'contacts');
$sync->wait_quiet;
$sync->verify_ok;

my @kinds = NotionSync::OpenAPI::check_record($sync->sim->record);
my %seen  = map { /\A(\S+ \S+): request \(/ ? ($1 => 1) : () } @kinds;
is_deeply([grep { !$seen{$_} } 'POST /v1/pages', 'PATCH /v1/pages/{page_id}', 'PATCH /v1/pages/{page_id}/markdown',
    'POST /v1/data_sources/{data_source_id}/query'], [],
    'the requests with a body were all held against it');
my %answer = map { /\A(\S+ \S+): 200 \(/ ? ($1 => 1) : () } @kinds;
is_deeply([grep { !$answer{$_} } 'GET /v1/users/me', 'GET /v1/data_sources/{data_source_id}', 'GET /v1/pages/{page_id}',
    'GET /v1/pages/{page_id}/properties/{property_id}', 'GET /v1/pages/{page_id}/markdown'], [], 'and the answers to those without');
finish();

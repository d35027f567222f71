# Renamed in Notion: a choice gets its new name in the table by one run that writes nothing to Notion; a property stays the
# field it is; a choice that Notion does not have is made only with options=create, or parks the record with the reason.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = start_sync(
    before => sub { $_[0]->add_pages(map { { name => "Record $_", stage => $_ % 2 ? 'Lead' : 'Won', tags => $_ % 3 ? ['vip', 'old'] : ['new'] } } 1 .. 30) },
    fields => join('', map { my $f = $_; $f =~ /"Stage"/ ? $f =~ s/ options=create//r : $f } map { "$_\n" } split /\n/, NotionSync::Sync::field_lines()),
);
$sync->wait_equal(seconds => 60);
$sync->wait_quiet;
my ($sim, $source) = ($sync->sim, $sync->source);
my $mark = $sync->mark;
$sim->sim(PATCH => "data_source/$source", { properties => { Stage => { rename_option => { Won => 'Closed' } }, Tags => { rename_option => { vip => 'VIP customer' } } } });
$sync->wait_row('Record 2', stage => 'Closed', seconds => 60, what => 'a renamed choice arrives');
wait_ok { !grep { ($_->{stage} // '') eq 'Won' || grep { $_ eq 'vip' } @{ $_->{tags} } } $sync->rows } 60, 'in every row';
$sync->wait_equal;
$sync->wait_quiet;
my %class = ();
$class{ $_->{class} }++ for $sync->requests_since($mark);
ok(!$class{page_update} && !$class{page_create}, 'nothing was written to Notion');
cmp_ok($class{page_read} // 0, '<=', 25, 'and no page read twice (they are too young for what a query shows of them)') or diag join ' ', %class;
my @entries = grep { $_->{op} eq 'update' } $sync->audit;
is(scalar(grep { grep { ($_->{reason} // '') eq 'a choice was renamed in notion' } @{ $_->{fields} } } @entries), 25, 'the audit has each with the reason');
$sync->verify_ok(equal => 30);

# --- a property

$sim->sim(PATCH => "data_source/$source", { properties => { Notes => { rename => 'Remarks' } } });
$sync->sql("UPDATE contacts SET notes = 'after the renaming' WHERE name = 'Record 1'");
wait_ok { grep { ($_->{properties}{Remarks} // '') eq 'after the renaming' } $sync->raw_pages } 30, 'a renamed property is the field it was';
$sync->wait_quiet;

# --- a choice that is not there

$sync->httpd->log_expect(qr/has no choice 'Unheard of'/);
$sync->edit_row('Record 4', kind => 'robot');
$sync->wait_page('Record 4', kind => 'robot', what => 'options=create makes a choice');
$sync->edit_row('Record 5', stage => 'Unheard of');
wait_ok { ($sync->must('explain', 'contacts', $sync->row_key('Record 5'))->{outcome}{what} // '') =~ /has no choice 'Unheard of'/ } 20, 'without it the field is parked with the reason';
$sync->secrets_ok;
finish();

# A personal access token acts as the person who made it. What that person does in Notion is synced as anybody's: no event is taken for
# an echo of our own writes because of its author; those that are echoes cost a read and end there.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = new_sync(before => sub {
    my ($sync) = @_;
    my ($ada) = grep { $_->{name} eq 'Ada' } @{ $sync->sim->sim(GET => 'world')->{users} };
    $sync->sim->sim(POST => 'token', { token => 'ntn_personal_ada', name => 'personal', type => 'person', bot_id => $ada->{id} });
    $sync->httpd->write_file('conf/token', "ntn_personal_ada\n", mode => 0600);
    $sync->add_pages({ name => 'First' }, { name => 'Second' });
})->start;
push @{ $sync->{secrets} }, 'ntn_personal_ada';
$sync->wait_equal(what => 'a first sync');

for my $round (1 .. 3) {
    $sync->edit_page('First', notes => "by Ada $round");     # Ada edits, whose token it is
    $sync->wait_row('First', notes => "by Ada $round");
}
$sync->add_page(name => 'Third');
$sync->wait_row('Third');
$sync->trash_page('Second');
wait_ok { !$sync->row('Second') } 20, 'a page that Ada trashes takes its row along';

$sync->wait_quiet;
my $mark = $sync->mark;
$sync->edit_row('First', notes => 'from the table');
$sync->wait_page('First', notes => 'from the table');
$sync->wait_quiet;
my %class = %{ $sync->classes_since($mark) };
is($class{page_update}, 1, 'a write of ours is one write');
cmp_ok($class{page_read}, '<=', 3, 'its echo is read, and ends there');
is($sync->row('First')->{notes}, 'from the table', 'both sides are equal');

$sync->edit_row('Third', notes => 'ours');                  # our write and an edit of hers one after the other
$sync->wait_page('Third', notes => 'ours');
$sync->edit_page('Third', notes => 'hers');
$sync->wait_row('Third', notes => 'hers');
$sync->wait_equal;
$sync->secrets_ok;
finish();

# A filter on either side: records leave with the change that made them leave, sleep, wake up; nothing outside is copied,
# updated or deleted; tool and dashboard say so; a new filter is compared with everything.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = start_sync(
    mapping => qq(NotionSyncFilter notion Stage != "Lost" and Unmapped not contains "private"\n  NotionSyncFilter external "file:\${ROOT}/conf/filter"),
    before  => sub {
        $_[0]->httpd->write_file('conf/filter', "score is empty or # no score yet\nscore < 100\n", mode => 0644);
        $_[0]->add_pages((map { { name => "Record $_", stage => 'Lead', notes => 'n' } } 1 .. 6), { name => 'Never', stage => 'Lost' });
    },
);
$sync->wait_row("Record $_") for 1 .. 6;
$sync->wait_quiet;
ok(!$sync->row('Never'), 'a page outside the filter is not copied');
is($sync->verify_ok(equal => 6)->{outside}, 1, 'verify counts it');

# --- leaving and coming back, by a property that is mapped and one that is not

$sync->edit_page('Record 1', stage => 'Lost', notes => 'last words');
$sync->wait_row('Record 1', stage => 'Lost', notes => 'last words', what => 'the change that made it leave arrives, with what was beside it');
$sync->edit_page('Record 2', extra => 'private');
wait_ok { $sync->must('status', 'contacts')->[0]{outside} == 2 } 20, 'two sleep; the one by a property that is in no pair';
$sync->wait_quiet;
$sync->edit_page('Record 1', notes => 'unheard');
$sync->edit_row('Record 2', notes => 'unheard too');
$sync->wait_quiet;
is($sync->row('Record 1')->{notes}, 'last words', 'asleep, nothing goes out');
is($sync->page('Record 2')->{notes}, 'n', 'and nothing comes in');
my $json = $sync->verify_ok(equal => 4);
is($json->{outside}, 3, 'verify counts what sleeps');
my $explained = $sync->ctl('explain', 'contacts', $sync->page_id('Record 1'));
like($explained->{out}, qr/dormant, outside the filter\n  filter of notion: Stage != "Lost"/, 'explain says why');
my $shown = $sync->httpd->get_json('/notionsync?page=record&mapping=contacts&json&id=' . $sync->page_id('Record 1'));
like($shown->{explanation}, qr/outside the filter \(Notion: Stage != "Lost"/, 'so does the dashboard');
$sync->edit_page('Record 1', stage => 'Won');
$sync->edit_page('Record 2', extra => '');
$sync->wait_row('Record 1', notes => 'unheard', stage => 'Won', what => 'awake, what was edited meanwhile goes out');
$sync->wait_page('Record 2', notes => 'unheard too', what => 'and comes in');

# --- the other side's filter

$sync->edit_row('Record 3', score => 500);
$sync->wait_page('Record 3', score => 500, what => 'a row leaves with its change');
$sync->wait_quiet;
$sync->edit_row('Record 3', notes => 'unheard');
$sync->wait_quiet;
is($sync->page('Record 3')->{notes}, 'n', 'and sleeps');
$sync->httpd->log_expect(qr/held\.delete/);
my $asleep = $sync->page_id('Record 3');
$sync->delete_row('Record 3');
$sync->wait_quiet;
ok($sync->page('Record 3'), 'deleted asleep, its page stays');
wait_ok { $sync->must('explain', 'contacts', $asleep)->{outcome}{code} // '' eq 'held.delete' } 20, 'a person is asked';
$sync->trash_page($asleep);
$sync->wait_quiet;
$sync->add_row(name => 'Big', score => 1000);
$sync->add_row(name => 'Lost row', stage => 'Lost');
$sync->wait_page('Lost row', stage => 'Lost', what => 'a copy that is outside its own side is made');
$sync->wait_quiet;
ok(!$sync->page('Big'), 'a row outside is not');
is($sync->must('explain', 'contacts', $sync->page_id('Lost row'))->{state}, 'dormant', 'and sleeps');
$sync->must('reconcile', 'contacts', '--full');
$sync->verify_ok(equal => 5);

# --- another filter, and one that cannot be

my $httpd  = $sync->httpd;
my $config = $httpd->config;
(my $wider = $config) =~ s/^\s*NotionSyncFilter notion.*$/  NotionSyncFilter notion Stage != "Won"/m;
$httpd->config($wider);
$httpd->graceful;
$sync->wait_row('Never', stage => 'Lost', what => 'with another filter what was outside is copied');
wait_ok { $sync->must('explain', 'contacts', $sync->page_id('Record 1'))->{state} eq 'dormant' } 30, 'and what is outside now sleeps';
$sync->wait_quiet;
$httpd->log_expect(qr/filter\.choice/);
(my $wrong = $config) =~ s/^\s*NotionSyncFilter notion.*$/  NotionSyncFilter notion Stage != "Wno"/m;
$httpd->config($wrong);
$httpd->graceful;
my $blocked = $sync->wait_state('blocked', code => qr/\Afilter\.choice\z/);
like($blocked->{outcome}{what}, qr/"Stage" has no choice "Wno" \(character 10\); it has "Lead", "Won", "Lost"/, 'with found and expected');
$sync->secrets_ok;
finish();

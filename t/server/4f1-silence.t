# A subscription that Notion has paused, or that is gone, is noticed: the dashboard, the tool and the log say since when no event has come, by which change that
# shows, and what to do; and that events come again.
use strict;
use warnings;
use NotionSync::Sync;

my $sync = start_sync(before => sub { $_[0]->add_pages(map { { name => "Record $_" } } 1 .. 5) });
$sync->wait_equal;
$sync->edit_row('Record 1', notes => 'heard');
$sync->wait_page('Record 1', notes => 'heard');
$sync->wait_quiet;
my $db = $sync->httpd->state . '/notionsync.db';
wait_ok { sqlite($db, 'SELECT last_event FROM hook')->[0]{last_event} } 10, 'an event has come';

my $shown = sub { return $sync->httpd->get_json('/notionsync?json')->{services}[0]{hook}{silence} };
my $told = sub { return scalar grep { /hook\.silent/ } $sync->httpd->log_lines };
is($sync->status->{silence}, undef, 'nothing is missed');
is($shown->(), undef, 'on the dashboard neither');

$sync->sim->sim(POST => 'settings', { paused => JSON::PP::true() });
$sync->edit_row('Record 2', notes => 'unheard');
$sync->wait_page('Record 2', notes => 'unheard');
# Half an hour passes.
sqlite($db, 'UPDATE entry SET at = at - 1800000000');
is($sync->status->{silence}, undef, 'a change that is older than the last event tells nothing');
sqlite($db, 'UPDATE hook SET last_event = last_event - 3600000000');

my $why = $sync->status->{silence};
is($why->{code}, 'hook.silent', 'the tool says that the subscription is silent');
like($why->{what}, qr/\Awork sends no events: Notion was changed at \d{4}-\S+Z, and the last event came at \d{4}-\S+Z\z/, 'since when, and by what that shows');
like($why->{advice}, qr/subscription has to be active/, 'and what to do');
my $text = $sync->ctl('status', 'contacts');
like($text->{out}, qr/^  last event from work 1 h ago$/m, 'for people too') or diag $text->{out};
like($text->{out}, qr/^  why:   hook\.silent: work sends no events/m, 'with the reason');
is($text->{exit}, 0, 'the mapping itself is well');
is_deeply($shown->(), $why, 'the dashboard says the same');
my $html = $sync->httpd->get('/notionsync')->{body};
like($html, qr/<span class="badge warn">silent/, 'in sight');
like($html, qr/work sends no events/, 'with the reason');
like($sync->httpd->get('/notionsync?auto')->{body}, qr/silence.*hook\.silent/, 'and for programs');

$sync->must('reconcile', 'contacts', '--full') for 1, 2;
is($told->(), 1, 'the log says it, once');
$sync->httpd->log_expect(qr/hook\.silent: work sends no events/);
my $last = sqlite($db, 'SELECT last_event FROM hook')->[0]{last_event};
sqlite($db, 'UPDATE hook SET last_event = ' . int(time * 1e6));
$sync->must('reconcile', 'contacts', '--full');
like($sync->httpd->log_text, qr/mapping contacts: events come again/, 'and when it is over');
sqlite($db, "UPDATE hook SET last_event = $last");

$sync->httpd->restart;      # who heard an event notes another one a minute later
$sync->sim->sim(POST => 'settings', { paused => JSON::PP::false() });
$sync->edit_page('Record 3', notes => 'heard again');
$sync->wait_row('Record 3', notes => 'heard again');
wait_ok { !$sync->status->{silence} } 10, 'an event comes, and the silence is over';
is($shown->(), undef, 'on the dashboard too');
$sync->must('reconcile', 'contacts', '--full');
unlike($sync->httpd->get('/notionsync')->{body}, qr/sends no events/, 'nothing is left of it');

finish();

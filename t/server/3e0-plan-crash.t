# A plan that is being applied survives the death of the worker: another goes on, nothing is done twice. And the dashboard
# makes a plan, shows it, and applies it while it is fresh.
# Takes minutes.
use strict;
use warnings;
use JSON::PP ();
use NotionSync::Sync;

my $json = JSON::PP->new->utf8->canonical;
my $sync = start_sync(mapping => '  NotionSyncPaused on', sim => { latency_ms => 60 }, before => sub {
    my ($s) = @_;
    $s->add_rows(map { { name => "Row $_", notes => "note $_" } } 1 .. 40);
});
$sync->wait_state('paused');

# --- the dashboard

my $origin = 'http://127.0.0.1:' . $sync->httpd->port;
my ($token) = $sync->httpd->get('/notionsync?page=mapping&mapping=contacts')->{body} =~ /name="token" value="([^"]+)"/;
sub press {
    my ($form) = @_;
    return $sync->httpd->post('/notionsync', "$form&mapping=contacts&token=$token", headers => { 'content-type' => 'application/x-www-form-urlencoded', origin => $origin });
}
sub shown { return $sync->httpd->get_json('/notionsync?page=plan&mapping=contacts&json') }

is(shown()->{plan}, undef, 'no plan yet');
like($sync->httpd->get('/notionsync?page=plan&mapping=contacts')->{body}, qr/Make a plan/, 'but a button for one');
is(press('action=plan')->{status}, 303, 'which is pressed');
my $plan;
wait_ok { $plan = shown()->{plan}; $plan && $plan->{state} eq 'ready' } 20, 'a plan is made';
is($plan->{counts}{create}{to_notion}, 40, 'with its counts');
ok($plan->{fresh}, 'it is fresh');
is(scalar @{ shown()->{items} }, 40, 'and its items');
my $page = $sync->httpd->get('/notionsync?page=plan&mapping=contacts')->{body};
like($page, qr/create in notion.*Row 1\b/s, 'on the page as well');
like($page, qr/name="plan" value="$plan->{id}"/, 'with a button to apply it');
is(press('action=apply&plan=' . ($plan->{id} + 1))->{status}, 409, 'another plan than the last is not applied');
is(press('action=apply')->{status}, 400, 'nor none');
is(scalar(() = $sync->raw_pages), 0, 'nothing was made so far');

# --- the worker dies in the middle

is(press("action=apply&plan=$plan->{id}")->{status}, 303, 'the plan is applied by a button');
wait_ok { scalar(() = $sync->raw_pages) >= 5 } 30, 'some of it is done';
ok(scalar(() = $sync->raw_pages) < 40, 'not all');
$sync->kill_workers;
wait_ok { $plan = shown()->{plan}; $plan->{state} eq 'applied' } 300, 'another worker goes on to the end';
my @pages = $sync->raw_pages;
is(scalar @pages, 40, 'each record was made once');
my %names;
$names{ $_->{name} }++ for $sync->pages;
is_deeply([grep { $names{$_} != 1 } sort keys %names], [], 'under its name');
ok(!shown()->{plan}{fresh}, 'an applied plan has no button any more');
my @left = map { "$_->{title}: $_->{fate}: " . ($_->{why} // '') } grep { $_->{fate} ne 'done' } @{ shown()->{items} };
is_deeply(\@left, [], 'all items are done');
is($sync->status->{state}, 'paused', 'the mapping is paused still');
$sync->must('resume', 'contacts');
$sync->wait_equal(seconds => 60);
is(scalar(() = $sync->raw_pages), 40, 'a run finds nothing more to make');
$sync->verify_ok;
$sync->httpd->log_expect(qr/worker/);

finish();

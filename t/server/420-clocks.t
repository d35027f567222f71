# Notion's clock is five minutes off ours (S1): no conflict is decided by that, what is listed goes by Notion's time,
# nothing is made twice; and the dashboard says how far off it is.
use strict;
use warnings;
use NotionSync::Sync;

for my $case ([300_000, 'ahead of'], [-300_000, 'behind']) {
    my ($offset, $word) = @$case;
    my $sync = start_sync(sim => { clock_offset_ms => $offset }, mapping => 'NotionSyncConflict last-write-wins tie=external',
        before => sub { $_[0]->add_pages(map { { name => $_, notes => 'agreed' } } qw(Both Edited)) });
    $sync->wait_equal(what => "$word: equal at first");
    $sync->wait_quiet;

    # Edited within a second of each other: nobody can tell who was later, whatever Notion's clock says.
    $sync->must('pause', 'contacts');
    $sync->edit_row('Both', notes => 'of the table');
    $sync->edit_page('Both', notes => 'of Notion');
    wait_ok { $sync->sim->sim(GET => 'idle')->{idle} } 10, "$word: the event was delivered";
    $sync->must('resume', 'contacts');
    $sync->wait_page('Both', notes => 'of the table', what => "$word: tie= decides, not the clock");
    $sync->wait_row('Both', notes => 'of the table', what => "$word: on both sides");
    $sync->wait_quiet;

    # An edit that no event told of is found by a listing of what was edited since the last one.
    $sync->sim->sim(POST => 'settings', { loss => 1 });
    $sync->edit_page('Edited', notes => 'unheard');
    $sync->add_page(name => 'New', notes => 'unheard');
    $sync->wait_listed;
    $sync->must('reconcile', 'contacts');
    $sync->wait_row('Edited', notes => 'unheard', what => "$word: an incremental run finds it");
    $sync->wait_row('New', what => "$word: and what is new");
    $sync->wait_equal;
    $sync->wait_quiet;
    $sync->verify_ok(equal => 3);

    my $facts;
    wait_ok {
        $facts = $sync->httpd->get_json('/notionsync?json');
        my ($work) = grep { $_->{name} eq 'work' } @{ $facts->{services} };
        ($work->{clock}{hint} // '') =~ /\Q$word\E/ && abs($work->{clock}{offset_ms} - $offset) < 10_000;
    } 10, "$word: the dashboard knows the offset" or diag encode($facts->{services});
    my ($crm) = grep { $_->{name} eq 'crm' } @{ $facts->{services} };
    cmp_ok(abs($crm->{clock}{offset_ms}), '<', 10_000, "$word: the database's clock is ours");
    ok(!$crm->{clock}{hint}, "$word: which is not worth a hint");
    like($sync->httpd->get('/notionsync?auto')->{body}, qr/^services\.work\.clock\.hint: its clock is .* \Q$word\E/m, "$word: ?auto too");
    like($sync->httpd->get('/notionsync')->{body}, qr/its clock is .* \Q$word\E ours/, "$word: and the page");
    like($sync->httpd->log_text, qr/service work: its clock is (?:29|30)\d\.\d s \Q$word\E ours/, "$word: the log says it once");
}

finish();

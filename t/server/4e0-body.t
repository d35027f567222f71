# The body of a page in a column, both ways (S5.9): only what changed is changed in Notion; what cannot be done safely is held, with
# the reason, and other fields go on; and the body is read when it may have changed, and not otherwise.
use strict;
use warnings;
use NotionSync::Sim;
use NotionSync::Sync;

my ($true, $false) = (JSON::PP::true(), JSON::PP::false());
my $sync = start_sync(mapping => "NotionSyncBody <-> extra\nNotionSyncConflict hold\n", before => sub {
    my ($s) = @_;
    $s->add_pages({ name => 'Report' }, { name => 'Empty' }, { name => 'Files' }, { name => 'Parent' }, { name => 'Hidden' });
    my %body = (Report => "# Report\nfirst\nsecond\nthird", Files => "before\n![plan](notion-file:plan.png)\nafter words",
        Parent => "intro\n<page url=\"https://www.notion.so/aa\">Child</page>\noutro", Hidden => "seen\n<unknown url=\"https://www.notion.so/bb\" alt=\"bookmark\"/>\nend");
    $s->patch_page($_, { body => $body{$_}, quiet => $true, stale_ms => 0, last_edited_ago_ms => 600_000 }) for sort keys %body;
});

# Outward: at first contact, and when it changes.
$sync->wait_equal;
$sync->wait_row('Report', extra => "# Report\nfirst\nsecond\nthird", what => 'a body is in its row');
$sync->wait_row('Empty', extra => undef);
my $plan = $sync->wait_row('Files', what => 'a file is there')->{extra};
unlike($plan, qr/X-Amz|\?/, 'the address of a file without what expires');
like($plan, qr{!\[plan\]\(https://prod-files-secure[^)]*/plan\.png\)}, 'but it is its address');
$sync->add_row(name => 'New row', extra => "made\n\n* outside");
wait_ok { $sync->page('New row') && body('New row') eq "made\n- outside" } 20, 'a new row\'s text is in its page' or diag body('New row');
$sync->wait_quiet;
is($sync->row('New row')->{extra}, "made\n\n* outside", 'which stays as it was written, though Notion keeps it otherwise');
$sync->patch_page('Report', { body => "# Report\nfirst\n2nd\nthird" });
$sync->wait_row('Report', extra => "# Report\nfirst\n2nd\nthird", what => 'an edit in Notion arrives');
$sync->wait_quiet;

# Inward: the place that changed.
asked('DELETE');
$sync->edit_row('Report', extra => "# Report\n1st\n2nd\nthird\nfourth", notes => 'with it');
wait_ok { body('Report') eq "# Report\n1st\n2nd\nthird\nfourth" } 20, 'an edit of the row arrives in the page' or diag body('Report');
$sync->wait_page('Report', notes => 'with it', what => 'and so does what was edited with it');
$sync->wait_quiet;
my @writes = map { decode($_->{request}) } asked('body_update');
is_deeply(\@writes, [{ type => 'update_content', update_content => { allow_deleting_content => $false, content_updates => [
    { old_str => 'first', new_str => '1st' }, { old_str => 'third', new_str => "third\nfourth" }] } }], 'as an update of two places, once') or diag encode(\@writes);
is($sync->row('Report')->{extra}, "# Report\n1st\n2nd\nthird\nfourth", 'nothing comes back');
$sync->edit_row('Empty', extra => "now\nfull");
wait_ok { body('Empty') eq "now\nfull" } 20, 'an empty page is filled';
$sync->wait_quiet;
$sync->edit_row('Empty', extra => undef);
wait_ok { body('Empty') eq '' } 20, 'and emptied';
$sync->edit_row('Files', extra => $plan =~ s/after words/after other words/r);
wait_ok { body('Files') eq "before\n![plan](notion-file:plan.png)\nafter other words" } 20, 'a file stays one, while the line below it is edited' or diag body('Files');
$sync->edit_row('Parent', extra => "intro, new\n<page url=\"https://www.notion.so/aa\">Child</page>\noutro");
wait_ok { body('Parent') =~ /\Aintro, new\n<page / } 20, 'a child page as well';
$sync->wait_quiet;

# What is not done.
for my $case (['Parent', "intro, new\noutro, without it", qr/child pages/], ['Hidden', "seen\nend", qr/only a part/],
    ['Files', "before\nafter other words", qr/a file that Notion holds/],
    ['Report', "![x](https://prod-files-secure.s3.us-west-2.amazonaws.com/a/b.png?X-Amz-Signature=00)", qr/expires/]) {
    my ($name, $text, $why) = @$case;
    my $before = body($name);
    $sync->httpd->log_expect($why);
    asked('DELETE');
    $sync->edit_row($name, extra => $text, notes => "$name too");
    $sync->wait_page($name, notes => "$name too", what => "$name: other fields go on");
    my $shown;
    wait_ok { $shown = $sync->must('explain', 'contacts', $sync->row_key($name)); ($shown->{outcome}{what} // '') =~ $why } 20, 'the body is held, with the reason' or diag encode($shown);
    is(body($name), $before, 'and not touched');
    is(scalar asked('body_update'), 0, 'nor tried to be');
}
$sync->must('resolve', 'contacts', $sync->row_key('Parent'), '(body)', 'notion');
$sync->wait_row('Parent', extra => body('Parent'), what => 'a person may decide for what Notion has');
$sync->patch_page('Hidden', { body => "seen\nend" });
$sync->wait_quiet;
{ my $shown = $sync->must('explain', 'contacts', $sync->row_key('Hidden')); ok(!$shown->{outcome}{what}, 'or make both the same in Notion') or diag encode($shown) }
$sync->edit_row('Report', extra => body('Report'));
$sync->edit_row('Files', extra => $plan =~ s/after words/after other words/r);
$sync->wait_quiet;

# Both edited: held, as any field. A place that cannot be told any more, by what Notion says.
$sync->sim->sim(POST => 'fault', { match => { class => 'body_update' }, action => { status => 400 } });
$sync->httpd->log_expect(qr/Notion refused it/);
$sync->edit_row('Report', extra => body('Report') . "\nrefused", notes => 'goes on');
$sync->wait_page('Report', notes => 'goes on');
wait_ok { ($sync->must('explain', 'contacts', $sync->row_key('Report'))->{outcome}{what} // '') =~ /Notion refused it/ } 20, 'what Notion refuses of a body is held';
$sync->edit_row('Report', extra => body('Report') . "\ntaken");
wait_ok { body('Report') =~ /\ntaken\z/ } 20, 'and another text is tried';
$sync->wait_quiet;

# Undo, and a write of unknown fate.
my ($entry) = grep { $_->{op} eq 'update' && $_->{side} eq 'notion' } reverse $sync->audit;
$sync->must('undo', $entry->{entry});
wait_ok { body('Report') !~ /taken/ } 20, 'a change of a body can be taken back';
$sync->wait_row('Report', extra => body('Report'));
$sync->wait_quiet;
$sync->sim->sim(POST => 'fault', { match => { class => 'body_update' }, action => { status => 429, retry_after => 1 } });
$sync->edit_row('Empty', extra => 'after a refusal');
wait_ok { body('Empty') eq 'after a refusal' } 30, 'what was not taken at once is written later';
$sync->wait_quiet;

# Whether an edit of a body through the API moves the time of the page's last edit is not certain: its event tells of it, and so does what was read.
my $api = NotionSync::Sim->new($sync->sim);
$sync->sim->sim(POST => 'token', { token => 'ntn_other', name => 'other' });
for my $stamps ($true, $false) {
    $sync->sim->sim(POST => 'settings', { body_stamps => $stamps });
    my $text = $stamps ? 'stamped' : 'not stamped';
    $api->ok(PATCH => 'pages/' . $sync->page_id('Empty') . '/markdown', { type => 'replace_content', replace_content => { new_str => $text } }, token => 'ntn_other');
    $sync->wait_row('Empty', extra => $text, what => "a body that another connection edits, $text");
    $sync->wait_quiet;
    $sync->edit_row('Empty', extra => "$text, from the row");
    wait_ok { body('Empty') eq "$text, from the row" } 20, 'and one that we edit';
    $sync->wait_quiet;
    is($sync->row('Empty')->{extra}, "$text, from the row", 'and that is all');
}
$sync->sim->sim(POST => 'settings', { body_stamps => $true });

# What it costs.
asked('DELETE');
$sync->edit_page('Report', notes => 'of properties only');
$sync->wait_row('Report', notes => 'of properties only');
$sync->edit_row('Files', notes => 'of columns only');
$sync->wait_page('Files', notes => 'of columns only');
$sync->wait_quiet;
is(scalar asked('body_read'), 0, 'edits of other fields read no body');
$sync->verify_ok;
asked('DELETE');
$sync->must('reconcile', 'contacts', '--full');
$sync->wait_quiet;
is(scalar asked('body_update'), 0, 'a full run writes no body');
finish();

sub body { my ($name) = @_; return $sync->sim->sim(GET => 'page/' . $sync->page_id($name))->{body} // '' }

# Requests of that class, or forget all.
sub asked {
    my ($class) = @_;
    return $sync->sim->sim(DELETE => 'log') if $class eq 'DELETE';
    return grep { $_->{class} eq $class } @{ $sync->sim->sim(GET => 'log?since=0')->{log} };
}

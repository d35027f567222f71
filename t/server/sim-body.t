# The simulator's markdown endpoints: what they show, take and refuse.
use strict;
use warnings;
use NotionSync::Sim;
use NotionSync::Test;

my $sim = start_sim();
my $api = NotionSync::Sim->new($sim);
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
$sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 0, delay_ms => 0 });
my $ds = $sim->sim(POST => 'data_source', { name => 'Bodies', properties => { Name => { type => 'title' } } });
my $page = $sim->sim(POST => 'page', { data_source => $ds->{id}, properties => { Name => 'X' }, body => "a\n\nb  \n* c\n\nb" })->{id};

is(body()->{markdown}, "a\nb\n- c\nb", 'blocks have no empty lines, nor stars');
update("a\nA\nb\n- c\nb", [{ old_str => "a\nb", new_str => "a\nA\nb" }], 'a place that is told');
refused([{ old_str => 'b', new_str => 'B' }], qr/matches 2 places/, 'one that stands twice');
update("a\nA\nB\n- c\nB", [{ old_str => 'b', new_str => 'B', replace_all_matches => $true }], 'unless all of them are meant');
refused([{ old_str => 'none', new_str => 'x' }], qr/Could not find/, 'one that is not there');
refused([{ old_str => '', new_str => 'x' }], qr/Could not find/, 'no text');
refused([{ old_str => 'c', new_str => 'A' }, { old_str => 'A', new_str => 'x' }], qr/places/, 'one that an update before it has doubled');
refused([{ old_str => 'c', new_str => 'd' }, { old_str => 'd', new_str => 'x' }], qr/Could not find/, 'or made');
refused([map { { old_str => "x$_", new_str => '' } } 1 .. 101], qr/length should be/, 'more than a hundred');
is(body()->{markdown}, "a\nA\nB\n- c\nB", 'a refused request has changed nothing');
is($api->ok(PATCH => "pages/$page/markdown", { type => 'replace_content', replace_content => { new_str => 'whole' } })->{markdown}, 'whole', 'all of it');
for my $bad ({}, { type => 'insert_content', insert_content => { content => 'x' } }, { type => 'update_content' }, { type => 'replace_content', replace_content => { new_str => 1 } },
    { type => 'replace_content', replace_content => { new_str => 'x', more => 1 } }, { type => 'replace_content', replace_content => { new_str => 'x' }, more => 1 }) {
    is(($api->call(PATCH => "pages/$page/markdown", $bad))[0], 400, 'refused: ' . encode($bad));
}

$sim->sim(PATCH => "page/$page", { body => "top\n<page url=\"u\">Child</page>\n![f](notion-file:f.png)\n<unknown url=\"x\"/>", body_cut => $true });
my ($one, $other) = map { body() } 1, 2;
ok($one->{truncated} && @{ $one->{unknown_block_ids} } == 1, 'a body in part says so');
like($one->{markdown}, qr{!\[f\]\(https://prod-files-secure[^)]*/f\.png\?X-Amz[^)]*X-Amz-Signature=\w+\)}, 'a file has a signed address');
isnt($one->{markdown}, $other->{markdown}, 'which is another one each time');
my ($address) = $one->{markdown} =~ /\((https[^)]*)\)/;
refused([{ old_str => $address, new_str => 'x' }], qr/Could not find/, 'so it is no place');
refused([{ old_str => "<page url=\"u\">Child</page>\n", new_str => '' }], qr/would delete child pages/, 'a child page is not deleted');
refused([{ old_str => 'top', new_str => "top\n<page url=\"v\">Other</page>" }], qr/cannot be created or moved/, 'nor made');
$api->ok(PATCH => "pages/$page/markdown", { type => 'update_content', update_content => { allow_deleting_content => $true,
    content_updates => [{ old_str => "<page url=\"u\">Child</page>\n", new_str => '' }, { old_str => 'top', new_str => "![f]($address)" }] } });
like($sim->sim(GET => "page/$page")->{body}, qr/\A!\[f\]\(https.*\n!\[f\]\(notion-file:f\.png\)\n/, 'unless it is allowed; a file stays one, an old address is a text');

my $before = $sim->sim(GET => "page/$page");
$sim->sim(POST => 'settings', { body_stamps => $false });
$api->ok(PATCH => "pages/$page/markdown", { type => 'replace_content', replace_content => { new_str => 'unstamped' } });
is($sim->sim(GET => "page/$page")->{last_edited_ms}, $before->{last_edited_ms}, 'without body_stamps the time of the last edit stands still');
$sim->sim(PATCH => "page/$page", { in_trash => $true });
refused([{ old_str => 'unstamped', new_str => 'x' }], qr/archived/, 'in the trash nothing is changed');
is(($api->call(GET => 'pages/00000000-0000-4000-8000-000000000000/markdown'))[0], 404, 'a page that is not there');
finish();

sub body { return $api->ok(GET => "pages/$page/markdown") }

sub request { return { type => 'update_content', update_content => { content_updates => $_[0] } } }

sub update {
    my ($want, $updates, $what) = @_;
    is($api->ok(PATCH => "pages/$page/markdown", request($updates))->{markdown}, $want, $what);
}

sub refused {
    my ($updates, $why, $what) = @_;
    my ($status, $json) = $api->call(PATCH => "pages/$page/markdown", request($updates));
    ok($status == 400 && encode($json) =~ $why, "refused: $what") or diag encode($json);
}

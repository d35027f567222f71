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

blocks();
finish();

# blocks: listed, appended, and the same blocks after an edit of other lines
sub blocks {
    $page = $sim->sim(POST => 'page', { data_source => $ds->{id}, properties => { Name => 'B' }, body => "# T\na\n\tbelow\n```perl\n1;\n\n2;\n```\n- [x] done\n<page url=\"u\">Child</page>" })->{id};
    my @list = list($page);
    is_deeply([map { [$_->{type}, $_->{has_children} ? 1 : 0] } @list], [['heading_1', 0], ['paragraph', 1], ['code', 0], ['to_do', 0], ['child_page', 0]], 'the blocks of a page, first level');
    is($list[2]{code}{rich_text}[0]{plain_text}, "1;\n\n2;", 'code with its lines');
    my ($below) = list($list[1]{id});
    is_deeply([$below->{parent}, text($below)], [{ type => 'block_id', block_id => $list[1]{id} }, 'below'], 'and those below a block');
    my $first = $api->ok(GET => "blocks/$page/children?page_size=2");
    is_deeply([ids(@{ $first->{results} }, @{ $api->ok(GET => "blocks/$page/children?start_cursor=$first->{next_cursor}")->{results} })], [ids(@list)], 'page by page');

    my @made = append($page, [para('x'), { heading_2 => { rich_text => rich('h') } }]);
    is_deeply([ids(list($page))], [ids(@list, @made)], 'appended at the end, the others are the same');
    my @start = append($page, [para('# no heading')], position => { type => 'start' });
    my @after = append($page, [para('l', para('m', para('n')))], position => { type => 'after_block', after_block => { id => $list[1]{id} } });
    is_deeply([ids(list($page))], [ids(@start, @list[0, 1], @after, @list[2 .. 4], @made)], 'at the start, and behind a block with what is below it');
    is(text($start[0]), '# no heading', 'a paragraph stays one');
    append($list[1]{id}, [{ bookmark => { url => 'https://example.org/' } }]);
    is_deeply([map { $_->{type} } list($list[1]{id})], [qw(paragraph unsupported)], 'below a block; one that Markdown does not show');
    is(body()->{markdown}, "\\# no heading\n# T\na\n\tbelow\n\t<unknown url=\"#bookmark\" alt=\"bookmark\"/>\nl\n\tm\n\t\tn\n```perl\n1;\n\n2;\n```\n- [x] done\n<page url=\"u\">Child</page>\nx\n## h", 'all that is the body');
    update(body()->{markdown} =~ s/done\K/ it/r, [{ old_str => '- [x] done', new_str => '- [x] done it' }], 'a line is edited');
    is_deeply([(ids(list($page)))[0 .. 4, 6 .. 8]], [(ids(@start, @list[0, 1], @after, @list[2 .. 4], @made))[0 .. 4, 6 .. 8]], 'the other blocks stay what they are');

    for my $bad ([{ children => [para('x')], after => $list[0]{id} }, qr/after should be not present/], [{ children => [para('x')], position => { type => 'middle' } }, qr/position\.type/],
        [{ children => [para('x')], position => { type => 'after_block', after_block => { id => $below->{id} } } }, qr/does not exist under/], [{ children => [para('x', para('x', para('x', para('x'))))] }, qr/not present/],
        [{ children => [map { para('x') } 1 .. 101] }, qr/length should be/], [{ children => [map { para('x', map { para('x') } 1 .. 100) } 1 .. 10] }, qr/1000/], [{ children => [para('x' x 2001)] }, qr/2000/],
        [{ children => [{ paragraph => {} }] }, qr/rich_text should be defined/], [{ children => [{ divider => { more => 1 } }] }, qr/more should be not/], [{ children => [{ type => 'quote', divider => {} }] }, qr/type should be/],
        [{ children => [{ nothing => {} }] }, qr/types of block/], [{}, qr/children should be/]) {
        my ($status, $json) = $api->call(PATCH => "blocks/$page/children", $bad->[0]);
        ok($status == 400 && encode($json) =~ $bad->[1], "refused: $bad->[1]") or diag encode($json);
    }
    my @old = map { $_->{id} } @{ $api->ok(PATCH => "blocks/$page/children", { children => [para('o')], after => $list[0]{id} }, version => '2025-09-03')->{results} };
    is((ids(list($page)))[2], $old[0], 'before 2026-03-11 `after` says where');
    is(($api->call(PATCH => "blocks/$page/children", { children => [para('x')], position => { type => 'end' } }, version => '2025-09-03'))[0], 400, 'and position is not known');
    is(($api->call(GET => "blocks/$page/children", undef, version => '2025-09-03'))[1]{results}[0]{archived}, $false, 'nor in_trash alone');
    is(($api->call(PATCH => 'blocks/00000000-0000-4000-8000-000000000000/children', { children => [] }))[1]{code}, 'object_not_found', 'no such block');
    $sim->sim(POST => token => { token => 'ntn_writer', capabilities => ['read', 'update'] });
    is(($api->call(PATCH => "blocks/$page/children", { children => [para('x')] }, token => 'ntn_writer'))[0], 403, 'to append is to insert');
    $sim->sim(POST => 'fault', { action => { status => 503, commit => $true } });
    my ($status, $lost) = $api->call(PATCH => "blocks/$page/children", { children => [para('p'), para('q')] });
    is_deeply([$status, @{ $lost->{additional_data} }{qw(committed_resource_id committed_child_ids)}], [503, $page, [(ids(list($page)))[-2, -1]]], 'a saved append names what it made');
    $sim->sim(POST => 'settings', { block_limit => 2 });
    is(($api->call(PATCH => "blocks/$page/children", { children => [para('x'), para('x', para('x'))] }))[1]{additional_data}{block_limit}, 'block_creation', 'three blocks are more than two');
    $sim->sim(POST => 'settings', { block_limit => 0 });

    my $new = { parent => { data_source_id => $ds->{id} }, properties => { Name => { title => rich('N') } } };
    my $made = $api->ok(POST => 'pages', { %$new, children => [para('x', { divider => {} }), { code => { rich_text => rich("a\nb"), language => 'c' } }] });
    is($sim->sim(GET => "page/$made->{id}")->{body}, "x\n\t---\n```c\na\nb\n```", 'a page is made with blocks');
    is(($api->call(POST => 'pages', { %$new, %$_ }))[0], 400, 'but not with ' . encode($_)) for { children => [para('x')], markdown => 'y' }, { template => { type => 'default' } }, { children => 1 };
    return;
}

sub list { return @{ $api->ok(GET => "blocks/$_[0]/children")->{results} } }

sub ids { return map { $_->{id} } @_ }

sub text { return $_[0]{ $_[0]{type} }{rich_text}[0]{plain_text} }

sub rich { return [{ text => { content => $_[0] } }] }

sub para {
    my ($text, @children) = @_;
    return { object => 'block', type => 'paragraph', paragraph => { rich_text => rich($text), @children ? (children => \@children) : () } };
}

sub append {
    my ($to, $children, %more) = @_;
    return @{ $api->ok(PATCH => "blocks/$to/children", { children => $children, %more })->{results} };
}

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

# With format=markdown the formatting of a title and of a text goes both ways: a column holds it as Markdown; how a person spells that
# is neither an edit nor rewritten; what Markdown cannot say stays with the words that stay; and what Notion would not take is parked.
use strict;
use warnings;
use NotionSync::Sync;
use HTTP::Tiny;

my $fields = join '', map { my $column = $_; map { s/$/ format=markdown/r . "\n" } grep { /\s$column\z/ } split /\n/, NotionSync::Sync::field_lines() } qw(name notes);
my $sync = start_sync(fields => $fields . qq(  NotionSyncField "Score" <-> score\n),
    before => sub { $_[0]->add_pages(map { { name => $_, notes => 'x' } } qw(Ada Bob Cyd Dan)) });
wait_ok { ($sync->row('Dan') // {})->{notes} } 20, 'rows come';
$sync->wait_quiet;
my $user = $sync->sim->sim(GET => 'world')->{users}[0]{id};

# --- outward

$sync->edit_page('Ada', notes => [text('Call '), { type => 'mention', mention => { user => { id => $user } } }, text(' about the '), text('big ', bold => 1),
        text('deal', color => 'red'), text(', see '), text('the file', link => 'https://example.org/f_1'), text(': 5 * 3 [x] '),
        { type => 'equation', equation => { expression => 'a^2' } }]);
my $notes = '';
wait_ok { $notes = ($sync->row('Ada') // {})->{notes} // ''; $notes =~ /\*\*big\*\*/ } 20, 'a formatted text arrives' or diag $notes;
like($notes, qr{\ACall \@(.*?) about the \*\*big\*\* deal, see \[the file\]\(https://example\.org/f_1\): 5 \\\* 3 \\\[x\\\] \$a\^2\$\z}, 'as Markdown');
$sync->wait_quiet;

# --- inward

(my $edit = $notes) =~ s/Call/__Ring__/;
$edit =~ s/see/_see_/;
$edit =~ s/a\^2/a^3/;
$sync->edit_row('Ada', notes => $edit);
wait_ok { rich('Ada') =~ /Ring/ } 20, 'an edit of the Markdown arrives in Notion';
$sync->wait_quiet;
is($sync->row('Ada')->{notes}, $edit, 'the column keeps the spelling that it was given');
my $rich = rich('Ada');
like($rich, qr/\*Ring\* <mention> about the /, 'the mention is one still, beside what is bold now');
like($rich, qr/\*big \*deal\{red\}/, 'what Markdown cannot say stays with its words: a colour, a blank that is bold');
like($rich, qr{/see/}, 'what was made italic is');
like($rich, qr{the file\(https://example.org/f_1\): 5 \* 3 \[x\] <equation a\^3>}, 'link, text and equation are what the Markdown says');

(my $spelled = $edit) =~ s/__Ring__/**Ring**/;
my $mark = $sync->mark;
$sync->edit_row('Ada', notes => $spelled);
$sync->edit_row('Ada', score => 7);
wait_ok { ($sync->page('Ada')->{score} // 0) == 7 } 20, 'a field next to one that was only spelled anew arrives';
$sync->wait_quiet;
is(rich('Ada'), $rich, 'and that one is no edit');
is($sync->row('Ada')->{notes}, $spelled, 'on neither side');
is(scalar(grep { ($_->{method} // '') eq 'PATCH' } $sync->requests_since($mark)), 1, 'one write was sent') or diag explain [$sync->requests_since($mark)];

# --- titles, rows of people

my $key = $sync->add_row(name => '**Gus** \\*', notes => 'a~~b~~ <u>c</u> `d` <https://example.org/>');
wait_ok { ($sync->page('Gus *') // {})->{notes} } 20, 'a row with Markdown becomes a page';
$sync->wait_quiet;
is(rich('Gus *', 'title'), '*Gus* *', 'with a formatted title');
is(rich('Gus *'), 'a-b- _c_ `d` https://example.org/(https://example.org/)', 'and text');
is($sync->sql("SELECT name FROM contacts WHERE id = $key")->[0]{name}, '**Gus** \\*', 'the row stays as it was written');
$sync->edit_page('Gus *', name => [text('Gus', italic => 1)]);
wait_ok { $sync->sql("SELECT name FROM contacts WHERE id = $key")->[0]{name} eq '_Gus_' } 20, 'the title changes in Notion, and then the row';

# --- what is not taken

$sync->httpd->log_expect(qr/the address of a link has 2020 characters/);
$sync->httpd->log_expect(qr/the text needs 120 pieces/);
$sync->edit_row('Bob', notes => '[far](https://example.org/' . 'x' x 2000 . ')', score => 5);
wait_ok { ($sync->page('Bob')->{score} // 0) == 5 } 20, 'the other fields of a record with an address too long go on';
wait_ok { what('Bob') =~ /the address of a link has 2020 characters, Notion takes 2000/ } 20, 'and the text is parked, with the reason' or diag what('Bob');
is(rich('Bob'), 'x', 'and as it was');
$sync->edit_row('Cyd', notes => join ' ', map { "**b$_** p" } 1 .. 60);
wait_ok { what('Cyd') =~ /the text needs 120 pieces.*Notion takes 100/ } 20, 'so is one with more changes of its formatting than Notion takes' or diag what('Cyd');
$sync->edit_row('Dan', notes => '**' . 'y' x 4500 . '** ');
wait_ok { rich('Dan') =~ /\A\*y{4500}\* \z/ } 20, 'a long one goes in pieces';
$sync->edit_row('Bob', notes => '[near](https://example.org/)');
wait_ok { rich('Bob') eq 'near(https://example.org/)' } 20, 'a parked one goes on when it is changed';
$sync->edit_row('Cyd', notes => 'c');
wait_ok { rich('Cyd') eq 'c' } 20, 'and another';
$sync->wait_quiet;

# --- more than Notion takes, but shows: the column holds it, and only what is written back is parked

my $entries = () = $sync->audit('Dan');
$sync->edit_page('Dan', notes => [map { text("p$_ ", $_ % 2 ? (bold => 1) : ()) } 1 .. 150]);
wait_ok { $sync->row('Dan')->{notes} =~ /\A\*\*p1\*\* p2 .*p150/ } 20, 'a text in 150 pieces arrives';
$sync->wait_quiet;
is(scalar(() = $sync->audit('Dan')), $entries + 1, 'once');
is(what('Dan'), '', 'and nothing is wrong with it');
$sync->httpd->log_expect(qr/the text needs 150 pieces/);
$sync->edit_row('Dan', notes => $sync->row('Dan')->{notes} =~ s/p150/end/r, score => 9);
wait_ok { ($sync->page('Dan')->{score} // 0) == 9 } 20, 'an edit of it in the row does not hold up other fields';
wait_ok { what('Dan') =~ /the text needs 150 pieces.*Notion takes 100/ } 20, 'and waits for somebody' or diag $sync->ctl('explain', 'contacts', $sync->row_key('Dan'))->{out};
like($sync->page('Dan')->{notes}, qr{p150}, 'the page is as it was');
$sync->edit_page('Dan', notes => 'short');
$sync->edit_row('Dan', notes => 'short');
wait_ok { what('Dan') eq '' } 20, 'until both sides are equal';
$sync->wait_quiet;
$sync->verify_ok;
finish();

sub what { my ($name) = @_; return $sync->must('explain', 'contacts', $sync->row_key($name))->{outcome}{what} // '' }

sub text {
    my ($content, %look) = @_;
    my $link = delete $look{link};
    my %annotations = map { $_ => $_ eq 'color' ? $look{$_} : JSON::PP::true() } keys %look;
    return { type => 'text', text => { content => $content, ($link ? (link => { url => $link }) : ()) }, (%look ? (annotations => \%annotations) : ()) };
}

# The items of a page's text in a spelling for this test.
sub rich {
    my ($name, $type) = @_;
    my $answer = HTTP::Tiny->new->get($sync->sim->url . '/v1/pages/' . $sync->page_id($name),
        { headers => { Authorization => "Bearer $NotionSync::Sync::TOKEN", 'Notion-Version' => '2026-03-11' } });
    my ($items) = map { $_->{ $type // 'rich_text' } } grep { $_->{type} eq ($type // 'rich_text') && @{ $_->{ $type // 'rich_text' } } }
        values %{ decode($answer->{content})->{properties} };
    my $all = '';
    for my $item (@{ $items // [] }) {
        my $look = $item->{annotations};
        my $out = $item->{type} eq 'mention' ? '<mention>' : $item->{type} eq 'equation' ? "<equation $item->{equation}{expression}>" : $item->{text}{content};
        my %sign = (bold => '*', italic => '/', strikethrough => '-', underline => '_', code => '`');
        $look->{$_} and $out = $sign{$_} . $out . $sign{$_} for sort keys %sign;
        $out .= "{$look->{color}}" if $look->{color} ne 'default';
        $out .= "($item->{href})" if $item->{type} eq 'text' && $item->{href};
        $all .= $out;
    }
    return $all =~ s/\*\*(?=y)//gr;
}

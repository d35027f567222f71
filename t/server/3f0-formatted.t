# An edit in the table changes the words of a formatted text in Notion and leaves its formatting, links and mentions as they
# are; one that is too long, or has too many pieces, is refused with the reason, and nothing is flattened.
use strict;
use warnings;
use NotionSync::Sync;
use HTTP::Tiny;

my $sync = start_sync(before => sub { $_[0]->add_pages({ name => 'Formatted', notes => 'x' }, { name => 'Many', notes => 'x' }) });
$sync->wait_equal;
$sync->wait_quiet;
my $user = $sync->sim->sim(GET => 'world')->{users}[0]{id};
my ($bold, $plain) = map { my $b = $_; sub { { type => 'text', text => { content => $_[0], ($_[1] ? (link => { url => $_[1] }) : ()) }, ($b ? (annotations => { bold => JSON::PP::true() }) : ()) } } } 1, 0;

$sync->edit_page('Formatted', notes => [$plain->('Call '), { type => 'mention', mention => { user => { id => $user } } }, $plain->(' about the '), $bold->('big'),
    $plain->(' deal, see '), $plain->('the file', 'https://example.org/f'), $plain->('.')]);
my $text;
wait_ok { $text = ($sync->row('Formatted') // {})->{notes} // ''; $text =~ / about the big deal, see the file\.\z/ } 20, 'its plain text arrives in the table' or diag $text;
my ($name) = $text =~ /\ACall (.*?) about/;
$sync->wait_quiet;
$sync->edit_row('Formatted', notes => "Call $name tomorrow about the big deal, see the file.");
$sync->wait_page('Formatted', notes => "Call $name tomorrow about the big deal, see the file.", what => 'an edit of the words arrives in Notion');
$sync->wait_quiet;
my $rich = encode((grep { $_->{type} eq 'rich_text' && @{ $_->{rich_text} } } values %{ api_page($sync->page_id('Formatted'))->{properties} })[0]{rich_text});
like($rich, qr/"mention"/, 'the mention is one still');
like($rich, qr/"bold":true[^}]*\}[^}]*"plain_text":"big"|"plain_text":"big".*?"bold":true/, 'what was bold is bold');
like($rich, qr{"https://example.org/f"}, 'what was a link is a link');
is($sync->row('Formatted')->{notes}, "Call $name tomorrow about the big deal, see the file.", 'and nothing comes back');

$sync->edit_page('Many', notes => [map { ($bold->("b$_"), $plain->(" p$_ ")) } 1 .. 50]);
$sync->wait_row('Many', notes => join('', map { "b$_ p$_ " } 1 .. 50));
$sync->wait_quiet;
$sync->httpd->log_expect(qr/changes of its formatting/);
$sync->edit_row('Many', notes => join('', map { "b$_ p$_ " } 1 .. 25) . 'x' x 2500 . join('', map { "b$_ p$_ " } 26 .. 50));
wait_ok { ($sync->must('explain', 'contacts', $sync->row_key('Many'))->{outcome}{what} // '') =~ /changes of its formatting/ } 20, 'what Notion would not take is parked, with the reason';
finish();

# A page as the API shows it.
sub api_page {
    my ($id) = @_;
    my $answer = HTTP::Tiny->new->get($sync->sim->url . "/v1/pages/$id",
        { headers => { Authorization => "Bearer $NotionSync::Sync::TOKEN", 'Notion-Version' => '2026-03-11' } });
    return decode($answer->{content});
}

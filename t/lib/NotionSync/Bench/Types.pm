package NotionSync::Bench::Types;
# A mapping with a property of every type that can be mapped (docs/types.md), each with a value: what P4 to P8 are measured with.
#
#     my $live = NotionSync::Live->new(fields => \@EVERY, ...);
#     $live->add_pages(map { page_values($live, $_) } 1 .. 100);
#     $live->add_rows(map { row_values($_) } 1 .. 100);
use strict;
use warnings;
use Exporter qw(import);
use JSON::PP ();
use NotionSync::Live ();

our @EXPORT_OK = qw(@EVERY page_values row_values page_edit row_edit);

# As in NotionSync::Live, whose fields come first
our @EVERY = (
    @NotionSync::Live::CONTACTS,
    ['site',    'Site',    { type => 'url' },                                                  'TEXT'],
    ['owner',   'Owner',   { type => 'people' },                                               'TEXT',     '<->', ' format=csv'],
    ['docs',    'Docs',    { type => 'files' },                                                'TEXT'],
    ['checked', 'Checked', { type => 'verification' },                                         'TEXT'],
    ['boss',    'Boss',    { type => 'relation', data_source => 'self' },                      'INTEGER',  '<->', ' relation=contacts'],
    ['friends', 'Friends', { type => 'relation', data_source => 'self' },                      'TEXT',     '<->', ' relation=contacts format=json'],
    ['place',   'Place',   { type => 'place' },                                                'TEXT',     '->'],
    ['aim',     'Aim',     { type => 'place' },                                                'TEXT',     '<-'],
    ['total',   'Total',   { type => 'formula', expression => '42', value => 42 },             'INTEGER',  '->'],
    ['sum',     'Sum',     { type => 'rollup', function => 'sum', value => 12.25 },            'REAL',     '->'],
    ['no',      'No',      { type => 'unique_id', prefix => 'CON' },                           'TEXT',     '->'],
    ['made',    'Made',    { type => 'created_time' },                                         'DATETIME', '->'],
    ['edited',  'Edited',  { type => 'last_edited_time' },                                     'DATETIME', '->'],
    ['maker',   'Maker',   { type => 'created_by' },                                           'TEXT',     '->'],
    ['editor',  'Editor',  { type => 'last_edited_by' },                                       'TEXT',     '->'],
);

sub person {
    my ($live) = @_;
    return $live->{person} //= (map { $_->{id} } grep { $_->{name} eq 'Ada' } @{ $live->control(GET => 'world')->{users} })[0];
}

# Of the page with that number, by column; @$others are pages that it refers to.
sub page_values {
    my ($live, $n, @others) = @_;
    return {
        name => "Contact $n", email => "c$n\@example.org", phone => "+49 $n", company => 'Bletchley Ltd', stage => 'Lead', tags => [qw(vip press)],
        score => $n, next_call => '2026-12-01', newsletter => 1, notes => "about $n", site => "https://example.org/$n", owner => [person($live)],
        docs => [{ name => 'Plan', url => 'https://example.org/plan.pdf' }], place => { lat => 52.5, lon => 13.25, name => 'Here' },
        (@others ? (boss => [$others[0]], friends => [@others]) : ()),
    };
}

# Of the row with that number; @others are keys.
sub row_values {
    my ($n, @others) = @_;
    return {
        name => "Contact $n", email => "c$n\@example.org", phone => "+49 $n", company => 'Bletchley Ltd', stage => 'Lead', tags => 'vip,press',
        score => $n, next_call => '2026-12-01', newsletter => 1, notes => "about $n", site => "https://example.org/$n", owner => 'ada@example.org',
        docs => '["https://example.org/plan.pdf"]', checked => 'verified', aim => '{"lat":1,"lon":2}',
        (@others ? (boss => $others[0], friends => '[' . join(',', @others) . ']') : ()),
    };
}

# An edit of everything that people can edit there.
sub page_edit {
    my ($live, $text, @others) = @_;
    my %edit = (%{ page_values($live, 0, @others) }, notes => $text, company => 'Colossus & Co', stage => 'Customer', tags => ['partner'], score => 0.5,
        next_call => '2026-12-24', newsletter => 0, docs => [{ name => 'Other', url => 'https://example.org/other.pdf' }], place => { lat => 1, lon => 2, name => 'There' }, owner => []);
    delete @edit{qw(name email)};
    return %edit;
}

sub row_edit {
    my ($text, @others) = @_;
    my %edit = (%{ row_values(1, @others) }, notes => $text, company => 'Analytical Engines', stage => 'Contacted', score => 7, next_call => '2027-01-01', aim => '{"lat":3,"lon":4}');
    delete @edit{qw(name email)};
    return %edit;
}

1;

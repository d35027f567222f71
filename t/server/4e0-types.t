# A mapping with a property of every type, both ways with an SQLite table: what a page shows stands in the row, and what is written to
# the row stands on the page. What Notion computes is taken from the answer to our own write, whose echo is not read, and, where that shows what was computed
# before, from the next listing. People by address and name; somebody unknown, and a value that Notion refuses by itself, hold up their own field only.
use strict;
use warnings;
use NotionSync::Sync;

my @fields = (
    # column, property, its schema, column's type, arrow and options, what a page is given, what the row shows then, what the row is given, what the page has then
    ['name', 'Name', { type => 'title' }, 'TEXT', '<->', 'All', 'All', 'All of them', 'All of them'],
    ['notes', 'Notes', { type => 'rich_text' }, 'TEXT', '<->', 'one', 'one', 'x' x 4500, 'x' x 4500],
    ['score', 'Score', { type => 'number' }, 'REAL', '<->', 1.5, 1.5, 0.1, 0.1],
    ['kind', 'Kind', { type => 'select', options => ['a', 'b'] }, 'TEXT', '<->', 'a', 'a', 'b', 'b'],
    ['stage', 'Stage', { type => 'status', options => ['Lead', 'Won'] }, 'TEXT', '<->', 'Lead', 'Lead', 'Won', 'Won'],
    ['tags', 'Tags', { type => 'multi_select', options => ['x', 'y'] }, 'TEXT', '<->', ['y', 'x'], '["x","y"]', '["y"]', ['y']],
    ['due', 'Due', { type => 'date' }, 'TEXT', '<->', { start => '2026-12-01', end => '2026-12-03' }, '2026-12-01/2026-12-03', '2026-12-24T10:30:00+01:00', '2026-12-24T09:30:00.000+00:00'],
    ['owner', 'Owner', { type => 'people' }, 'TEXT', '<-> format=csv', 'ADA', 'ada@example.org', 'Ben,ada@example.org', 'ADA BEN'],
    ['docs', 'Docs', { type => 'files' }, 'TEXT', '<->', [{ name => 'Plan', url => 'https://e.org/p' }], '["https://e.org/p"]', '["https://e.org/p","https://e.org/q.pdf"]',
        [{ name => 'Plan', url => 'https://e.org/p' }, { name => 'q.pdf', url => 'https://e.org/q.pdf' }]],
    ['vip', 'Vip', { type => 'checkbox' }, 'BOOLEAN', '<->', JSON::PP::true(), 1, 0, JSON::PP::false()],
    ['site', 'Site', { type => 'url' }, 'TEXT', '<->', 'https://e.org/', 'https://e.org/', 'https://f.org/', 'https://f.org/'],
    ['email', 'E-mail', { type => 'email' }, 'TEXT', '<->', 'a@e.org', 'a@e.org', 'b@e.org', 'b@e.org'],
    ['phone', 'Phone', { type => 'phone_number' }, 'TEXT', '<->', '1', '1', '2', '2'],
    ['checked', 'Check', { type => 'verification' }, 'TEXT', '<->', undef, undef, 'verified', 'verified'],
    ['place', 'Place', { type => 'place' }, 'TEXT', '->', { lat => 52.5, lon => 13.25, name => 'Here' }, '{"lat":52.5,"lon":13.25,"name":"Here"}'],
    ['aim', 'Aim', { type => 'place' }, 'TEXT', '<-', undef, undef, '{"lat":1,"lon":2}', { lat => 1, lon => 2 }],
    ['total', 'Total', { type => 'formula', value => 42 }, 'INTEGER', '->', undef, 42],
    ['says', 'Says', { type => 'formula', value => 'two' }, 'TEXT', '->', undef, 'two'],
    ['again', 'Again', { type => 'formula', expression => 'prop("Score")' }, 'REAL', '->', undef, 1.5],
    ['sum', 'Sum', { type => 'rollup', function => 'sum', value => 12.25 }, 'REAL', '->', undef, 12.25],
    ['parts', 'Parts', { type => 'rollup', value => { type => 'array', function => 'show_original', array => [map { { type => 'number', number => $_ } } 1 .. 30] } },
        'TEXT', '->', undef, '[' . join(',', 1 .. 30) . ']'],
    ['no', 'No', { type => 'unique_id', prefix => 'ORD' }, 'TEXT', '->', undef, 'ORD-1'],
    ['made', 'Made', { type => 'created_time' }, 'DATETIME', '->', undef, qr/\A\d{4}-/],
    ['edited', 'Edited', { type => 'last_edited_time' }, 'DATETIME', '->', undef, qr/\A\d{4}-/],
    ['maker', 'Maker', { type => 'created_by' }, 'TEXT', '->', undef, 'ada@example.org'],
    ['editor', 'Editor', { type => 'last_edited_by' }, 'TEXT', '->', undef, 'ada@example.org'],
);
my $sync = new_sync(
    source => { properties => { map { $_->[1] => $_->[2] } @fields } },
    table  => 'CREATE TABLE contacts (id INTEGER PRIMARY KEY, body TEXT, ' . join(', ', map { "$_->[0] $_->[3]" } @fields) . ')',
    mapping => 'NotionSyncBody <-> body',
    sim    => { title_as_content => 'false' },    # one that is told as content may be the body
    fields => join('', map { my ($arrow, $options) = split / /, $_->[4], 2; qq{  NotionSyncField "$_->[1]" $arrow $_->[0] } . ($options // '') . "\n" } @fields),
);
my $sim = $sync->sim;
my %user = map { uc $_->{name} => $_->{id} } @{ $sim->sim(GET => 'world')->{users} };
my $given = sub { my ($field) = @_; return $field->[0] eq 'owner' ? [$user{ADA}] : $field->[5] };
$sync->start;
my $page = $sim->sim(POST => 'page', { data_source => $sync->source, properties => { map { $_->[1] => $given->($_) } grep { defined $_->[5] } @fields } })->{id};

my $row = sub { my $rows = $sync->sql('SELECT * FROM contacts'); return @$rows == 1 ? $rows->[0] : {} };
wait_ok { ($row->()->{name} // '') eq 'All' } 20, 'the page has a row';
my $shown = $row->();
for my $field (@fields) {
    my ($column, $want) = @$field[0, 6];
    ref $want ? like($shown->{$column}, $want, "Notion to the table: $field->[1]") : is($shown->{$column}, $want, "Notion to the table: $field->[1]");
}
$sync->wait_quiet;

# What was asked of the page since a mark; listings come when their minutes are over.
my $asked_of_it = sub { return join ' ', map { $_->{class} =~ /\A(?:page|body)_/ ? $_->{class} : () } $sync->requests_since($_[0]) };
my @written = grep { defined $_->[7] } @fields;
my $mark = $sync->mark;
$sync->sql('UPDATE contacts SET ' . join(', ', map { "$_->[0] = " . ($_->[7] =~ /\A[\d.]+\z/ && $_->[0] ne 'phone' ? $_->[7] : "'$_->[7]'") } @written));
my $has = sub { return $sim->sim(GET => "page/$page")->{properties} };
wait_ok { $has->()->{Name} eq 'All of them' } 20, 'the row is written to its page';
my $now = $has->();
for my $field (@written) {
    my ($name, $want) = @$field[1, 8];
    my $got = $now->{$name};
    $got = $got->{state} if $name eq 'Check';
    ($got, $want) = (join(' ', sort @$got), join(' ', sort map { $user{$_} } split / /, $want)) if $name eq 'Owner';
    delete $got->{$_} for $name eq 'Aim' ? grep { !defined $got->{$_} } keys %$got : ();
    is_deeply($got, $want, "the table to Notion: $name");
}
wait_ok { ($row->()->{editor} // '') eq 'sim' } 20, 'the connection was the last to edit it';
$sync->wait_quiet;
is($row->()->{again}, 0.1, 'what Notion computes of what was written is in the row');
like($asked_of_it->($mark), qr/ page_update\z/, 'and its echo is not read: the answer to the write showed what was computed');

# --- an answer that shows what was computed before the write, and one that shows nothing computed

wait_for { $sim->sim(GET => "page/$page")->{visible} } 20, 'queries show what was written';
$sim->sim(POST => 'settings', { computed_late => JSON::PP::true(), stale_ms => 600_000 });
$mark = $sync->mark;
$sync->sql('UPDATE contacts SET score = 3.5');
wait_ok { $has->()->{Score} == 3.5 } 20, 'another value is written';
$sync->wait_quiet;
is($row->()->{again}, 0.1, 'a formula that Notion has not computed anew stays as it was');
like($asked_of_it->($mark), qr/ page_update\z/, 'and is not waited for');
$sim->sim(POST => 'settings', { computed_late => JSON::PP::false(), stale_ms => 300 });
$sync->must('reconcile', 'contacts');
wait_ok { $row->()->{again} == 3.5 } 20, 'the next listing of edits shows it';
$sync->wait_quiet;
$sim->sim(PATCH => "page/$page", { properties => { Score => 4.5 } });
wait_ok { ($row->()->{editor} // '') eq 'ada@example.org' } 20, 'a person was the last to edit it';
$sync->sql(q{UPDATE contacts SET body = 'Written in the table.'});
wait_ok { ($row->()->{editor} // '') eq 'sim' } 20, 'who wrote the body is known by its echo';
$sync->wait_quiet;

# --- people: members are merged, strangers park their field

$sync->httpd->log_expect(qr/no person in Notion is called 'zoe/);
$sync->sql(q{UPDATE contacts SET owner = 'Ben,zoe@example.org', notes = 'beside Zoe'});
wait_ok { $has->()->{Notes} eq 'beside Zoe' } 20, 'beside somebody who is not known the other fields go on';
my $told = $sync->must('explain', 'contacts', 1)->{outcome};
is($told->{code}, 'field.person', 'the field is parked');
is($told->{what}, q{no person in Notion is called 'zoe@example.org'}, 'and says who is missed');
is(join(' ', sort @{ $has->()->{Owner} }), join(' ', sort @user{qw(ADA BEN)}), 'nobody was taken out');
my $before = $sim->sim(GET => 'counts')->{classes}{users} // 0;
$sync->sql(q{UPDATE contacts SET score = 7});
wait_ok { $has->()->{Score} == 7 } 20, 'the record is edited again';
is($sim->sim(GET => 'counts')->{classes}{users} // 0, $before, 'nobody asks who there is each time');
$sim->sim(POST => 'user', { name => 'Zoe', email => 'zoe@example.org' });
$sync->httpd->restart;
$sync->must('reconcile', 'contacts', '--full');
my %known = map { $_->{name} => $_->{id} } @{ $sim->sim(GET => 'world')->{users} };
wait_ok { join(' ', sort @{ $has->()->{Owner} }) eq join(' ', sort @known{qw(Ben Zoe)}) } 20, 'who was added since is found when it is asked again';
$sync->wait_quiet;

# --- a value that Notion refuses, whatever the documentation says of the limit

$sync->httpd->log_expect(qr/notion\.value/);
$sync->fault('PATCH', '^/v1/pages/', { status => 400, code => 'validation_error',
    message => 'body failed validation: body.properties.' . property_key('E-mail') . '.email.length should be ≤ `100`, instead was `150`.' }, times => -1, body_regex => 'e{140}');
$sync->sql(sprintf q{UPDATE contacts SET email = '%s@e.org', notes = 'beside an address'}, 'e' x 144);
wait_ok { $has->()->{Notes} eq 'beside an address' } 20, 'beside a value that Notion refuses the other fields go on';
is($has->()->{'E-mail'}, 'b@e.org', 'the refused one stays as it was');
$told = $sync->must('explain', 'contacts', 1)->{outcome};
is($told->{code}, 'notion.value', 'and is parked');
like($told->{words}, qr/should be ≤ `100`, instead was `150`/, 'with what Notion says of it');
finish();

# As the API writes it.
sub property_key { my ($name) = @_; return $sim->sim(GET => 'data_source/' . $sync->source)->{properties}{$name}{id} }

# Queries of the simulator: filters, sorts, paging with opaque cursors, the cap, what queries do not see yet, and what they never show.
use strict;
use warnings;
use NotionSync::Sim;
use NotionSync::Test;

my $sim = start_sim();
my $api = NotionSync::Sim->new($sim);
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $world = $sim->sim(POST => 'reset', { rate_limit => 0, stale_ms => 0 });
note("seed $world->{settings}{seed}");
my ($ada, $ben) = map { $_->{id} } grep { $_->{type} eq 'person' } @{ $world->{users} };
my $ds = $sim->sim(POST => 'data_source', { name => 'Orders', properties => {
    Name => { type => 'title' }, Notes => { type => 'rich_text' }, Amount => { type => 'number' },
    Stage => { type => 'status', options => [qw(Lead Won)], default => undef }, Kind => { type => 'select', options => [qw(A B C)] },
    Tags => { type => 'multi_select', options => [qw(red blue)] }, Due => { type => 'date' }, Paid => { type => 'checkbox' },
    Site => { type => 'url' }, Owner => { type => 'people' }, Files => { type => 'files' }, Self => { type => 'relation' },
    Total => { type => 'formula', value => undef }, Sum => { type => 'rollup', function => 'sum', value => 7 },
    Made => { type => 'created_time' }, Maker => { type => 'created_by' }, No => { type => 'unique_id' }, Checked => { type => 'verification' },
} });
my %id;

sub add {
    my ($name, %p) = @_;
    my %opt = map { $_ => delete $p{"-$_"} } map { substr $_, 1 } grep { /\A-/ } keys %p;
    return $id{$name} = $sim->sim(POST => 'page', { data_source => $ds->{id}, properties => { Name => $name, %p }, %opt })->{id};
}
sub query { my ($body, %opt) = @_; return $api->ok(POST => "data_sources/$ds->{id}/query" . ($opt{args} // ''), $body // {}) }
sub title { my ($p) = @_; return $p->{properties}{Name}{title}[0]{plain_text} // '' }
sub names { my ($answer) = @_; return join ' ', map { title($_) } @{ $answer->{results} } }
sub found { my ($filter) = @_; return join ' ', sort split / /, names(query({ filter => $filter, page_size => 100 })) }
sub where { my ($name, $type, %cond) = @_; return found({ property => $name, $type => {%cond} }) }
sub bad { my ($body) = @_; return $api->error(POST => "data_sources/$ds->{id}/query", $body) }

my $base = '2026-03-0';
add('a', -created_time => "${base}1T10:00:20Z", Amount => 1, Kind => 'A', Tags => ['red'], Due => '2026-05-01', Notes => 'Hello World', Owner => [$ada],
    Site => 'https://a.org', Total => 10, Stage => 'Lead');
add('b', -created_time => "${base}1T10:00:50Z", Amount => 2, Kind => 'B', Tags => [qw(red blue)], Due => { start => '2026-05-02T10:00:00Z' }, Paid => $true, -by => $ben,
    Files => [{ name => 'f', url => 'https://f' }]);
add('c', -created_time => "${base}2T10:00:00Z", Amount => 3, Kind => 'B', Notes => 'hello', Total => 'text', Self => [$id{a}], Stage => 'Won');
add('d', -created_time => "${base}3T10:00:00Z", Total => $true, Checked => { state => 'verified', date => undef, verified_by => undef });

subtest 'conditions' => sub {
    is(where('Name', 'title', equals => 'A'), 'a', 'text without regard to case');
    is(where('Name', 'title', does_not_equal => 'a'), 'b c d', 'does_not_equal');
    is(where('Notes', 'rich_text', contains => 'LLO'), 'a c', 'contains');
    is(where('Notes', 'rich_text', does_not_contain => 'world'), 'b c d', 'does_not_contain is also true of nothing');
    is(where('Notes', 'rich_text', starts_with => 'hello w'), 'a', 'starts_with');
    is(where('Site', 'url', ends_with => '.org'), 'a', 'ends_with');
    is(where('Notes', 'rich_text', is_empty => $true), 'b d', 'is_empty');
    is(where('Notes', 'rich_text', is_not_empty => $true), 'a c', 'is_not_empty');
    is(where('Amount', 'number', equals => 2), 'b', 'number');
    is(where('Amount', 'number', does_not_equal => 2), 'a c d', 'not equal, nothing included');
    is(where('Amount', 'number', greater_than => 1), 'b c', 'greater_than');
    is(where('Amount', 'number', less_than => 3), 'a b', 'less_than');
    is(where('Amount', 'number', greater_than_or_equal_to => 2), 'b c', 'greater_than_or_equal_to');
    is(where('Amount', 'number', less_than_or_equal_to => 2), 'a b', 'less_than_or_equal_to');
    is(where('No', 'unique_id', equals => 3), 'c', 'unique id');
    is(where('Paid', 'checkbox', equals => $false), 'a c d', 'checkbox');
    is(where('Paid', 'checkbox', does_not_equal => $false), 'b', 'checkbox, not');
    is(where('Kind', 'select', equals => 'b'), 'b c', 'select');
    is(where('Kind', 'select', equals => [qw(A B)]), 'a b c', 'any of several');
    is(where('Kind', 'select', does_not_equal => 'B'), 'a d', 'not that');
    is(where('Stage', 'status', equals => 'Won'), 'c', 'status');
    is(where('Stage', 'status', is_empty => $true), 'b d', 'no status');
    is(where('Tags', 'multi_select', contains => 'red'), 'a b', 'multi-select');
    is(where('Tags', 'multi_select', does_not_contain => 'blue'), 'a c d', 'without');
    is(where('Due', 'date', equals => '2026-05-02'), 'b', 'a time on that day');
    is(where('Due', 'date', before => '2026-05-02'), 'a', 'before');
    is(where('Due', 'date', on_or_after => '2026-05-02T10:00:00Z'), 'b', 'on_or_after a moment');
    is(where('Due', 'date', after => '2026-05-02T12:00:00+02:00'), '', 'after the same moment in another zone');
    is(where('Due', 'date', on_or_before => '2026-05-01'), 'a', 'on_or_before');
    is(where('Owner', 'people', contains => $ada), 'a', 'people');
    is(where('Owner', 'people', contains => 'me'), '', '"me" is nobody to an internal connection');
    is(where('Owner', 'people', does_not_contain => 'me'), 'a b c d', 'and everybody is not');
    is(where('Maker', 'created_by', contains => $ben), 'b', 'created by');
    is(where('Self', 'relation', contains => $id{a}), 'c', 'relation');
    is(where('Files', 'files', is_not_empty => $true), 'b', 'files');
    is(where('Total', 'formula', number => { greater_than => 5 }), 'a', 'formula, a number');
    is(where('Total', 'formula', string => { equals => 'text' }), 'c', 'formula, a string');
    is(where('Total', 'formula', checkbox => { equals => $true }), 'd', 'formula, a checkbox');
    is(where('Sum', 'rollup', number => { equals => 7 }), 'a b c d', 'rollup');
    is(where('Checked', 'verification', status => 'verified'), 'd', 'verification');
    is(where('Made', 'created_time', on_or_before => "${base}1T10:00:00Z"), 'a b', 'created_time is a whole minute');
    is(where('Made', 'created_time', after => "${base}1T10:00:00Z"), 'c d', 'so "after" loses the rest of it');
};

subtest 'groups and timestamps' => sub {
    my $created = sub { my (%c) = @_; return { timestamp => 'created_time', created_time => {%c} } };
    my $amount  = sub { my (%c) = @_; return { property => 'Amount', number => {%c} } };
    is(found($created->(on_or_after => "${base}2T10:00:00Z")), 'c d', 'timestamp');
    is(found({ and => [$created->(after => "${base}1T10:00:00Z"), $created->(before => "${base}3T10:00:00Z")] }), 'c', 'between two');
    is(found({ or => [$amount->(equals => 1), $amount->(equals => 3)] }), 'a c', 'or');
    is(found({ and => [{ or => [$amount->(equals => 1), $amount->(equals => 3)] }, { property => 'Kind', select => { equals => 'B' } }] }), 'c', 'two levels');
    like(bad({ filter => { and => [{ or => [{ and => [$amount->(equals => 1)] }] }] } }), qr/\A400 validation_error body failed validation: body\.filter\.and\[0\]\.or\[0\]\.and should be not present/, 'no third');
    is(found({ timestamp => 'last_edited_time', last_edited_time => { past_week => {} } }), '', 'created long ago is edited long ago');
    $sim->sim(PATCH => "page/$id{d}", { properties => { Amount => 4 } });
    is(found({ timestamp => 'last_edited_time', last_edited_time => { past_week => {} } }), 'd', 'until it is edited');
    is(found({ timestamp => 'last_edited_time', last_edited_time => { on_or_after => 'today' } }), 'd', 'a word for a day');
    $sim->sim(PATCH => "page/$id{d}", { properties => { Amount => undef }, last_edited_time => "${base}3T10:00:00Z" });
};

subtest 'refused' => sub {
    is(bad({ filter => { property => 'Nope', number => { equals => 1 } } }), '400 validation_error Could not find property with name or id: Nope', 'unknown property');
    is(bad({ filter => { property => 'Amount', rich_text => { equals => 'x' } } }), '400 validation_error database property number does not match filter rich_text', 'wrong type');
    like(bad({ filter => { property => 'Amount', number => { contains => 1 } } }), qr/number\.contains should be not present/, 'wrong condition');
    like(bad({ filter => { property => 'Amount', number => { equals => '1' } } }), qr/number\.equals should be a number, instead was `"1"`/, 'wrong operand');
    is(bad({ filter => { property => 'Kind', select => { equals => 'Z' } } }), '400 validation_error select option "Z" not found for property "Kind".', 'unknown option');
    like(bad({ filter => { property => 'Notes', rich_text => { is_empty => $false } } }), qr/is_empty should be `true`/, 'is_empty: false');
    like(bad({ sorts => [{ property => 'Nope', direction => 'ascending' }] }), qr/Could not find sort property with name or id: Nope/, 'unknown sort');
    like(bad({ sorts => [{ property => 'Name' }] }), qr/direction should be/, 'no direction');
    like(bad({ page_size => 101 }), qr/body\.page_size should be \S+ `100`, instead was `101`/, 'page_size 101');
    like(bad({ page_size => 0 }), qr/page_size should be/, 'page_size 0');
    like(bad({ start_cursor => undef }), qr/start_cursor should be a string or `undefined`, instead was `null`/, 'start_cursor null');
    like(bad({ start_cursor => 'abc' }), qr/\A400 validation_error The start_cursor provided is invalid: abc/, 'no cursor of ours');
    like(bad({ in_trash => $true }), qr/body\.in_trash should be not present/, 'in_trash is no parameter');
    like(bad({ archived => $true }), qr/body\.archived should be not present/, 'nor archived');
};

subtest 'order' => sub {
    my $by = sub { return names(query({ sorts => [map { my ($k, $d) = split /-/; { property => $k, direction => $d ? 'descending' : 'ascending' } } @_] })) };
    is(names(query()), 'd c ' . (names(query()) =~ /b a$/ ? 'b a' : 'a b'), 'newest first where nothing is said');
    is($by->('Amount'), 'a b c d', 'by number, nothing last');
    is($by->('Amount-d'), 'c b a d', 'also the other way round');
    is($by->('Kind', 'Amount-d'), 'a c b d', 'by option, then number');
    is($by->('Name-d'), 'd c b a', 'by text');
    is($by->('Paid-d', 'Name'), 'b a c d', 'by checkbox');
    is($by->('Due'), 'a b ' . ($by->('Due') =~ /c d$/ ? 'c d' : 'd c'), 'by date');
    is(names(query({ sorts => [{ timestamp => 'created_time', direction => 'descending' }], page_size => 2 })), 'd c', 'by creation');
};

subtest 'filter_properties' => sub {
    my $keys = sub { return join ' ', sort keys %{ query({ page_size => 1 }, args => $_[0])->{results}[0]{properties} } };
    is($keys->('?filter_properties=title&filter_properties=Amount'), 'Amount Name', 'by id and by name');
    is($keys->("?filter_properties[]=$ds->{properties}{Kind}&filter_properties%5B%5D=title"), 'Kind Name', 'in brackets, encoded or not');
    is($keys->('?filter_properties=Nope&filter_properties=Paid'), 'Paid', 'unknown ones are just absent');
};

subtest 'paging' => sub {
    $sim->sim(POST => 'pages', { data_source => $ds->{id}, count => 95, per_minute => 20, properties => { Name => 'p{n}', Amount => '{n}' } });
    for my $mode (qw(key offset)) {
        for my $sort ({ timestamp => 'created_time', direction => 'ascending' }, { timestamp => 'last_edited_time', direction => 'descending' },
                      { property => 'Amount', direction => 'ascending' }) {
            $sim->sim(POST => 'settings', { cursor => $mode, short_pages => 0.9 });
            my (%seen, %cursors, $cursor, $requests, @order);
            do {
                my $got = query({ sorts => [$sort], page_size => 10, defined $cursor ? (start_cursor => $cursor) : () });
                $seen{ $_->{id} }++ for @{ $got->{results} };
                push @order, map { $_->{$sort->{timestamp} // ''} // $_->{properties}{Amount}{number} } @{ $got->{results} };
                $cursor = $got->{next_cursor};
                $cursors{$cursor}++ if defined $cursor;
                is($got->{has_more} ? 1 : 0, defined $cursor ? 1 : 0, 'has_more') unless $requests++ && $requests % 5;
            } while defined $cursor;
            is(scalar(keys %seen) . ' ' . (grep { $_ > 1 } values %seen), '99 0', "$mode: all rows once");
            cmp_ok($requests, '>', 10, 'in more requests than needed: short pages');
            my @sorted = $sort->{property} ? ((sort { $a <=> $b } grep { defined } @order), grep { !defined } @order) : $sort->{direction} eq 'ascending' ? sort @order : reverse sort @order;
            is_deeply(\@order, \@sorted, 'in order');
        }
    }
    $sim->sim(POST => 'settings', { short_pages => 0, cursor => 'key' });
    my %body = (page_size => 2, sorts => [{ timestamp => 'created_time', direction => 'ascending' }]);
    my ($one, $two) = map { query(\%body)->{next_cursor} } 1, 2;
    isnt($one, $two, 'a cursor differs at each request');
    is(names(query({ %body, start_cursor => $one })), names(query({ %body, start_cursor => $two })), 'but leads on alike');
    like(bad({ page_size => 2, start_cursor => $one }), qr/start_cursor provided is invalid/, 'not for another query');
    (my $forged = $one) =~ tr/0-9a-f/1-9a-f0/;
    like(bad({ %body, start_cursor => $forged }), qr/start_cursor provided is invalid/, 'nor forged');
    $sim->sim(POST => 'settings', { cursor_ttl_ms => 1 });
    select undef, undef, undef, 0.01;
    like(bad({ %body, start_cursor => $one }), qr/start_cursor provided is invalid/, 'nor too old');
    $sim->sim(POST => 'settings', { cursor_ttl_ms => 0 });
};

subtest 'rows that move during a listing' => sub {
    my %body = (page_size => 10, sorts => [{ timestamp => 'created_time', direction => 'ascending' }]);
    my %lost;
    for my $mode (qw(key offset)) {
        $sim->sim(POST => 'settings', { cursor => $mode });
        my $got = query(\%body);
        my $gone = $got->{results}[0]{id};
        my $next = names(query({ %body, start_cursor => $got->{next_cursor} }));
        $sim->sim(PATCH => "page/$gone", { in_trash => $true });
        $lost{$mode} = names(query({ %body, start_cursor => $got->{next_cursor} })) eq $next ? 'nothing' : 'a row';
        $sim->sim(PATCH => "page/$gone", { in_trash => $false });
    }
    is_deeply(\%lost, { key => 'nothing', offset => 'a row' }, 'cursor "offset" skips a row when an earlier one is trashed, "key" does not');
    $sim->sim(POST => 'settings', { cursor => 'key' });
};

subtest 'the cap' => sub {
    $sim->sim(POST => 'settings', { query_cap => 25 });
    my $all = sub {
        my (%body) = @_;
        my ($cursor, @rows, %status);
        do {
            my $got = query({ %body, page_size => 10, defined $cursor ? (start_cursor => $cursor) : () });
            push @rows, @{ $got->{results} };
            $status{ $got->{request_status}{type} }++;
            $cursor = $got->{next_cursor};
        } while defined $cursor;
        return (scalar @rows, \%status);
    };
    is_deeply([$all->()], [25, { incomplete => 3 }], 'every answer of a query beyond it says incomplete');
    is_deeply([$all->(filter => { property => 'Amount', number => { less_than => 13 } })], [15, { complete => 2 }], 'one below it is complete');
    is_deeply([$all->(sorts => [{ property => 'Amount', direction => 'descending' }])], [25, { incomplete => 3 }], 'also in another order');
    $sim->sim(POST => 'settings', { query_cap => 99 });
    is_deeply([$all->()], [99, { complete => 10 }], 'exactly as many are complete');
    $sim->sim(POST => 'settings', { query_cap => 10000 });
};

subtest 'what is not shown' => sub {
    my %by_name = (filter => { property => 'Name', title => { equals => 'a' } });
    $sim->sim(PATCH => "page/$id{a}", { in_trash => $true });
    is(names(query(\%by_name)), '', 'a trashed page');
    $sim->sim(PATCH => "page/$id{a}", { in_trash => $false, archived => $true });
    is(names(query(\%by_name)), '', 'an archived page');
    is(names(query({ is_archived => $true })), 'a', 'unless asked for, and then alone');
    $sim->sim(PATCH => "page/$id{a}", { archived => $false, shared => $false });
    is(names(query(\%by_name)), '', 'a page that is not shared');
    $sim->sim(PATCH => "page/$id{a}", { shared => $true });
    is(names(query(\%by_name)), 'a', 'and back');
    $sim->sim(PATCH => "data_source/$ds->{id}", { shared => $false });
    like(bad({}), qr/\A404 object_not_found Could not find data_source with ID/, 'a data source that is not shared');
    $sim->sim(PATCH => "data_source/$ds->{id}", { shared => $true });
};

subtest 'what is not seen yet' => sub {
    $sim->sim(POST => 'settings', { stale_ms => 600_000 });
    my $row = sub { my ($n) = @_; return query({ filter => { property => 'Name', title => { equals => $n } } })->{results}[0] };
    my $new = $api->ok(POST => 'pages', { parent => { data_source_id => $ds->{id} }, properties => { Name => { title => [{ text => { content => 'new' } }] } } })->{id};
    is($row->('new'), undef, 'a new page is not listed');
    is($api->ok(GET => "pages/$new")->{id}, $new, 'but read');
    my $before = $row->('b');
    $api->ok(PATCH => "pages/$id{b}", { properties => { Amount => { number => 1000 } } });
    is_deeply($row->('b'), $before, 'an edited page is shown as it was, times and all');
    is($api->ok(GET => "pages/$id{b}")->{properties}{Amount}{number}, 1000, 'reading is up to date');
    is(where('Amount', 'number', equals => 1000), '', 'filters see the old value');
    is(query({ sorts => [{ timestamp => 'last_edited_time', direction => 'descending' }] })->{results}[0]{id} eq $id{b} ? 1 : 0, 0, 'so does the order');
    $api->ok(PATCH => "pages/$id{c}", { in_trash => $true });
    ok($row->('c') && !$row->('c')->{in_trash}, 'a trashed page is still listed, as if it were not');
    ok(!$sim->sim(GET => "page/$id{c}")->{visible}, 'the control interface tells');
    is($sim->sim(GET => 'idle')->{stale}, 3, 'three writes wait');
    is($sim->sim(POST => 'flush')->{stale}, 0, 'flush ends that');
    ok($row->('new') && !$row->('c') && $row->('b')->{properties}{Amount}{number} == 1000, 'all is seen');
    $sim->sim(POST => 'settings', { stale_ms => 300 });
    $api->ok(PATCH => "pages/$id{b}", { properties => { Amount => { number => 1 } } });
    $api->ok(PATCH => "pages/$id{b}", { properties => { Amount => { number => 2 } } });
    is($row->('b')->{properties}{Amount}{number}, 1000, 'stale,');
    wait_ok { $row->('b')->{properties}{Amount}{number} == 2 } 10, 'until the time has passed';
    $sim->sim(POST => 'page', { data_source => $ds->{id}, stale_ms => 0, properties => { Name => 'at once' } });
    ok($row->('at once'), 'control may make a page visible at once');
    $sim->sim(POST => 'settings', { stale_ms => 0 });
};

subtest 'search and lists' => sub {
    my $search = $api->ok(POST => 'search', { query => 'p9', page_size => 3 });
    is(scalar @{ $search->{results} }, 3, 'search by title');
    ok($search->{has_more}, 'has more');
    is(scalar @{ $api->ok(POST => 'search', { query => 'p9', start_cursor => $search->{next_cursor} })->{results} }, 4, 'which follow');
    is($api->ok(POST => 'search', { filter => { property => 'object', value => 'data_source' } })->{results}[0]{object}, 'data_source', 'data sources');
    my $users = $api->ok(GET => 'users?page_size=1');
    is_deeply([scalar @{ $users->{results} }, $users->{has_more}], [1, $true], 'users are paged');
    like($api->error(GET => 'users?page_size=101'), qr/\A400/, 'not by 101');
};

finish();

package NotionSync::Hooks;
# Webhooks as Notion sends them, for tests that need no simulator: events, signatures, bursts.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_hex);
use Exporter qw(import);
use JSON::PP ();
use Time::HiRes qw(time);
use NotionSync::Test ();

our @EXPORT = qw(event_id page_id make_event sign post_event post_all send_all answers utc);

my $count = 0;

sub event_id { return sprintf '5b0a3c1e-%04x-4c00-9d00-%012x', $$ & 0xffff, ++$count }
sub page_id  { return sprintf 'eeeeeeee-0000-4000-8000-%012x', $_[0] }

# 2026-11-22T10:15:42.118Z
sub utc {
    my ($t) = @_;
    my @g = gmtime int $t;
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', $g[5] + 1900, $g[4] + 1, @g[3, 2, 1, 0], ($t - int $t) * 1000;
}

# An event as notion-api.md describes it; what is named replaces what is usual, undef leaves out.
sub make_event {
    my (%with) = @_;
    my $source = delete $with{data_source};
    my $event  = {
        id => event_id(), timestamp => utc(time), workspace_id => 'aaaaaaaa-0000-4000-8000-000000000001',
        workspace_name => 'Acme', subscription_id => 'bbbbbbbb-0000-4000-8000-000000000001',
        integration_id => 'cccccccc-0000-4000-8000-000000000001',
        authors => [{ id => 'dddddddd-0000-4000-8000-000000000001', type => 'person' }],
        attempt_number => 1, api_version => '2026-03-11', type => 'page.properties_updated',
        entity => { id => page_id(1), type => 'page' },
        data   => {
            parent => { id => 'ffffffff-0000-4000-8000-000000000001', type => 'database',
                defined $source ? (data_source_id => $source) : () },
            updated_properties => ['title'],
        },
        %with,
    };
    delete $event->{$_} for grep { !defined $event->{$_} } keys %$event;
    return $event;
}

sub sign { my ($secret, $body) = @_; return 'sha256=' . hmac_sha256_hex($body, $secret) }

# POST of an event, signed; $event may be bytes.
sub post_event {
    my ($httpd, $path, $secret, $event, %headers) = @_;
    my $body = ref $event ? NotionSync::Test::encode($event) : $event;
    return $httpd->request('POST', $path, body => $body, headers => {
        'content-type' => 'application/json', 'x-notion-signature' => sign($secret, $body), %headers });
}

# All of them at once; [status, seconds] of each.
sub post_all { return answers(send_all(@_)) }

# The same in two steps, if something is to happen while httpd has them in hand.
sub send_all {
    my ($httpd, $path, $secret, @events) = @_;
    return time, map {
        my $body   = NotionSync::Test::encode($_);
        my $socket = $httpd->connect or die "connect: $@";
        print {$socket} "POST $path HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: ", length $body,
            "\r\nX-Notion-Signature: ", sign($secret, $body), "\r\n\r\n", $body;
        $socket->flush;
        $socket;
    } @events;
}

sub answers {
    my ($start, @open) = @_;
    return map {
        local $/;
        my $text = readline $_;
        my ($status) = ($text // '') =~ m{\AHTTP/\S+ (\d+)};
        [$status // 0, time - $start];
    } @open;
}

1;

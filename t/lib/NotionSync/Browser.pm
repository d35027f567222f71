package NotionSync::Browser;
# A browser as far as forms, redirects and cookies go: a jar that minds paths, ages and who may read a cookie.
#
#     my $browser = NotionSync::Browser->new;
#     my $page = $browser->go($url);                       # redirects are followed: {status, url, headers, body, steps}
#     $page = $browser->press($page, 'begin');             # the form of that page whose action it is
#     $page = $browser->go($url, follow => 0);
use strict;
use warnings;
use HTTP::Tiny;

sub new { my ($class, %opt) = @_; return bless { jar => {}, headers => {}, %opt }, $class }

sub jar { return $_[0]{jar} }

# Those of a host (as browsers have it, of any port) that belong to a path.
sub _cookies {
    my ($self, $host, $path) = @_;
    return join '; ', map { "$_->{name}=$_->{value}" }
        grep { $_->{host} eq $host && ($path eq $_->{path} || index($path, $_->{path} =~ s{/?\z}{/}r) == 0) } values %{ $self->{jar} };
}

sub _keep {
    my ($self, $host, $answer) = @_;
    my $lines = $answer->{headers}{'set-cookie'} // return;
    for my $line (ref $lines ? @$lines : $lines) {
        my ($pair, @words) = split /;\s*/, $line;
        my ($name, $value) = split /=/, $pair, 2;
        my %word = map { my ($k, $v) = split /=/, $_, 2; (lc $k => $v // 1) } @words;
        $self->{jar}{"$host $word{path} $name"} = { host => $host, name => $name, value => $value, path => $word{path} // '/', line => $line };
        delete $self->{jar}{"$host $word{path} $name"} if defined $word{'max-age'} && $word{'max-age'} <= 0;
    }
    return;
}

sub _request {
    my ($self, $method, $url, %opt) = @_;
    my ($host, $path) = $url =~ m{\Ahttps?://([^/:]+)[^/]*(/[^?]*)?} or die "no address: $url";
    my $cookies = $self->_cookies($host, $path // '/');
    my $answer = HTTP::Tiny->new(max_redirect => 0, keep_alive => 0, proxy => undef, http_proxy => undef, https_proxy => undef)
        ->request($method, $url, { headers => { %{ $self->{headers} }, %{ $opt{headers} // {} }, length $cookies ? (cookie => $cookies) : () },
            defined $opt{content} ? (content => $opt{content}) : () });
    $self->_keep($host, $answer);
    return { status => $answer->{status}, url => $url, headers => $answer->{headers}, body => $answer->{content} // '', steps => [] };
}

sub go {
    my ($self, $url, %opt) = @_;
    my $answer = $self->_request($opt{method} // 'GET', $url, %opt);
    my @steps = $url;
    while (($opt{follow} // 9) > 0 && $answer->{status} =~ /\A30[1237]\z/ && @steps < 9) {
        my $to = $answer->{headers}{location};
        last if $opt{until} && $to =~ $opt{until};
        $to = $answer->{url} =~ s{\A(https?://[^/]+).*}{$1}r . $to if $to =~ m{\A/};
        push @steps, $to;
        $answer = $self->_request('GET', $to);
    }
    $answer->{steps} = \@steps;
    return $answer;
}

# The form with this action: its hidden fields are sent, as a page of that server would.
sub press {
    my ($self, $page, $action, %opt) = @_;
    my ($form) = grep { /name=action value="\Q$action\E"/ } $page->{body} =~ m{<form method=post>(.*?)</form>}gs;
    return { status => 0, url => $page->{url}, headers => {}, body => "no form for $action in:\n$page->{body}", steps => [] } if !$form;
    my %field = ($form =~ /<input type=hidden name=(\w+) value="([^"]*)">/g, %{ delete $opt{fields} // {} });
    my $origin = $page->{url} =~ s{\A(https?://[^/]+).*}{$1}r;
    return $self->go($page->{url}, method => 'POST', %opt, content => join('&', map { "$_=$field{$_}" } sort keys %field),
        headers => { 'content-type' => 'application/x-www-form-urlencoded', origin => $origin, 'sec-fetch-site' => 'same-origin', %{ $opt{headers} // {} } });
}

1;

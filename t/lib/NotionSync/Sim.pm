package NotionSync::Sim;
# For the simulator's own tests: requests as a client of the API makes them, and a receiver of webhooks.
#
#     my $api = NotionSync::Sim->new($sim);                     # token => ..., version => ... (undef: no header)
#     my ($status, $json, $answer) = $api->call(POST => 'pages', {...});
#     my $hooks = NotionSync::Sim::Receiver->new(dir => temp_dir());
use strict;
use warnings;
use NotionSync::Test ();

sub new {
    my ($class, $server, %opt) = @_;
    return bless { server => $server, token => 'ntn_sim_token', version => '2026-03-11', %opt }, $class;
}

sub call {
    my ($self, $method, $path, $data, %opt) = @_;
    my %headers;
    my $token   = exists $opt{token}   ? $opt{token}   : $self->{token};
    my $version = exists $opt{version} ? $opt{version} : $self->{version};
    $headers{authorization}    = "Bearer $token" if defined $token;
    $headers{'notion-version'} = $version        if defined $version;
    my $answer = $self->{server}->request($method, "/v1/$path", headers => \%headers,
        defined $data ? ref $data ? (json => $data) : (body => $data) : ());
    my $json = eval { NotionSync::Test::decode($answer->{body}) };
    return ($answer->{status}, $json, $answer);
}

# The answer's JSON; dies unless the status is 200.
sub ok {
    my ($self, @args) = @_;
    my ($status, $json, $answer) = $self->call(@args);
    die "$args[0] $args[1]: $status $answer->{body}\n" if $status != 200;
    return $json;
}

# "STATUS CODE MESSAGE" of an error.
sub error {
    my ($self, @args) = @_;
    my ($status, $json, $answer) = $self->call(@args);
    return "$status no error: $answer->{body}" if ref $json ne 'HASH' || ($json->{object} // '') ne 'error';
    return "$status $json->{code} $json->{message}";
}

package NotionSync::Sim::Receiver;
# A process that takes webhooks one after the other, notes each in a file, and answers as the file "plan" says: a
# status a line, the last of which stays (default 200); "hang" answers nothing.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_hex);
use IO::Socket::INET;

sub new {
    my ($class, %opt) = @_;
    my $socket = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "socket: $!";
    my $self = bless { %opt, port => $socket->sockport, owner => $$ }, $class;
    $self->plan(200);
    my $parent = $$;
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        open STDOUT, '>', '/dev/null';
        local $SIG{ALRM} = sub { require POSIX; POSIX::_exit(0) if getppid() != $parent; alarm 1 };
        alarm 1;
        while (1) {
            my $client = $socket->accept or next;
            $self->_serve($client);
        }
    }
    close $socket;
    return $self;
}

sub url { return "http://127.0.0.1:$_[0]{port}/hook" }

sub plan {
    my ($self, @answers) = @_;
    NotionSync::Test::write_file("$self->{dir}/plan.new", join '', map { "$_\n" } @answers);
    return rename "$self->{dir}/plan.new", "$self->{dir}/plan";
}

sub _serve {
    my ($self, $client) = @_;
    my ($head, %header) = ('');
    while (my $line = <$client>) {
        $line =~ s/\r?\n\z//;
        last if $line eq '';
        $header{ lc $1 } = $2 if $line =~ /\A([^:]+):\s*(.*)\z/;
    }
    my $body = '';
    read $client, $body, $header{'content-length'} if $header{'content-length'};
    my @plan = split /\n/, NotionSync::Test::read_file("$self->{dir}/plan");
    my $answer = @plan > 1 ? shift @plan : $plan[0];
    $self->plan(@plan) if @plan;
    open my $out, '>>', "$self->{dir}/received" or die "received: $!";
    print {$out} NotionSync::Test::encode({ signature => $header{'x-notion-signature'}, body => $body, answer => $answer,
        type => $header{'content-type'} }), "\n";
    close $out;
    print {$client} "HTTP/1.1 $answer Done\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" if $answer ne 'hang';
    close $client;
    return;
}

# Everything received so far: {signature, body (as sent), json, answer}.
sub all {
    my ($self) = @_;
    my $file = "$self->{dir}/received";
    return () unless -e $file;
    my @all = map { NotionSync::Test::decode($_) } grep { length } split /\n/, NotionSync::Test::read_file($file);
    $_->{json} = eval { NotionSync::Test::decode($_->{body}) } for @all;
    return @all;
}

sub clear { my ($self) = @_; return unlink "$self->{dir}/received" }

sub signed_by {
    my ($self, $event, $token) = @_;
    return ($event->{signature} // '') eq 'sha256=' . hmac_sha256_hex($event->{body}, $token);
}

sub stop {
    my ($self) = @_;
    return unless $self->{pid} && $self->{owner} == $$;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    return delete $self->{pid};
}

sub DESTROY { my ($self) = @_; local ($?, $!); $self->stop; return }

1;

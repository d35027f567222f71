package NotionSync::Clock;
# A clock that a test sets, for an httpd and its children. The whole test is skipped without libfaketime, and in a build with sanitizers.
#
#     my $clock = NotionSync::Clock->new;                 # or ->new(DONT_FAKE_MONOTONIC => 1): only the time of day
#     my $sync  = start_sync(env => $clock->env, ...);
#     $clock->set('+1h');                                 # an hour ahead, from now on
use strict;
use warnings;
use NotionSync::Test qw(build_info lacking plan temp_dir write_file);

sub new {
    my ($class, %env) = @_;
    plan(skip_all => 'not together with sanitizers') if build_info->{sanitize};
    my ($shim) = grep { -e } map { glob "$_/faketime/libfaketime.so.1" } '/usr/lib/*', '/usr/lib', '/usr/local/lib';
    lacking('no libfaketime') unless $shim;
    my $self = bless { file => temp_dir() . '/offset' }, $class;
    $self->{env} = { LD_PRELOAD => $shim, FAKETIME_TIMESTAMP_FILE => $self->{file}, FAKETIME_NO_CACHE => 1, FAKETIME_DONT_RESET => 1, %env };
    return $self->set('+0');
}

sub env { return $_[0]{env} }

# At once, or those who read it meanwhile would find half of it.
sub set {
    my ($self, $offset) = @_;
    write_file("$self->{file}.new", "$offset\n", 0644);
    rename "$self->{file}.new", $self->{file} or die "$self->{file}: $!\n";
    return $self;
}

1;

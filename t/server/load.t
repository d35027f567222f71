# The built module loads into the httpd it was built for.
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Test::More tests => 1;

open my $fh, '<', "$ENV{NTS_BUILDDIR}/t/build.json" or die $!;
my $build = decode_json(do { local $/; <$fh> });
my $out = `$build->{httpd} -t -C 'LoadModule mpm_event_module $build->{httpd_modules}/mod_mpm_event.so' -C 'LoadModule notionsync_module $build->{module}' -C 'ServerName localhost' -C 'ErrorLog /dev/null' -f /dev/null 2>&1`;
like($out, qr/Syntax OK/, 'httpd loads mod_notionsync.so') or diag $out;

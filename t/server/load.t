# The built module loads into the httpd it was built for, which starts, restarts and stops without complaint.
use strict;
use warnings;
use NotionSync::Test;

my $httpd = new_httpd();
my ($exit, $output) = $httpd->configtest;
is($exit, 0, 'configtest') or diag $output;
like($output, qr/Syntax OK/, 'and it says so');

$httpd->start;
is($httpd->get('/index.html')->{body}, "here\n", 'the server answers');
$httpd->graceful;
is($httpd->get('/index.html')->{status}, 200, 'also after a graceful restart');
$httpd->restart;
is($httpd->get('/index.html')->{status}, 200, 'and after a stop and a start');

finish();

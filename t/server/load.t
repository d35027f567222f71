# The built module loads into the httpd it was built for, which starts, restarts and stops without complaint.
use strict;
use warnings;
use NotionSync::Test;

# One child: a request it answered proves that it is up. A child of this httpd that is told to end while it is still
# starting now and then crashes, with or without the module.
my $httpd = new_httpd(limits => "ServerLimit 1\nStartServers 1\nThreadsPerChild 8\nMinSpareThreads 1\nMaxSpareThreads 8\nMaxRequestWorkers 8\n");
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

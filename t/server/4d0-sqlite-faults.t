# Whatever befalls an SQLite file, its folder, its rights, its disk or its table: nothing that was edited on either side is lost, the
# status says what is wrong, and the sync goes on by itself when it is mended.
use strict;
use warnings;
use NotionSync::Sync;
use NotionSync::SqlCases;

# The table alone stands where there is little room; what is ours does not.
my ($folder, $disk);
END { local $?; system 'umount', '-l', $folder if $disk }

sub make_folder {
    ($folder) = map { "$_/table" } @_;
    mkdir $folder or die "$folder: $!";
    $disk = $> == 0 && !system "mount -t tmpfs -o size=1m notionsync-test '$folder' 2>/dev/null";
    return $folder;
}

my $sync = new_sync(
    folder => \&make_folder,
    before => sub { $_[0]->add_pages(map { { name => "Page $_", score => $_ } } 1 .. 12) },
);
$sync->httpd->give($folder, 0700);
$sync->start;
$sync->wait_equal(what => 'both sides are equal');
$sync->wait_quiet;

my $file   = $sync->file;
my $faults = fault_cases($sync);
sub befalls { return $faults->befalls(@_) }

befalls('the file is not there',
    break => sub { rename $file, "$file.away" or die "$file: $!" }, mend => sub { rename "$file.away", $file or die "$file: $!" },
    code => qr/sql\.unreachable/, says => qr/unable to open|no such file/i, state => 'blocked', no_rows => 1);

# Another program has it, and does not let go.
{
    my $shell;
    befalls('the file is locked',
        break => sub {
            my $flag = $sync->httpd->root . '/locked';
            open $shell, '|-', 'sqlite3', '-batch', $file or die "sqlite3: $!";
            $shell->autoflush(1);
            print {$shell} "BEGIN EXCLUSIVE;\n.shell touch $flag\n";
            wait_for { -e $flag } 20, 'it is locked';
        },
        mend => sub { print {$shell} "COMMIT;\n.quit\n"; close $shell },
        code => qr/sql\.busy/, says => qr/locked/, no_rows => 1);
}

# An application keeps what it has opened, so does httpd; that nothing new may be made beside the file, as each write does, is heard at once.
SKIP: {
    skip 'files of root alone can be kept from httpd', 4 unless $> == 0;
    befalls('the right to write is taken',
        break => sub { chown 0, 0, $folder, $file; chmod 0755, $folder; chmod 0644, $file },
        mend  => sub { $sync->httpd->give($folder, 0700); $sync->httpd->give($file, 0600) },
        code  => qr/sql\.denied/, says => qr/readonly/, state => 'blocked', person => 1, no_rows => 1);
}

SKIP: {
    skip 'no right to mount a small disk', 3 unless $disk;
    befalls('the disk is full',
        break => sub { system "dd if=/dev/zero of='$folder/filler' bs=4k 2>/dev/null" },
        mend  => sub { unlink "$folder/filler" or die "filler: $!" },
        value => join(' ', map { sprintf 'line %05d of many', $_ } 1 .. 1500), code => qr/sql\.disk/, says => qr/full/, no_rows => 1);
}

# Only its own field stands still. One that a trigger names SQLite does not drop.
my %column = (suspends => 'mapping.column_missing', field => 'phone', meanwhile => '+49 30 1');
my $bare   = join ' ', map { "DROP TRIGGER _notionsync_${_}_contacts;" } qw(insert update delete);
befalls('a column is renamed', %column, break => sub { $sync->sql('ALTER TABLE contacts RENAME phone TO telephone') },
    mend => sub { $sync->sql('ALTER TABLE contacts RENAME telephone TO phone') });
befalls('a column is dropped', %column, break => sub { $sync->sql("$bare ALTER TABLE contacts DROP phone") },
    mend => sub { $sync->sql('ALTER TABLE contacts ADD phone text') });
befalls('a column gets another type', suspends => 'field.unsupported', field => 'score', meanwhile => 77,
    break => sub { $sync->sql("$bare ALTER TABLE contacts DROP score; ALTER TABLE contacts ADD score blob") },
    mend  => sub { $sync->sql("$bare ALTER TABLE contacts DROP score; ALTER TABLE contacts ADD score real") });

$sync->wait_equal;
$sync->wait_quiet;
$sync->verify_ok(equal => 12);
$sync->httpd->log_expect(qr/sql\.unreachable/, qr/mapping\.column_missing/, qr/field\.unsupported/);
$sync->httpd->log_allow(qr/sql\.(?:busy|disk|denied|triggers|schema)/);
finish();

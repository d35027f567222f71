# Keys of SQLite's that are fields of Notion as well.
use strict;
use warnings;
use NotionSync::Sync;
use NotionSync::SqlCases;

keys_are_followed();
finish();

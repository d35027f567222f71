#!/bin/sh
# Shows two-way sync between Notion and an SQLite database: installs what is missing (Debian packages), builds in
# build/, starts a private httpd with the module below demo-state/. t/demo/demo.pl is the demonstration itself.
#   ./demo.sh          stays up until it is interrupted
#   ./demo.sh --once   runs through edits, conflicts, deletes and an undo by itself; exit 0 if all did what they should
# With NOTION_TOKEN and NOTION_DATA_SOURCE it talks to the real Notion, else to the bundled simulator.
set -e
cd "$(dirname "$0")"
case "$#:$1" in
0: | 1:--once) ;;
*) echo "usage: $0 [--once]" >&2; exit 2 ;;
esac

t/packages build
mkdir -p build
log=build/demo.log
build() {
  [ -x configure ] || ./autogen.sh
  cd build
  [ -e Makefile ] || ../configure
  make -j"$(nproc)"
  make t/sim/mod_notionsim.la
}
[ -e build/t/sim/.libs/mod_notionsim.so ] || echo "Building in build/ (a minute or two, once)"
if ! (build) >$log 2>&1 </dev/null; then
  tail -n 30 $log >&2
  echo "$0: the build failed; all of it is in $log" >&2
  exit 1
fi
NTS_BUILDDIR=build
export NTS_BUILDDIR
exec perl -It/lib t/demo/demo.pl "$@"

#!/bin/sh
# Installs what is missing (Debian packages, npm packages below t/node), builds in build/ and runs every test.
# Arguments go to make: ./check.sh T=t/server
set -e
cd "$(dirname "$0")"
t/packages check
if [ -e t/node/package.json ] && [ ! -d t/node/node_modules ]; then
  echo "Installing npm packages of t/node"
  (cd t/node && npm ci --loglevel=error --no-audit --no-fund </dev/null)
fi
[ -x configure ] || ./autogen.sh
mkdir -p build
cd build
[ -e Makefile ] || ../configure --enable-maintainer-mode
# Here a test that finds its tools missing fails instead of being skipped.
NTS_NO_SKIP=1
export NTS_NO_SKIP
exec make -j"$(nproc)" check "$@"

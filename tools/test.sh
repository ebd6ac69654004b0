#!/bin/sh
# From a bare machine to all tests: installs what is missing, builds, runs every test and ends with ctest's
# summary. Counts are reduced; --full runs those that the project's checks name (TCONV_TEST_FULL=1).
# Other arguments go to ctest (-R NAME).
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
if [ "${1:-}" = --full ]; then
  export TCONV_TEST_FULL=1
  shift
fi
install_missing
install_wanted chromium-headless-shell  # report_browser
build
ctest --preset release -j "$(nproc)" "$@" || exit 1

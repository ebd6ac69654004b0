#!/bin/sh
# From a bare machine to the main job: installs what is missing, builds, and plans, compiles, checks and times
# every layer of bench/layers.csv in one table. Arguments go to `tconv bench` (--threads 2, --layout first).
set -eu
cd "$(dirname "$0")/.."
. tools/setup.sh
install_missing
build tconv_cli tconv
exec build/tconv bench --check --rounds 3 --round-us 5000 --layers bench/layers.csv "$@"

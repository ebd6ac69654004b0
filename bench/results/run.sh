#!/bin/sh
# Measures everything that docs/results.md shows into a folder of JSON files, then writes the page.
#
#   bench/results/run.sh BUILD FOLDER [peers.py options ..]
#
# BUILD has `tconv` and `libtconv.so`; FOLDER is made if need be, and files that are already there are
# not measured again. What follows goes to bench/peers/peers.py (--onednn, --python, --engines ..); without it there are no peers.
# RESULTS_THREADS ("1 2"), RESULTS_LAYERS ("layers extra_layers"), RESULTS_ROUNDS (7), RESULTS_PAGE (docs/results.md), PYTHON (python3).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bench=$(dirname "$here")
[ $# -ge 2 ] || {
  echo "usage: run.sh BUILD FOLDER [peers.py options ..]" >&2
  exit 2
}
build=$1 folder=$2
shift 2
[ -x "$build/tconv" ] || {
  echo "run.sh: $build/tconv: there is no such program" >&2
  exit 2
}
mkdir -p "$folder"
python=${PYTHON:-python3} rounds=${RESULTS_ROUNDS:-7}
TCONV_LIB=${TCONV_LIB:-$build/libtconv.so}
export TCONV_LIB

# once FILE COMMAND..: its standard output, whole or not at all. Status 1 is a layer that failed: the page says which.
once() {
  file=$folder/$1
  shift
  [ ! -s "$file" ] || return 0
  echo "$(basename "$file"): $*" >&2
  status=0
  "$@" >"$file.part" || status=$?
  [ "$status" -le 1 ] || exit "$status"
  mv "$file.part" "$file"
}

for threads in ${RESULTS_THREADS:-1 2}; do
  for layers in ${RESULTS_LAYERS:-layers extra_layers}; do
    once "bench-$layers-$threads.json" "$build/tconv" bench --layers "$bench/$layers.csv" --threads "$threads" --modes default,exact-order --rounds "$rounds" --json
    if [ $# -gt 0 ]; then
      once "peers-$layers-$threads.json" "$python" "$bench/peers/peers.py" --layers "$bench/$layers.csv" --threads "$threads" --rounds "$rounds" --json "$@"
    fi
  done
done
"$python" "$here/page.py" "$folder" -o "${RESULTS_PAGE:-$(dirname "$bench")/docs/results.md}"

#!/bin/sh
# bench/results: the page of made-up measurements, and what cannot be used. Needs python3.
set -eu
python=$1 results=$2 data=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "results.sh: $1" >&2
  cat "$work/err" >&2
  exit 1
}

# page STATUS FOLDER
page() {
  status=0
  "$python" -B "$results/page.py" "$2" -o "$work/page.md" 2>"$work/err" || status=$?
  [ "$status" = "$1" ] || fail "status $status instead of $1 for $2"
}

says() {
  grep -qF -e "$2" "$work/$1" || { cat "$work/$1" >&2; fail "'$2' is missing in $1"; }
}

page 0 "$data"
if [ "${TCONV_UPDATE_GOLDEN:-}" = 1 ]; then cp "$work/page.md" "$data/expected.md"; fi
diff -u "$data/expected.md" "$work/page.md" >"$work/err" || fail "the page differs"

# Without peers there are no columns for them.
mkdir "$work/alone"
cp "$data/bench-layers-1.json" "$work/alone/"
page 0 "$work/alone"
says page.md '| model | exact | create us | code bytes | plan |'
! grep -q onednn "$work/page.md" || fail "peers without measurements"

mkdir "$work/empty"
page 2 "$work/empty"
says err 'there is no bench-LAYERS-THREADS.json'
refuse() {
  rm -rf "$work/bad"
  cp -r "$data" "$work/bad"
  sed -i "$2" "$work/bad/$1"
  page 2 "$work/bad"
  says err "$3"
}
refuse bench-layers-1.json 's/tconv-bench-1/tconv-check-1/' 'its schema is not tconv-bench-1'
refuse bench-layers-2.json '1s/{/[/' 'bench-layers-2.json'
refuse peers-layers-1.json 's/"threads": 1/"threads": 2/' 'measured with 2 thread'
refuse peers-layers-1.json 's/"name": "a"/"name": "z"/' 'z is no layer of bench-layers-1.json'
cp "$data/bench-layers-1.json" "$work/bad/bench-1.json"
page 2 "$work/bad"
says err 'its name is not bench-LAYERS-THREADS.json'

status=0
"$results/run.sh" "$work/none" "$work/out" 2>"$work/err" || status=$?
[ "$status" = 2 ] || fail "run.sh without a build: status $status"
says err 'none/tconv: there is no such program'
echo "all as expected"

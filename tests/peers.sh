#!/bin/sh
# bench/peers: our library in both layouts against the definition in numpy, an engine that is missing, and bad input.
# Needs a python3 with numpy, and is skipped (status 77) with the reason where there is none.
set -eu
python=$1 peers=$2 layers=$3
export TCONV_LIB=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
  echo "skipped: $1"
  exit 77
}

fail() {
  echo "peers.sh: $1" >&2
  cat "$work/out" "$work/err" >&2
  exit 1
}

# expect STATUS ARGUMENT..: runs the driver.
expect() {
  wanted=$1 status=0
  shift
  "$python" -B "$peers/peers.py" --layers "$layers" --only '^(prime_everything_2d|depthwise_k3s2_128|many_images_tiny_ch)$' \
    --rounds 2 --turn-ms 1 "$@" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" = "$wanted" ] || fail "status $status instead of $wanted: $*"
}

says() {
  grep -qF -e "$2" "$work/$1" || fail "'$2' is missing"
}

"$python" -c 'import numpy' 2>"$work/err" || skip "$python has no numpy: $(tail -n 1 "$work/err")"
! ldd "$TCONV_LIB" | grep -qE 'lib(a|t)san' || skip "python is not built with the library's sanitizer"

# Packages of other engines are rarely there: at least no module uses a name that it never makes.
"$python" - "$peers"/*.py "$peers"/engines/*.py <<'CHECK' >"$work/out" 2>&1 || fail "a module uses an unknown name"
import ast, builtins, sys
for path in sys.argv[1:]:
    nodes = list(ast.walk(ast.parse(open(path, encoding="utf-8").read())))
    made = {*dir(builtins), "__file__", "__name__"}
    made |= {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    made |= {n.name for n in nodes if isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler))}
    made |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    made |= {(n.asname or n.name).split(".")[0] for n in nodes if isinstance(n, ast.alias)}
    unknown = {n.id for n in nodes if isinstance(n, ast.Name)} - made
    assert not unknown, f"{path}: {unknown}"
CHECK

expect 0 --engines ours,ours@first,numpy-reference
says out '3 layers, 3 engines: 0 results disagree, 0 missing'
says out 'ours@first / ours, 16 or more channels in and out: geometric mean'
expect 0 --engines ours,onednn,numpy-reference --onednn "$work/missing" --json
says err 'onednn: left out'
"$python" - "$work/out" <<'CHECK' || fail "the object is not as it should be"
import json, sys
with open(sys.argv[1]) as file:
    report = json.load(file)
assert report["schema"] == "tconv-peers-1" and list(report["left_out"]) == ["onednn"]
for row in report["results"]:
    for cell in row["engines"].values():
        assert cell["us"] > 0 and cell["relative_l2"] < 1e-6 and len(cell["turns_us"]) == 2
CHECK

for dtype in bf16 f16; do
  expect 0 --engines ours,ours@first,numpy-reference --dtype $dtype
  says out '3 layers, 3 engines: 0 results disagree, 0 missing'
done
expect 0 --engines ours,tensorflow,torch,jax,litert,numpy-reference
says out 'engines: 0 results disagree'
expect 2 --engines ours --dtype f8
expect 1 --engines ours,numpy-reference --tolerance 1e-12
says out 'differs from numpy-reference'
expect 2 --engines onednn,ours --onednn "$work/missing"
expect 2 --engines nobody
expect 2 --engines ours --layers "$work/missing.csv"
says err 'missing.csv'
echo "all as expected"

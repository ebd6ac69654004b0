#!/bin/sh
# The installed library as programs meet it: what it needs, what it shows, where it looks for others, how large it is.
# LIBRARIES are those that it may need beside the C and C++ runtime (an extended regular expression).
set -eu
prefix=$1 build_type=$2 libraries=$3
shift 3 # what is left: folders that nothing may refer to
runtime='lib(c|m|dl|pthread|stdc\+\+|gcc_s)\.so\.[0-9]+|ld-linux-x86-64\.so\.2'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "library_file.sh: $1" >&2
  exit 1
}

case $CXXFLAGS in
  *-fsanitize*)
    echo "skipped: a sanitizer adds libraries and symbols of its own"
    exit 77
    ;;
esac
library=$(find "$prefix" -name libtconv.so)
part=$(dirname "$library")/libtconv_disassembler.so
onnx=$(dirname "$library")/libtconv_onnx.so # where the build had ONNX
[ -e "$onnx" ] || onnx=
keras=$(dirname "$library")/libtconv_keras.so # where the build had zlib
[ -e "$keras" ] || keras=
llvm=$(dirname "$library")/libtconv_llvm.so # not with TCONV_LLVM=OFF
[ -e "$llvm" ] || llvm=

# needs_only FILE REGEX: of the libraries that FILE names.
needs_only() {
  readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >"$work/needed"
  [ -s "$work/needed" ] || fail "readelf finds nothing that $1 needs"
  if grep -vxE "$2" "$work/needed"; then fail "$1 needs the libraries above"; fi
}

# Every folder that FILE has the loader look in is absolute or its own, and none of the build's.
looks_in_sane_folders() {
  file=$1
  shift
  readelf -dW "$file" | sed -n 's/.*(R\(UN\)\{0,1\}PATH).*\[\(.*\)\]/\2/p' | tr ':' '\n' >"$work/paths"
  if grep -vE '^(/|\$ORIGIN)' "$work/paths"; then fail "$file looks in the relative folders above"; fi
  for folder; do
    if grep -F -e "$folder" "$work/paths"; then fail "$file looks in the folder above"; fi
  done
}

# Symbols without arguments and ABI tags; of an Error also what it takes to catch one.
shown_by() {
  nm -DC --defined-only "$1" | cut -d ' ' -f 3- | sed -E 's/\(.*//; s/\[abi:[a-z0-9]+\]//g; s/^(typeinfo|typeinfo name|vtable) for //' | sort -u
}

needs_only "$library" "$runtime${libraries:+|$libraries}"
needs_only "$part" "$runtime|libZydis\.so\..*"
[ -z "$onnx" ] || needs_only "$onnx" "$runtime|libonnx_proto\.so\..*|libprotobuf\.so\..*"
[ -z "$keras" ] || needs_only "$keras" "$runtime|libz\.so\..*|libhdf5_serial\.so\..*"
[ -z "$llvm" ] || needs_only "$llvm" "$runtime|libLLVM.*\.so\..*"
for file in "$library" "$part" $onnx $keras $llvm "$prefix/bin/tconv"; do
  looks_in_sane_folders "$file" "$@"
done

headers=$prefix/include/tconv
shown_by "$library" >"$work/shown"
tr '\n' ' ' <"$headers/tconv.h" | grep -oE 'TCONV_API[^;]*\<tconv_[a-z_]+\(' | grep -oE 'tconv_[a-z_]+\($' |
  tr -d '(' >"$work/declared"
[ -s "$work/declared" ] || fail "tconv.h declares nothing"
for symbol in $(tr ' ' '?' <"$work/shown"); do
  case $symbol in
    tconv_*) grep -qxF "$symbol" "$work/declared" || fail "$symbol is shown and not in tconv.h" ;;
    tconv::ir::* | tconv::planner::* | tconv::jit::* | tconv::runtime::*) fail "$symbol is shown and is not API" ;;
    tconv::*) grep -qwF -e "${symbol##*::}" "$headers"/*.hpp || fail "$symbol is shown and in no header" ;;
    *) fail "$symbol is shown and is not of tconv" ;;
  esac
done
for function in $(cat "$work/declared"); do
  grep -qxF "$function" "$work/shown" || fail "$function is declared and not shown"
done
for file in "$part" $onnx $keras $llvm; do
  [ "$(shown_by "$file")" = tconv_part ] || fail "$file shows more than tconv_part: $(shown_by "$file")"
done

strip -o "$work/stripped" "$library"
bytes=$(wc -c <"$work/stripped")
echo "$bytes bytes stripped, $(wc -l <"$work/shown") symbols shown"
[ "$build_type" != Release ] || [ "$bytes" -lt 3000000 ] || fail "libtconv.so has 3 MB or more, stripped"

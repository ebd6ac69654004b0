#!/bin/sh
# The library as somebody else finds it: `prefix` installs the build below WORK and moves it, `find_package` builds the
# examples with CMake from there, `pkg_config` with the plain compilers; both against the shared library and the archive.
# `kernels` builds examples/aot from there, `cross` for AArch64; `part` has a program of either kind disassemble, with the part where it was installed and without it.
# CC, CXX, CFLAGS and CXXFLAGS are those of the build, so that a sanitizer's library meets a sanitizer's program.
set -eu
step=$1 build=$2 examples=$3 work=$4
prefix=$work/moved

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

install_prefix() {
  rm -rf "$work"
  cmake --install "$build" --prefix "$work/first" >/dev/null
  mv "$work/first" "$prefix"
  if grep -rF -e "$build" -e "${examples%/*}" "$prefix/lib"*/cmake "$prefix/lib"*/pkgconfig; then
    fail "the lines above name folders of the build"
  fi
  "$prefix/bin/tconv" dump --stage asm "f32 nhwc ic=16 oc=16 i=8x8 k=2 s=2" | grep -q vfmadd || fail "no disassembly"
}

find_package() {
  cp -r "$examples" "$work/examples"
  cmake -G Ninja -S "$work/examples" -B "$work/examples-build" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF >/dev/null
  cmake --build "$work/examples-build" >/dev/null
  ctest --test-dir "$work/examples-build" --output-on-failure --no-tests=error
}

# link NAME PACKAGE COMPILER FLAG..: builds the example against what PACKAGE says and runs it.
link() {
  source=$1 package=$2
  shift 2
  program=$work/$source.$package
  "$@" $(pkg-config --cflags "$package") -o "$program" "$examples/$source" $(pkg-config --libs "$package")
  echo "$source against $package:"
  LD_LIBRARY_PATH=$libdir "$program" || fail "$source failed"
}

uses_shared() {
  LD_LIBRARY_PATH=$libdir ldd "$1" | grep -qF "$libdir/libtconv.so"
}

find_libraries() {
  libdir=$(dirname "$(find "$prefix" -name libtconv.so)")
  export PKG_CONFIG_PATH="$libdir/pkgconfig"
}

pkg_config() {
  find_libraries
  for package in tconv tconv-static; do
    link upsample.c $package $CC -std=c99 $CFLAGS
    link upsample.cpp $package $CXX -std=c++20 $CXXFLAGS
    link tf_functions.cpp $package $CXX -std=c++20 $CXXFLAGS
  done
  uses_shared "$work/upsample.c.tconv" || fail "the first program does not use the installed library"
  ! uses_shared "$work/upsample.c.tconv-static" || fail "the archive's program uses the shared library"
}

# The same for another CPU: only the program is built for it, the tool runs here.
cross() {
  for program in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $program >/dev/null || {
      echo "skipped: $program is not installed (packages gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user)"
      exit 77
    }
  done
  find_libraries
  [ -e "$libdir/libtconv_llvm.so" ] || {
    echo "skipped: this build has no LLVM (TCONV_LLVM=OFF)"
    exit 77
  }
  cmake -G Ninja -S "$examples/aot" -B "$work/aot-cross" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc \
    -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" -DCMAKE_CROSSCOMPILING_EMULATOR="qemu-aarch64;-L;/usr/aarch64-linux-gnu" \
    -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF >/dev/null
  cmake --build "$work/aot-cross" >/dev/null
  ctest --test-dir "$work/aot-cross" --output-on-failure --no-tests=error
  readelf -h "$work/aot-cross/decoder" | grep -q AArch64 || fail "the program is not for AArch64"
}

# tconv_add_kernels: the kernels are made when the program is built, again when the layers change, and not otherwise.
kernels() {
  project=$work/aot
  cp -r "$examples/aot" "$project"
  cmake -G Ninja -S "$project" -B "$project/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS="$CFLAGS -Wall -Wextra -Werror" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF >/dev/null
  cmake --build "$project/build" >/dev/null
  ctest --test-dir "$project/build" --output-on-failure --no-tests=error
  cmake --build "$project/build" | grep -q 'no work to do' || fail "a second build compiles the kernels again"
  if ldd "$project/build/decoder" | grep -E 'tconv|stdc|LLVM'; then fail "the program needs the libraries above"; fi
  echo 'up3,1,3,3,1,32x32,2x2,2x2,1x1,0x0,64x64' >>"$project/layers.csv"
  cmake --build "$project/build" >/dev/null
  grep -q up3_run "$project/build/decoder_kernels/decoder_kernels.h" || fail "a new layer does not come into the header"
  echo 'broken' >>"$project/layers.csv"
  if cmake --build "$project/build" >"$work/aot.log"; then fail "a broken CSV builds"; fi
  grep -q 'layers.csv' "$work/aot.log" || fail "the error does not name the CSV"
}

# Without LD_LIBRARY_PATH, which would show the loader the part as well.
part() {
  find_libraries
  source=${0%.sh}_code_text.cpp
  mkdir -p "$work/part"
  for package in tconv tconv-static; do
    rpath=
    [ $package = tconv-static ] || rpath=-Wl,-rpath,$libdir
    "$CXX" -std=c++20 $CXXFLAGS $(pkg-config --cflags "$package") -o "$work/part/$package" "$source" \
      $(pkg-config --libs "$package") $rpath
  done
  "$work/part/tconv" || fail "the installed library does not find its part"
  status=0
  "$work/part/tconv-static" || status=$?
  [ $status = 3 ] || [ -n "$(find /usr/lib /usr/local/lib -name libtconv_disassembler.so)" ] ||
    fail "status $status instead of 3 without a part"
  cp "$libdir/libtconv_disassembler.so" "$work/part"
  "$work/part/tconv-static" || fail "the archive's program does not find the part beside itself"
}

case $step in
  prefix) install_prefix ;;
  find_package | pkg_config | part | kernels | cross) $step ;;
  *) fail "no step $step" ;;
esac

#!/bin/sh
# The library as somebody else finds it: `prefix` installs the build below WORK and moves it, `find_package` builds the
# examples with CMake from there, `pkg_config` with the plain compilers; both against the shared library and the archive.
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
  "$prefix/bin/tconv" plan "f32 nhwc ic=16 oc=16 i=8x8 k=2 s=2" >/dev/null
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

pkg_config() {
  libdir=$(dirname "$(find "$prefix" -name libtconv.so)")
  export PKG_CONFIG_PATH="$libdir/pkgconfig"
  for package in tconv tconv-static; do
    link upsample.c $package $CC -std=c99 $CFLAGS
    link upsample.cpp $package $CXX -std=c++20 $CXXFLAGS
  done
  uses_shared "$work/upsample.c.tconv" || fail "the first program does not use the installed library"
  ! uses_shared "$work/upsample.c.tconv-static" || fail "the archive's program uses the shared library"
}

case $step in
  prefix) install_prefix ;;
  find_package | pkg_config) $step ;;
  *) fail "no step $step" ;;
esac

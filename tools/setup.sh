# Sourced by demo.sh and test.sh: installs what is missing, configures and builds.
# Needs Debian 12 or something that has its packages; does nothing when everything is there.

fail() {
  echo "$(basename "$0"): $1" >&2
  exit "${2:-2}"
}

packages="g++ cmake ninja-build libxbyak-dev libtbb-dev libgtest-dev libbenchmark-dev libcli11-dev
  nlohmann-json3-dev libfmt-dev libzydis-dev libzycore-dev libonnx-dev libprotobuf-dev llvm-19-dev
  libhdf5-dev zlib1g-dev
  pkg-config gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
  python3-numpy"

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs a package that only one test wants; without it that test is skipped and says so.
install_wanted() {
  is_installed "$1" && return 0
  as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo"
  echo "installing: $1"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null ||
    echo "$(basename "$0"): apt-get could not install $1; what needs it will be skipped" >&2
}

install_missing() {
  command -v dpkg-query >/dev/null || fail "Debian's packages are needed: $(echo $packages)"
  missing=""
  for package in $packages; do
    is_installed "$package" || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "root or sudo is needed to install:$missing"
    as_root="sudo"
  fi
  echo "installing:$missing"
  # A stale or missing index is refreshed; without a network the packages may still be in apt's cache.
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
    echo "$(basename "$0"): apt-get update failed; trying with the index that is there" >&2
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    $missing >/dev/null || fail "apt-get could not install:$missing"
}

# build TARGET..: configures preset release when needed and builds.
build() {
  log=$(cmake --preset release 2>&1) || { echo "$log" >&2; fail "configuring failed" 1; }
  [ $# -eq 0 ] || set -- --target "$@"
  cmake --build --preset release "$@" || fail "the build failed" 1
}

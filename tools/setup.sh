# Sourced by tools/demo, tools/check and .ci/run: installs what is missing and
# builds. Everything comes from Debian's packages.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${LLMC_BUILD:-$root/build}
llvm=/usr/lib/llvm-22

packages=(g++ clang-22 libclang-rt-22-dev lld-22 llvm-22-dev llvm-22-tools
  libmlir-22-dev mlir-22-tools cmake ninja-build ccache zlib1g-dev
  libzstd-dev libfmt-dev libcli11-dev nlohmann-json3-dev libgtest-dev
  libboost-context-dev openmpi-bin python3 bible-kjv)

install_packages() {
  local missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null |
      grep -q 'install ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  local sudo=
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "error: these Debian packages are missing and need root to install: ${missing[*]}" >&2
      echo "       run as root:  apt-get install ${missing[*]}" >&2
      exit 1
    fi
    sudo=sudo
  fi
  echo "installing Debian packages: ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq \
    --no-install-recommends "${missing[@]}" >"$build/install.log" 2>&1 || {
    tail -20 "$build/install.log" >&2
    echo "error: installing failed; the whole log is $build/install.log" >&2
    exit 1
  }
}

build_llmc() { # build_llmc TARGET...
  # Configuring again is cheap only when nothing changed, so ninja decides.
  if [ ! -f "$build/build.ninja" ]; then
    echo "configuring in $build"
    cmake -G Ninja -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release \
      -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
      -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld \
      -DMLIR_DIR=$llvm/lib/cmake/mlir -DLLVM_DIR=$llvm/lib/cmake/llvm \
      -DLLVM_EXTERNAL_LIT=$llvm/bin/lit >"$build/configure.log" 2>&1 || {
      tail -20 "$build/configure.log" >&2
      echo "error: configuring failed; the whole log is $build/configure.log" >&2
      exit 1
    }
  fi
  echo "building (the first time takes some minutes)"
  ninja -C "$build" "$@"
}

configure_sanitized() { # configure_sanitized FOLDER RUNTIME_ONLY SANITIZERS FUZZ
  [ ! -f "$1/build.ninja" ] || return 0
  mkdir -p "$1"
  cmake -G Ninja -S "$root" -B "$1" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -DLLMC_RUNTIME_ONLY="$2" \
    -DMLIR_DIR=$llvm/lib/cmake/mlir -DLLVM_DIR=$llvm/lib/cmake/llvm \
    -DLLMC_SANITIZE="$3" -DLLMC_FUZZ="$4" \
    >"$1/configure.log" 2>&1 || {
    tail -20 "$1/configure.log" >&2
    echo "error: configuring failed; the whole log is $1/configure.log" >&2
    exit 1
  }
}

# The runtime, its tests and fuzzers again, without LLVM, under the address and
# the undefined-behaviour sanitizer, in a folder of their own.
sanitized=${LLMC_SANITIZE_BUILD:-$root/build-sanitize}
build_sanitized() { # build_sanitized TARGET...
  configure_sanitized "$sanitized" ON address,undefined ON
  ninja -C "$sanitized" "$@"
}

# The runtime again under the thread sanitizer, which does not go with the
# others: of its tests those in which several threads meet.
threads=${LLMC_THREADS_BUILD:-$root/build-threads}
build_threads() { # build_threads TARGET...
  configure_sanitized "$threads" ON thread OFF
  ninja -C "$threads" "$@"
}

# The compiler's fuzzers under the first two, in a folder of their own; takes long.
sanitized_compiler=${LLMC_SANITIZE_COMPILER_BUILD:-$root/build-sanitize-compiler}
build_sanitized_compiler() { # build_sanitized_compiler TARGET...
  configure_sanitized "$sanitized_compiler" OFF address,undefined ON
  ninja -C "$sanitized_compiler" "$@"
}

mkdir -p "$build"
install_packages

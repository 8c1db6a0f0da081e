#!/bin/sh
# Installs what is missing and says what and why. `build`: what a build needs; `checks`: what the checks need; `api`:
# what fuzzing the HTTP interface needs; `faults`: what the tests of real processes do their faults with; `web`: what
# the code for browsers is checked, bundled and tested with.
set -eu

TOOLS=${TOOLS:-$HOME/.cache/zhulian/tools}
CARGO_DENY=0.20.2
CARGO_NEXTEST=0.9.143
TYPOS=1.52.0
SCHEMATHESIS=4.32.5

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif have sudo; then sudo "$@"; else return 1; fi
}

# Installs Debian packages: what for, then their names.
install_packages() {
    why=$1
    shift
    have apt-get || fail "Missing: $* ($why). This is not a Debian system; install the like by hand."
    say "Installing $* with apt-get: $why."
    as_root apt-get update -qq && as_root apt-get install -y -qq "$@" >/dev/null ||
        fail "Could not install $*. Install it as root: apt-get install $*"
}

have_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return 0
    # libclang-cpp is another library: what bindgen loads is libclang.so or libclang-14.so.
    for folder in /usr/lib/llvm-*/lib /usr/lib/*-linux-gnu /usr/lib64 /usr/local/lib; do
        for library in "$folder"/libclang.so* "$folder"/libclang-[0-9]*.so*; do
            [ -e "$library" ] && return 0
        done
    done
    return 1
}

setup_build() {
    have cargo || fail "Rust is missing. Install it from https://rustup.rs, then run this again."
    have c++ || install_packages "RocksDB is written in C++ and compiled here" g++
    have_libclang || install_packages "the bindings to RocksDB are generated from its headers with libclang" libclang-dev
    say "The build has what it needs: $(cargo --version), a C++ compiler, libclang."
}

have_faketime() {
    for library in /usr/lib/faketime/libfaketimeMT.so.1 /usr/lib/*/faketime/libfaketimeMT.so.1; do
        [ -e "$library" ] && return 0
    done
    return 1
}

# Without these some faults cannot be made; the tests say which they leave out.
setup_faults() {
    faults=
    have ip || faults="$faults iproute2"
    have strace || faults="$faults strace"
    have_faketime || faults="$faults libfaketime"
    if [ -n "$faults" ]; then
        why="network namespaces are made with iproute2, a disk is slowed with strace, a clock set wrong with libfaketime"
        # Word by word: they are names of packages.
        # shellcheck disable=SC2086
        (install_packages "$why" $faults) || say "Without$faults some faults are left out."
    fi
    say "The tests of real processes have: iproute2 $(have ip && echo yes || echo no), strace $(have strace && echo yes || echo no)."
}

# Builds a tool of crates.io once, apart from our own build.
cargo_tool() {
    have "$1" && return 0
    say "Installing $1 $2 into $TOOLS: $3. This takes some minutes, once."
    # Not in the checkout: its rust-toolchain.toml and clippy.toml are not meant for the tool.
    (cd / && CARGO_TARGET_DIR=$TOOLS/build cargo install --quiet --locked --root "$TOOLS" --version "$2" "$1") ||
        return 1
    rm -rf "$TOOLS/build"
}

setup_checks() {
    have softhsm2-util ||
        (install_packages "keys on PKCS#11 tokens are tested with a token in software" softhsm2) ||
        say "NOT TESTED: keys on PKCS#11 tokens. softhsm2 could not be installed."
    have age || install_packages "the stock program must open our encrypted key files, and we its" age
    have openssl || install_packages "keys and certificates that openssl makes are among the tests" openssl
    mkdir -p "$TOOLS/bin"
    PATH=$TOOLS/bin:$PATH
    cargo_tool cargo-deny "$CARGO_DENY" "judges licences and sources of the code of others" ||
        fail "Could not install cargo-deny."
    cargo_tool cargo-nextest "$CARGO_NEXTEST" "runs tests side by side with time limits" ||
        say "Could not install cargo-nextest; the tests run with cargo test."
    have typos || setup_typos
    say "The checks have what they need: cargo-deny$(have cargo-nextest && echo ', cargo-nextest')$(have typos && echo ', typos')."
}

# The spelling check is a convenience: without it the checks go on and say so.
setup_typos() {
    have python3 || return 0
    say "Installing typos $TYPOS into $TOOLS: it checks spelling."
    if python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$TOOLS/typos" "typos==$TYPOS" 2>/dev/null &&
        [ -x "$TOOLS/typos/bin/typos" ]; then
        ln -sf ../typos/bin/typos "$TOOLS/bin/typos"
    else
        say "Could not install typos; spelling is not checked."
    fi
}

# In an environment of its own, so that nothing else of Python changes.
setup_api() {
    have python3 || fail "Python 3 is missing; schemathesis is written in it. Install it, then run this again."
    home=$TOOLS/schemathesis
    [ "$("$home/bin/schemathesis" --version 2>/dev/null)" = "schemathesis, version $SCHEMATHESIS" ] && return 0
    say "Installing schemathesis $SCHEMATHESIS into $home: it makes requests up from the OpenAPI document."
    python3 -m venv --clear "$home" &&
        "$home/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS" ||
        fail "Could not install schemathesis."
}

# The packages stand in web/package-lock.json with their hashes; nothing of them runs while it is installed.
setup_web() {
    have node && have npm || fail "Node.js is missing; the browser's code is tested with it. Install Node.js 20 or newer with npm, then run this again."
    major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
    [ "$major" -ge 20 ] || fail "Node.js $(node --version) is too old; install 20 or newer, then run this again."
    web=$(cd "$(dirname "$0")/../web" && pwd)
    if [ ! -e "$web/node_modules/.package-lock.json" ] ||
        [ "$web/package-lock.json" -nt "$web/node_modules/.package-lock.json" ]; then
        say "Installing the packages of web/ with npm: the cryptography of the browser's sealer, a compiler and a bundler."
        (cd "$web" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
            fail "Could not install the packages of web/. Run npm ci in web/ and see what it says."
        touch "$web/node_modules/.package-lock.json"
    fi
    say "The browser's code has what it needs: Node.js $(node --version), npm $(npm --version)."
}

case ${1:-build} in
    build) setup_build ;;
    checks) setup_checks ;;
    api) setup_api ;;
    faults) setup_faults ;;
    web) setup_web ;;
    *) fail "usage: setup.sh build|checks|api|faults|web" ;;
esac

#!/bin/sh
# Compiles our own crates with the counters that libFuzzer follows and everything else as it is: RUSTC_WRAPPER of the
# fuzzing programs. The flags are those of cargo-fuzz without a sanitizer: our code has no unsafe block to sanitize.
set -eu
rustc=$1
shift
case " $* " in
    *" --crate-name pki "* | *" --crate-name sealing "* | *" --crate-name ledger "* | *" --crate-name consensus "* | *" --crate-name node "* | *" --crate-name scenarios "*)
        exec "$rustc" "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
            -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
            -Cllvm-args=-sanitizer-coverage-trace-compares
        ;;
esac
exec "$rustc" "$@"

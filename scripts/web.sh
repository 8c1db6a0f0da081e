#!/bin/sh
# Compiles, bundles and tests the code for browsers: alone, and against the crate `sealing`, which seals and opens too.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
cargo build --release --locked --package sealing --example cross
CROSS=${CARGO_TARGET_DIR:?}/release/examples/cross
export CROSS
cd web
exec npm test --silent

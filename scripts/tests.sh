#!/bin/sh
# Runs all tests but the long ones, or with `e2e` those: clusters of real processes that are killed, starved
# and lied to. With cargo-nextest where it is installed, for its time limits and its summary.
set -eu
long='package(scenarios) and binary(/^(cluster|faults|byzantine|api_refusals|certificates|governance|hostile|links|snapshot)$/)'
if [ "${1:-}" = e2e ]; then
    exec cargo nextest run --release --locked --workspace -E "$long"
fi
if command -v cargo-nextest >/dev/null 2>&1; then
    exec cargo nextest run --release --locked --workspace -E "not ($long)"
fi
echo "cargo-nextest is not installed; running with cargo test, without time limits per test."
exec cargo test --release --locked --workspace --no-fail-fast

#!/bin/sh
# Judges the code of others: licences, bans and sources always; advisories where their database is.
set -eu
if ! command -v cargo-deny >/dev/null 2>&1; then
    echo "cargo-deny is not installed; run make tools." >&2
    exit 1
fi
cargo deny --locked --log-level error check licenses bans sources

# Fetching and judging are two steps: a database that cannot be reached is not a clean one.
reason=$(mktemp)
trap 'rm -f "$reason"' EXIT
if cargo deny --locked --log-level error fetch db >"$reason" 2>&1; then
    exec cargo deny --locked --log-level error check --disable-fetch advisories
fi
echo "NOT CHECKED: security advisories. Their database could not be fetched:"
sed 's/^/    /' "$reason" | tail -n 4

#!/bin/sh
# Checks spelling; says so when it cannot.
set -eu
if command -v typos >/dev/null 2>&1; then
    exec typos
fi
echo "NOT CHECKED: typos is not installed (see make tools)."

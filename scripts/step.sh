#!/bin/sh
# Names a step, runs it, and says how long it took or that it failed.
set -eu
name=$1
shift
printf '\n== %s\n' "$name"
begin=$(date +%s)
if "$@"; then
    printf '== %s: passed in %s s\n' "$name" "$(($(date +%s) - begin))"
else
    status=$?
    printf '== %s: FAILED (%s)\n' "$name" "$*" >&2
    exit "$status"
fi

#!/bin/sh
# Starts the demonstration network, makes requests up from its OpenAPI document and puts them to a node: api-fuzz.sh
# EXAMPLES. No answer may be a failure of the node's, and every answer is what the document says. Stops everything.
set -eu
examples=$1
root=$(cd "$(dirname "$0")/.." && pwd)
program=${CARGO_TARGET_DIR:?}/release/zhulian
schemathesis=${TOOLS:?}/schemathesis/bin/schemathesis
work=$(mktemp -d)
network=
stop() {
    if [ -n "$network" ]; then
        kill "$network" 2>/dev/null || true
        wait "$network" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

"$program" demo --serve --no-kill --lang en --dir "$work/data" >"$work/demo.log" 2>&1 &
network=$!
tries=0
until grep -q "The network runs on" "$work/demo.log"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 240 ] || ! kill -0 "$network" 2>/dev/null; then
        cat "$work/demo.log" >&2
        echo "The demonstration network did not start." >&2
        exit 1
    fi
    sleep 1
done
url=$(grep -o 'http://127\.0\.0\.1:[0-9]*/v1/status' "$work/demo.log" | head -n 1)
url=${url%/v1/status}

cd "$work"
# What is found at $1, in the answer to $2.
found() {
    python3 -c 'import json, sys, urllib.request
value = json.load(urllib.request.urlopen(sys.argv[2]))
for part in sys.argv[1].split("."):
    value = value[int(part)] if part.isdigit() else value[part]
print(value)' "$1" "$url$2"
}

# The first certificate of an organisation that has enrolled.
certificate() {
    for place in 0 1 2 3 4 5 6 7 8 9 10 11; do
        code=$(found "data.$place.code" /v1/organisations) || return 1
        found data.0.fingerprint "/v1/organisations/$code/certificates" 2>/dev/null && return 0
    done
    return 1
}

# A stream of events never ends, so pages are asked for. One worker: two threads that parse at once end CPython 3.11 with
# "AST constructor recursion depth mismatch" now and then.
run() {
    echo
    echo "== $1"
    "$schemathesis" --config-file "$work/$2.toml" run "$url/openapi.json" \
        --phases examples,coverage,fuzzing --max-examples "$examples" --seed 20260302 --workers 1 \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method \
        --request-timeout 70 --suppress-health-check all --no-color
}
# How a body that is made up becomes bytes: as it is.
cat >"$work/bodies.py" <<'PYTHON'
import schemathesis


@schemathesis.serializer("application/cose", "application/cbor")
def as_bytes(context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
PYTHON
export SCHEMATHESIS_HOOKS=bodies PYTHONPATH="$work"
page='[[operations]]
include-name = "GET /v1/events"
parameters = { "query.format" = "json" }'
printf '%s\n' "$page" >"$work/unknown.toml"
# The second time the names are those of things that are there.
cat >"$work/known.toml" <<TOML
$page
[[operations]]
include-path-regex = "^/v1/listings/"
parameters = { "path.code" = "$(found data.0.code /v1/listings)" }
[[operations]]
include-path-regex = "^/v1/organisations/"
parameters = { "path.code" = "$(found data.0.code /v1/organisations)" }
[[operations]]
include-path-regex = "^/v1/guarantees/"
parameters = { "path.id" = "$(found data.0.id /v1/guarantees)" }
[[operations]]
include-path-regex = "^/v1/transactions/"
parameters = { "path.id" = "$(found data.transactions.0 /v1/blocks/1)" }
[[operations]]
include-path-regex = "^/v1/authorities/"
parameters = { "path.id" = "$(found data.0.id /v1/authorities)" }
[[operations]]
include-path-regex = "^/v1/certificates/"
parameters = { "path.fingerprint" = "$(certificate)" }
[[operations]]
include-path-regex = "^/v1/governance/changes/"
parameters = { "path.id" = "$(found data.0.id /v1/governance/changes)" }
[[operations]]
include-path-regex = "^/v1/blocks/"
parameters = { "path.block" = "1" }
TOML
status=0
run "Names made up" unknown || status=1
run "Names of things that are there" known || status=1

for path in /livez /readyz; do
    python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()' "$url$path" ||
        { echo "$path fails after the requests." >&2; status=1; }
done
exit "$status"

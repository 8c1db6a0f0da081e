#!/bin/sh
# Runs every fuzzing program for a while and sums up: fuzz.sh SECONDS [TARGET...]. Exits 1 when one finds a fault, and
# says how to repeat it. What libFuzzer learns stays in CORPUS; `fuzz/corpus` holds the seeds that are checked in.
set -eu
seconds=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
work=${FUZZ_DIR:-$HOME/.cache/zhulian/fuzz}
memory=${FUZZ_MEMORY_MIB:-2048}
targets=${*:-$(basename -s .rs "$root"/fuzz/fuzz_targets/*.rs)}
mkdir -p "$work"
cd "$root"
# One set of versions: the workspace's own.
cp Cargo.lock fuzz/Cargo.lock

echo "Building the fuzzing programs in $work/target; the first time this takes many minutes, RocksDB among them."
RUSTC_WRAPPER=$root/scripts/instrument.sh CARGO_TARGET_DIR=$work/target \
    cargo build --release --manifest-path fuzz/Cargo.toml ${FUZZ_CARGO_FLAGS:-} || {
    echo "The fuzzing programs do not build." >&2
    exit 1
}
programs=$work/target/release

failed=''
printf '%-12s %12s %10s %8s %9s  %s\n' target runs edges corpus rss_mib result
for target in $targets; do
    learned=$work/corpus/$target
    artifacts=$work/artifacts/$target
    log=$work/$target.log
    mkdir -p "$learned" "$artifacts"
    if "$programs/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb="$memory" -max_len=65536 \
        -artifact_prefix="$artifacts/" -print_final_stats=1 "$learned" "fuzz/corpus/$target" >"$log" 2>&1; then
        result=passed
    else
        result=FAILED
        failed="$failed $target"
    fi
    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
    edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    count=$(sed -n 's/.* corp: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    printf '%-12s %12s %10s %8s %9s  %s\n' \
        "$target" "$(stat number_of_executed_units)" "$edges" "$count" "$(stat peak_rss_mb)" "$result"
done

[ -z "$failed" ] && exit 0
for target in $failed; do
    input=$(sed -n 's/.*Test unit written to //p' "$work/$target.log" | tail -n 1)
    echo
    echo "$target found a fault: $(grep -m 1 -E 'panicked at|ERROR: libFuzzer|SUMMARY' "$work/$target.log" || true)"
    echo "Repeat it with: $programs/$target ${input:-$work/$target.log}"
    echo "Once it is mended, keep the input: cp ${input:-INPUT} fuzz/corpus/$target/"
done >&2
exit 1

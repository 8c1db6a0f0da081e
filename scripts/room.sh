#!/bin/sh
# Makes room for a build when the disk is short of it. Every new checkout compiles our own crates anew and leaves what it
# made in the shared target directory; of that and of incremental files nothing is needed again. Only when that does not
# make room enough does what other people's crates compiled to go as well, and with it a quarter of an hour.
set -eu

NEEDED_GIB=10
target=${CARGO_TARGET_DIR:-target}

free_gib() {
    folder=$target
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1048576) }'
}

[ "$(free_gib)" -ge "$NEEDED_GIB" ] && exit 0
[ -d "$target/release" ] || exit 0
echo "$(free_gib) GiB are free and a build may need $NEEDED_GIB: removing what earlier checkouts built in $target."
rm -rf "$target/release/incremental"
members=$(cargo metadata --no-deps --format-version 1 | grep -o '"name":"[a-z]*","version"' | cut -d '"' -f 4)
for member in $members; do
    cargo clean --release --quiet --package "$member"
done
find "$target/release/deps" -type f -perm -u+x ! -name '*.so' -delete

[ "$(free_gib)" -ge "$NEEDED_GIB" ] && exit 0
echo "$(free_gib) GiB are free still: removing everything built. RocksDB compiles again."
rm -rf "$target/release"

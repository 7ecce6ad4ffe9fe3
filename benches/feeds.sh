#!/usr/bin/env bash
# Feed publishing beside its floor: the least program that reads the same rows and leaves the same
# bytes. Makes a corpus, checks that the bytes are the same, and prints tables.
#
#   benches/feeds.sh [small|large|million] [--rivals]
#
# small    10,000 columns in 20 rubriques: under a minute, most of it building
# large    that, and 100,000 columns in 200 rubriques (the default)
# million  that, and 1,000,000 columns in 20 rubriques: 16 GB in target/bench
# --rivals also npm's `feed` and Python's `feedgen`, installed into target/bench
#
# BENCH_ROUNDS (5) is how often each program runs after one run to warm up.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

size=large
rivals=false
for word in "$@"; do
    case $word in
        small | large | million) size=$word ;;
        --rivals) rivals=true ;;
        *)
            sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
            exit 2
            ;;
    esac
done
rounds=${BENCH_ROUNDS:-5}

# As users build it: beside the examples, it would be built with what those want of its dependencies.
cargo build --release --locked --bin gazetier
cargo build --release --locked --examples
target=${CARGO_TARGET_DIR:-target}
work=$target/bench
corpus=$target/release/examples/corpus
race=$target/release/examples/race
mkdir -p "$work"
# Installed, as users run it: what the linker has just written lies in memory in pieces, and a start
# takes a millisecond longer.
gazetier=$work/gazetier
floor=$work/floor-program
install "$target/release/gazetier" "$gazetier"
install "$target/release/examples/floor" "$floor"
# What was built before is moved away, and removed when all is done: for minutes after files were
# removed, ext4 without a journal is slow to make others, for both, which would flatter the one that
# is slower otherwise.
trap 'rm -rf "$work/aside"' EXIT

declare -A columns=([small]=10000 [large]=100000 [million]=1000000)
declare -A rubriques=([small]=20 [large]=200 [million]=20)
case $size in
    small) sizes=(small) ;;
    large) sizes=(small large) ;;
    million) sizes=(small large million) ;;
esac

date -u +'%F %H:%M UTC'
printf '%s, %s processors, load %s\n' \
    "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"

make() {
    "$corpus" make "$work/$1" "${columns[$1]}" "${rubriques[$1]}"
}
for name in "${sizes[@]}"; do
    make "$name"
    # A corpus of another version of the store is of no use.
    "$gazetier" --config "$work/$name/config.toml" publish >/dev/null || {
        rm -rf "${work:?}/$name"
        make "$name"
    }
done

# What the floor writes is what gazetier writes, or the race means nothing. The three files beside
# the feeds (page, OPML, stylesheet) depend on no column; the floor leaves them out.
for name in "${sizes[@]}"; do
    folder=$work/$name
    mkdir -p "$work/aside"
    for old in feeds floor; do
        test ! -e "$folder/$old" || mv "$folder/$old" "$work/aside/old-$name-$old"
    done
    "$corpus" stale "$folder"
    "$gazetier" --config "$folder/config.toml" publish >/dev/null
    "$floor" build "$folder/store.db" "$folder/floor" 2 >/dev/null
    if diff -rq -x .gazetier -x index.html -x feeds.opml -x feed.css "$folder/feeds" "$folder/floor"; then
        find "$folder/floor" -type f -printf '%s\n' |
            awk -v name="$name" '{ n++; s += $1 } END { printf "%s: %d files, %.1f MB, the same bytes\n", name, n, s / 1e6 }'
    else
        echo "$name: THE BYTES DIFFER: what follows compares two different things; mend benches/tools/floor.rs" >&2
    fi
done

aside() {
    mkdir -p "$work/aside"
    printf 'test ! -e %s || mv %s %s/aside/$$-$(date +%%s%%N)' "$1" "$1" "$work"
}

for name in "${sizes[@]}"; do
    folder=$work/$name
    printf '\nFull build, %d columns in %d rubriques\n\n' "${columns[$name]}" "${rubriques[$name]}"
    "$race" "$rounds" "" \
        gazetier "$(aside "$folder/feeds") && $corpus stale $folder" "$gazetier --config $folder/config.toml publish" \
        "=floor, 1 thread" "$(aside "$folder/floor")" "$floor build $folder/store.db $folder/floor 1" \
        "=floor, 2 threads" "$(aside "$folder/floor")" "$floor build $folder/store.db $folder/floor 2"
done

# Few milliseconds need more rounds.
many=$((rounds * 5))
quiet=()
for name in "${sizes[@]}"; do
    folder=$work/$name
    "$gazetier" --config "$folder/config.toml" publish >/dev/null
    "$floor" publish "$folder/store.db" "$folder/floor" >/dev/null
    label=$(numfmt --to=si "${columns[$name]}")/${rubriques[$name]}
    quiet+=("gazetier, $label" "" "$gazetier --config $folder/config.toml publish")
    quiet+=("=bare, $label" "" "$floor publish $folder/store.db $folder/floor")
done
printf '\nNothing new (columns/rubriques)\n\n'
"$race" "$many" "" "${quiet[@]}" | tee "$work/quiet"
if [ "$size" = million ]; then
    awk -F'|' '/^\| gazetier, 10K/ { small = $3 } /^\| gazetier, 1.0M/ { large = $3 }
        END { printf "\nNothing new, 1,000,000 columns against 10,000: %.2f times\n", large / small }' "$work/quiet"
fi

for name in "${sizes[@]}"; do
    folder=$work/$name
    printf '\nOne new column, %d columns in %d rubriques\n\n' "${columns[$name]}" "${rubriques[$name]}"
    "$race" "$many" "$corpus add $folder" \
        gazetier "" "$gazetier --config $folder/config.toml publish" \
        "=bare" "" "$floor publish $folder/store.db $folder/floor"
done

# Which files one new column changes: its rubrique's and those of all columns.
folder=$work/${sizes[0]}
"$corpus" add "$folder"
touch "$work/before"
"$gazetier" --config "$folder/config.toml" publish >/dev/null
printf '\nOne new column rewrote:\n'
find "$folder/feeds" -type f -newer "$work/before" -printf '%P\n' | sort

if $rivals; then
    benches/rivals/run.sh "$work" "$race" "$rounds" "${sizes[@]}"
fi

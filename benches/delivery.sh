#!/usr/bin/env bash
# Letters per second: gazetier, its ledger on this disk, beside Postfix's smtp-source and a plain
# program over lettre's pool, all against a sink of our own that is faster than any of them.
#
#   benches/delivery.sh [table|million]...
#
# table    at 1, 10 and 50 connections, with 0 and 20 ms round trip, by BDAT and by DATA, signed
#          by RSA 2048 and not (the default): a few minutes, most of it building
# million  a million subscribers frozen and sent: seconds, letters per second, peak memory
#
# It needs smtp-source (Debian's package postfix), openssl and GNU time. Everybody's letters have
# the same length. smtp-source keeps its connections (-d), as the others do.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

parts=()
for word in "$@"; do
    case $word in
        table | million) parts+=("$word") ;;
        *)
            sed -n '2,13s/^# \{0,1\}//p' "$0" >&2
            exit 2
            ;;
    esac
done
[[ ${#parts[@]} -gt 0 ]] || parts=(table)

PATH=$PATH:/usr/sbin
for program in smtp-source openssl /usr/bin/time; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install postfix openssl time" >&2; exit 1; }
done
cargo build --release --locked --bin gazetier --example sink --example mailing --example lettre_pool
target=${CARGO_TARGET_DIR:-target}
tools=$target/release/examples
gazetier=$PWD/$target/release/gazetier
[[ $target != /* ]] || gazetier=$target/release/gazetier
work=$target/bench/delivery
mkdir -p "$work"
[[ -f $work/rsa.pem ]] || openssl genrsa -out "$work/rsa.pem" 2048 2>/dev/null

sink=
trap '[[ -z $sink ]] || kill "$sink" 2>/dev/null || :' EXIT

# Starts the sink; sets port.
open_sink() {
    : >"$work/sink.out"
    "$tools/sink" "$@" >"$work/sink.out" &
    sink=$!
    for _ in {1..100}; do
        port=$(sed -n 's/^port //p' "$work/sink.out")
        [[ -z $port ]] || return 0
        sleep 0.05
    done
    echo 'the sink does not start' >&2
    exit 1
}

# Stops it; what it took must be what was sent.
close_sink() {
    kill -TERM "$sink"
    wait "$sink" || :
    sink=
    local took
    took=$(sed -n 's/^letters \([0-9]*\) .*/\1/p' "$work/sink.out")
    [[ $took == "$1" ]] || { echo "$2: the sink took $took letters of $1" >&2; exit 1; }
}

# Runs a command; sets seconds.
clock() {
    local start=$EPOCHREALTIME
    "$@"
    seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
}

per_second() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f", n / s }'; }
times() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "–" }'; }

# A store with so many letters, frozen; made once.
frozen() {
    local folder=$work/frozen-$1
    [[ -f $folder/frozen ]] && [[ $folder/frozen -nt $tools/mailing ]] && return
    "$tools/mailing" make "$folder" "$1"
    "$tools/mailing" freeze "$folder" >"$folder/frozen"
}

# Sends from a copy of a frozen store: letters, connections, delay, chunking, signed.
gazetier_sends() {
    local letters=$1 connections=$2 delay=$3 chunking=$4 signed=$5 folder=$work/run
    frozen "$letters"
    rm -rf "$folder"
    mkdir "$folder"
    cp "$work/frozen-$letters/store.db" "$folder/"
    cp "$work/rsa.pem" "$folder/"
    open_sink --delay "$delay"
    {
        cat "$work/frozen-$letters/base.toml"
        printf '[relay]\nurl = "smtp://127.0.0.1:%s"\nconnections = %s\nchunking = %s\n' "$port" "$connections" "$chunking"
        [[ $signed == off ]] || printf '\n[[dkim]]\nselector = "bench"\nkey = "rsa.pem"\n'
    } >"$folder/config.toml"
    sync
    clock "${timed[@]}" "$gazetier" --config "$folder/config.toml" --at 2026-11-23T08:00 digest send >"$folder/said"
    close_sink "$letters" "gazetier, $connections connections, $delay ms"
    rate=$(per_second "$letters" "$seconds")
}

smtp_source_sends() {
    open_sink --delay "$3"
    clock smtp-source -d -s "$2" -m "$1" -l "$length" "127.0.0.1:$port"
    close_sink "$1" "smtp-source, $2 connections, $3 ms"
    rate=$(per_second "$1" "$seconds")
}

lettre_sends() {
    open_sink --delay "$3"
    clock "$tools/lettre_pool" "$port" "$2" "$1" "$work/letter/letter.html" "$work/letter/letter.txt"
    close_sink "$1" "lettre's pool, $2 connections, $3 ms"
    rate=$(per_second "$1" "$seconds")
}

# How many letters take a few seconds: by the way, connections and delay.
count() {
    case $1-$2-$3 in
        chunks-*-0 | data-*-0) echo 20000 ;;
        signed-*-0 | signed-50-*) echo 5000 ;;
        chunks-50-* | data-50-*) echo 10000 ;;
        chunks-10-* | signed-10-*) echo 5000 ;;
        chunks-1-* | signed-1-* | data-10-*) echo 1600 ;;
        data-1-*) echo 400 ;;
        smtp-source-*-0) echo 10000 ;;
        lettre-*-0) echo 2000 ;;
        smtp-source-*) echo $((40 * $2)) ;;
        lettre-*) echo $((30 * $2)) ;;
    esac
}

timed=()
table() {
    "$tools/mailing" make "$work/letter" 0
    length=$("$tools/mailing" letter "$work/letter" | cut -d ' ' -f 1)
    length=$((length + 900)) # with its head
    local signs
    signs=$(openssl speed -elapsed -seconds 3 -multi 2 rsa2048 2>/dev/null | awk '/^rsa/ { print $6 }')
    printf '\nLetters of %s bytes per second\n\n' "$length"
    echo '| connections | round trip | gazetier BDAT | DATA | BDAT, DKIM | DATA, DKIM | smtp-source | lettre pool | BDAT × smtp-source | BDAT × lettre | DATA × smtp-source | DATA per trip and connection | BDAT × DATA | DKIM × openssl |'
    echo '| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |'
    local connections delay chunks data signed signed_data source pool trips
    for delay in 0 20; do
        for connections in 1 10 50; do
            gazetier_sends "$(count chunks $connections $delay)" $connections $delay true off && chunks=$rate
            gazetier_sends "$(count data $connections $delay)" $connections $delay false off && data=$rate
            gazetier_sends "$(count signed $connections $delay)" $connections $delay true on && signed=$rate
            gazetier_sends "$(count data $connections 20)" $connections $delay false on && signed_data=$rate
            smtp_source_sends "$(count smtp-source $connections $delay)" $connections $delay && source=$rate
            lettre_sends "$(count lettre $connections $delay)" $connections $delay && pool=$rate
            trips=–
            [[ $delay == 0 ]] || trips=$(times "$data" $((connections * 1000 / delay)))
            echo "| $connections | $delay ms | $chunks | $data | $signed | $signed_data | $source | $pool |" \
                "$(times "$chunks" "$source") | $(times "$chunks" "$pool") | $(times "$data" "$source") | $trips |" \
                "$(times "$chunks" "$data") | $(times "$signed" "$signs") |"
        done
    done
    printf '\nopenssl speed -multi 2 rsa2048: %s signatures per second\n' "$signs"
}

million() {
    rm -rf "$work/frozen-1000000"
    clock "$tools/mailing" make "$work/frozen-1000000" 1000000
    printf '\nA million subscribers\n\nadded in %s s\n' "$seconds"
    "$tools/mailing" freeze "$work/frozen-1000000" | tee "$work/frozen-1000000/frozen"
    timed=(/usr/bin/time -o "$work/time" -f '%M %U %S')
    gazetier_sends 1000000 10 0 true off
    awk -v s="$seconds" -v r="$rate" '{ printf "sent in %s s, %s letters/s, %.0f MB at the most, CPU %s s user, %s s system\n", s, r, $1 / 1000, $2, $3 }' "$work/time"
    rm -rf "$work/run" "$work/frozen-1000000"
}

for part in "${parts[@]}"; do
    "$part"
done

#!/usr/bin/env bash
# What the ledger takes: letters per second of one, two and four senders that share a Postgres, and of one on
# SQLite, with letters so small that their rows weigh more than their bytes. For Postgres also how many updates
# of letters were HOT, the WAL of a letter, and the CPU time of senders and server for a letter.
#
#   benches/ledger.sh [LETTERS]              60,000 unless told
#   BESIDE=FOLDER benches/ledger.sh …        in turns with another version: FOLDER has its gazetier and mailing
#   ROUNDS=3 benches/ledger.sh …             each measured so often; the best counts
#
# It starts a Postgres of its own in a folder of its own, with fsync as it comes, and a sink. It needs Postgres'
# server programs. The machine has to be quiet: where it is not, look at the ratios and at CPU time.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

letters=${1:-60000}
rounds=${ROUNDS:-1}
[[ $letters =~ ^[0-9]+$ ]] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
pg=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV | head -n 1)
[[ -x $pg/initdb ]] || { echo 'the server programs of Postgres are missing: apt-get install postgresql' >&2; exit 1; }
own=${OWN:-}
if [[ -z $own ]]; then
    cargo build --release --locked --bin gazetier --example sink --example mailing
    own=${CARGO_TARGET_DIR:-target}/release
fi
work=$(mktemp -d /tmp/gazetier-ledger.XXXXXX)
sink= server=
finish() {
    [[ -z $sink ]] || kill "$sink" 2>/dev/null || :
    [[ -z $server ]] || as_postgres "$pg/pg_ctl" -D "$work/pg/data" -m immediate -s stop || :
    rm -rf "$work"
}
trap finish EXIT

as_postgres() {
    if [[ $(id -u) == 0 ]]; then
        (cd "$work/pg" && HOME=$work/pg setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups -- "$@")
    else
        (cd "$work/pg" && "$@")
    fi
}

# A program of a version: gazetier, or mailing.
program() {
    for path in "$1/$2" "$1/examples/$2"; do
        [[ ! -x $path ]] || { echo "$path"; return; }
    done
    echo "$1 has no $2" >&2
    exit 1
}

open_server() {
    chmod 755 "$work"
    mkdir -m 700 "$work/pg"
    [[ $(id -u) != 0 ]] || chown postgres "$work/pg"
    as_postgres "$pg/initdb" -D "$work/pg/data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    port=$((20000 + RANDOM % 12000))
    as_postgres "$pg/pg_ctl" -D "$work/pg/data" -l "$work/pg/log" -w -s \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$work/pg -c shared_buffers=256MB \
        -c max_wal_size=4GB -c timezone=UTC" start
    server=$(head -n 1 "$work/pg/data/postmaster.pid")
}

ask() { "$pg/psql" -X -q -t -A -h 127.0.0.1 -p "$port" -U postgres -d "$1" -c "$2"; }

# Seconds of CPU of the server and all that it has begun and ended.
server_cpu() {
    local ticks=0 pid
    for pid in "$server" $(pgrep -P "$server"); do
        [[ ! -r /proc/$pid/stat ]] || ticks=$((ticks + $(awk '{ print $14 + $15 }' "/proc/$pid/stat")))
    done
    ticks=$((ticks + $(awk '{ print $16 + $17 }' "/proc/$server/stat")))
    awk -v t="$ticks" -v h="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f", t / h }'
}

open_sink() {
    : >"$work/sink.out"
    "$(program "$own" sink)" >"$work/sink.out" &
    sink=$!
    for _ in {1..200}; do
        relay=$(sed -n 's/^port //p' "$work/sink.out")
        [[ -z $relay ]] || return 0
        sleep 0.05
    done
    echo 'the sink does not start' >&2
    exit 1
}

close_sink() {
    kill -TERM "$sink"
    wait "$sink" || :
    sink=
    local took
    took=$(sed -n 's/^letters \([0-9]*\) .*/\1/p' "$work/sink.out")
    [[ $took == "$letters" ]] || { echo "the sink took $took letters of $letters" >&2; exit 1; }
}

# A frozen store of a version: sqlite or postgres.
frozen() {
    local folder=$work/$2-$3 url=sqlite:store.db
    if [[ $3 == postgres ]]; then
        ask postgres "CREATE DATABASE frozen_$2"
        url=postgres://postgres@127.0.0.1:$port/frozen_$2
    fi
    "$(program "$1" mailing)" make "$folder" "$letters" "$url" 1
    "$(program "$1" mailing)" freeze "$folder" >/dev/null
}

# Sends: version, its folder, backend, senders. Sets line.
sends() {
    local folder=$work/run name=$1 programs=$2 backend=$3 senders=$4 pids=() pid start seconds cpu before after wal
    rm -rf "$folder"
    cp -r "$work/$name-$backend" "$folder"
    open_sink
    {
        cat "$folder/base.toml"
        printf '[relay]\nurl = "smtp://127.0.0.1:%s"\nconnections = 10\n' "$relay"
    } >"$folder/config.toml"
    if [[ $backend == postgres ]]; then
        ask postgres 'DROP DATABASE IF EXISTS run'
        ask postgres "CREATE DATABASE run TEMPLATE frozen_$name"
        sed -i "s/frozen_$name/run/" "$folder/config.toml"
        ask run 'VACUUM ANALYZE' && ask run CHECKPOINT
        before=$(ask run 'SELECT pg_current_wal_lsn()')
    fi
    sync
    local served
    served=$(server_cpu)
    start=$EPOCHREALTIME
    for _ in $(seq "$senders"); do
        /usr/bin/time -a -o "$folder/time" -f '%U %S' "$(program "$programs" gazetier)" --config "$folder/config.toml" \
            --at 2026-11-23T08:00 digest send >>"$folder/said" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
    close_sink
    cpu=$(awk '{ s += $1 + $2 } END { print s }' "$folder/time")
    line="$(awk -v n="$letters" -v s="$seconds" 'BEGIN { printf "%.0f", n / s }') $(awk -v n="$letters" -v c="$cpu" 'BEGIN { printf "%.0f", c / n * 1e6 }')"
    if [[ $backend == postgres ]]; then
        after=$(ask run 'SELECT pg_current_wal_lsn()')
        wal=$(ask run "SELECT ('$after'::pg_lsn - '$before'::pg_lsn)::bigint / $letters")
        sleep 1
        served=$(awk -v a="$served" -v b="$(server_cpu)" -v n="$letters" 'BEGIN { printf "%.0f", (b - a) / n * 1e6 }')
        line+=" $served $(ask run "SELECT round(100.0 * n_tup_hot_upd / n_tup_upd, 1) || ' ' || n_tup_upd / $letters \
            FROM pg_stat_user_tables WHERE relname = 'letters'") $wal"
    else
        line+=" – – – –"
    fi
}

versions=("now $own")
[[ -z ${BESIDE:-} ]] || versions=("before $BESIDE" "now $own")
open_server
for version in "${versions[@]}"; do
    read -r name programs <<<"$version"
    frozen "$programs" "$name" postgres
    frozen "$programs" "$name" sqlite
done
printf '%s letters; load %s\n\n' "$letters" "$(cut -d ' ' -f 1-3 /proc/loadavg)"
echo '| version | store | senders | letters/s | CPU of senders, µs a letter | of Postgres | HOT, % | updates a letter | WAL, bytes a letter |'
echo '| --- | --- | --: | --: | --: | --: | --: | --: | --: |'
for case in 'postgres 1' 'postgres 2' 'postgres 4' 'sqlite 1'; do
    read -r backend senders <<<"$case"
    declare -A best=()
    for _ in $(seq "$rounds"); do
        for version in "${versions[@]}"; do
            read -r name programs <<<"$version"
            sends "$name" "$programs" "$backend" "$senders"
            [[ -n ${best[$name]:-} && ${line%% *} -le ${best[$name]%% *} ]] || best[$name]=$line
        done
    done
    for version in "${versions[@]}"; do
        echo "| ${version%% *} | $backend | $senders | ${best[${version%% *}]// / | } |"
    done
    unset best
done

#!/usr/bin/env bash
# Feed serving beside nginx: the same files, the same requests, one run. Rounds alternate, so that
# what else the machine does falls on both alike; ratios are of medians.
#
#   benches/serve.sh
#
# BENCH_ROUNDS (5) rounds of BENCH_SECONDS (4) each; needs nginx with its module for Brotli, and wrk (Debian has all).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-4}
PATH=$PATH:/usr/sbin
brotli=/usr/lib/nginx/modules/ngx_http_brotli_static_module.so
packages='nginx-light libnginx-mod-http-brotli-static wrk curl python3'
for program in nginx wrk curl python3; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install $packages" >&2; exit 1; }
done
[ -e "$brotli" ] || { echo "$brotli is missing: apt-get install $packages" >&2; exit 1; }
cargo build --release --locked --bin gazetier
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
gazetier=$target/release/gazetier

work=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || :; done
    wait 2>/dev/null || :
    rm -rf "$work"
}
trap finish EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
ours=$(free_port)
theirs=$(free_port)

cp -r config.toml columns subscribers.csv "$work"
sed -i 's/^# precompress = true.*/precompress = true/' "$work/config.toml"
printf '\n[web]\nlisten = "127.0.0.1:%s"\n' "$ours" >>"$work/config.toml"
cd "$work"
"$gazetier" sync >/dev/null
"$gazetier" publish >/dev/null
mkdir nginx
temporary=$(for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/nginx/$kind;"; done)
cat >nginx.conf <<EOF
load_module $brotli;
daemon off;
worker_processes auto;
pid $work/nginx/pid;
error_log $work/nginx/errors;
events { worker_connections 1024; }
http {
access_log off;
sendfile on;
tcp_nopush on;
keepalive_requests 1000000;
$temporary
server {
listen 127.0.0.1:$theirs;
$("$gazetier" feeds snippet nginx | sed 's/# brotli_static on;/brotli_static on;/')
}
}
EOF
# Started by root, nginx's workers are another user.
chmod 755 "$work" && chmod -R a+rX feeds
nginx -p "$work/nginx" -c "$work/nginx.conf" 2>/dev/null &
pids+=($!)
"$gazetier" serve >/dev/null &
pids+=($!)
for port in "$ours" "$theirs"; do
    for _ in $(seq 100); do
        ! curl -sf -o /dev/null "http://127.0.0.1:$port/feeds/rss.xml" || break
        sleep 0.1
    done
    # The same bytes, or the race means nothing.
    curl -sf "http://127.0.0.1:$port/feeds/rss.xml" | cmp - feeds/rss.xml
    for form in gzip:gz br:br; do
        curl -sf -H "Accept-Encoding: ${form%:*}" "http://127.0.0.1:$port/feeds/rss.xml" | cmp - "feeds/rss.xml.${form#*:}"
    done
done

tag() { curl -sf -o /dev/null -D - -H 'Accept-Encoding: gzip' "http://127.0.0.1:$1/feeds/rss.xml" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p'; }

# Requests per second and p99 in microseconds.
race() {
    local port=$1 connections=$2
    shift 2
    wrk -t1 -c"$connections" -d"${seconds}s" --latency "$@" "http://127.0.0.1:$port/feeds/rss.xml" |
        python3 -c '
import re, sys
text = sys.stdin.read()
assert "Non-2xx" not in text, text
rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
print(rate, float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit])'
}

measure() {
    local name=$1 connections=$2
    local -a own=("${@:3}")
    for _ in $(seq "$rounds"); do
        for who in gazetier nginx; do
            port=$ours
            [ "$who" = gazetier ] || port=$theirs
            local -a headers=("${own[@]}")
            [ "$name" != "304" ] || headers=(-H "If-None-Match: $(tag "$port")" -H 'Accept-Encoding: gzip')
            echo "$who $(race "$port" "$connections" "${headers[@]}")"
        done
    done | python3 -c '
import statistics, sys
rows = [line.split() for line in sys.stdin]
def of(who, column): return statistics.median(float(row[column]) for row in rows if row[0] == who)
ours, theirs = of("gazetier", 1), of("nginx", 1)
late, later = of("gazetier", 2) / 1000, of("nginx", 2) / 1000
print(f"| {sys.argv[1]}, {sys.argv[2]} connections | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} | {late:.2f} ms | {later:.2f} ms |")' "$name" "$connections"
}

echo "rss.xml: $(stat -c %s feeds/rss.xml) bytes, packed $(stat -c %s feeds/rss.xml.gz); $rounds rounds of $seconds s, $(nproc) processors"
echo
echo '| requests | gazetier, req/s | nginx, req/s | ratio | p99 gazetier | p99 nginx |'
echo '| --- | --- | --- | --- | --- | --- |'
measure 'plain 200' 32
measure 'gzip 200' 32 -H 'Accept-Encoding: gzip'
measure 'br 200' 32 -H 'Accept-Encoding: br'
measure '304' 32
measure 'gzip 200' 200 -H 'Accept-Encoding: gzip'
measure '304' 200

#!/bin/sh
# Makes the README's pictures anew: the sample edition and feeds as headless Chromium shows them.
# Wants chromium, fonts-noto-color-emoji, openssl, python3 and imagemagick (Debian's packages), and a built gazetier.
# The sample's address is answered by a server on loopback for the time of the pictures.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

cp -r "$root/config.toml" "$root/columns" "$root/subscribers.csv" "$work"
cd "$work"
# GAZETIER names a built one.
gazetier() {
    if [ -n "${GAZETIER:-}" ]; then "$GAZETIER" "$@"; else
        cargo run --quiet --release --manifest-path "$root/Cargo.toml" -- "$@"
    fi
}
gazetier run --at 2026-11-23T07:00
gazetier digest preview --at 2026-11-23T08:00 --folder preview >/dev/null

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1 -subj /CN=estran.example.org 2>/dev/null
mkdir site && cp -r feeds site/feeds && cp -r columns/images site/images
cat >serve.py <<'PY'
import http.server, ssl
handler = lambda *a: http.server.SimpleHTTPRequestHandler(*a, directory="site")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 serve.py >/dev/null 2>&1 &
server=$!
while [ ! -s port ]; do sleep 0.1; done

# shot NAME WIDTH HEIGHT URL [FLAG...]
shot() {
    name=$1 width=$2 height=$3 url=$4
    shift 4
    chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --hide-scrollbars --ignore-certificate-errors \
        --user-data-dir="$work/profile" --host-resolver-rules="MAP estran.example.org 127.0.0.1:$(cat port)" \
        "$@" --screenshot="$work/$name.png" --window-size="$width,$height" "$url" >/dev/null 2>&1
    convert "$work/$name.png" -colors 200 "$root/docs/pictures/$name.png"
}

# A headless window is at least 500 pixels wide: a phone's page stands in a frame, and is cut out.
echo '<body style="margin:0"><iframe src="preview/digest.html" style="width:375px;height:4300px;border:0"></iframe>' >narrow.html
shot digest-700 700 3500 "file://$work/preview/digest.html"
shot digest-375 500 4100 "file://$work/narrow.html"
convert "$root/docs/pictures/digest-375.png" -crop 375x+0+0 +repage "$root/docs/pictures/digest-375.png"
shot digest-dark 700 3500 "file://$work/preview/digest.html" --blink-settings=preferredColorScheme=0
shot digest-off 700 1700 "file://$work/preview/digest.html" --blink-settings=imagesEnabled=false
shot feeds 900 2400 "https://estran.example.org/feeds/index.html"
shot feed 900 1300 "https://estran.example.org/feeds/atom.xml"

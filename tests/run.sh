#!/bin/sh
# The tests of gazetier: `sh tests/run.sh [arguments of cargo test]`.
#
# Made for a fresh Debian 12 with a Rust toolchain. It installs what the tests
# need (as root; otherwise it says what is missing), starts a throwaway
# PostgreSQL cluster and a throwaway MariaDB, runs `cargo test --locked` and ends
# with its status. `sh tests/run.sh --run COMMAND [arguments]` runs another command
# in place of `cargo test`, as tests/mutants.sh does.
#
# The tests find what is prepared here in the environment:
#   GAZETIER_TEST_POSTGRES   URL of an empty database, whose role may create more
#   GAZETIER_TEST_MARIADB    URL of a MariaDB server, up to the name of a database;
#                            its user may make databases
#   GAZETIER_TEST_SMTP_SINK  path of Postfix's smtp-sink, a mail server that
#                            accepts everything and delivers nothing; started
#                            by root it demands `-u USER`, and writes its dump
#                            files as that user. Beside it stands Postfix
#                            itself, which tests start with a configuration and
#                            a queue of their own; that takes root
#   GAZETIER_TEST_PYTHON     path of a Python that has feedparser
#   GAZETIER_TEST_NODE       path of node
#   GAZETIER_TEST_MODULES    folder with the npm packages of tests/npm
#   GAZETIER_TEST_DKIMPY     path of a Python that has dkimpy, which PyPI has as
#                            source only: Debian's
#   GAZETIER_TEST_PGBOUNCER  path of pgbouncer, which tests start with a
#                            configuration of their own, as nobody
#   GAZETIER_TEST_AIOSMTPD   path of a Python that has aiosmtpd
#   GAZETIER_TEST_EXIM       path of exim4, unpacked and not installed, as it
#                            would take Postfix's place; it takes root as well
#   GAZETIER_TEST_OPENSMTPD  folder in which OpenSMTPD's package is unpacked; it
#                            takes root as well
#   GAZETIER_TEST_NSS_WRAPPER  path of libnss_wrapper.so, with which Exim finds
#                            the user that its package would have made
#   GAZETIER_TEST_ROOT       archive of a fresh Debian, in which the package is
#                            installed and its units run; it takes root as well,
#                            and systemd-nspawn
#   GAZETIER_TEST_CARGO_DEB  path of cargo-deb
#   GAZETIER_TEST_MDBOOK     path of mdbook, which makes a book of docs/
#   GAZETIER_TEST_SASLPASSWD path of saslpasswd2, which makes the users of a
#                            Postfix that wants a login
#   GAZETIER_TEST_SEEDS      if set, how many seeds a relay with a fault in its
#                            answers is played with (tests/gazetier/faults.rs)
#
# Any number of calls may run at the same time.

# Functions called by trap and by quietly look unreachable to shellcheck.
# shellcheck disable=SC2317
set -eu

# Nothing here reads from the terminal, and nothing may wait for it.
exec </dev/null
unset CDPATH
cd "$(dirname "$0")/.."
root=$(pwd -P)

say() { printf 'tests/run.sh: %s\n' "$*"; }
die() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 1
}

# Runs a command without a word, unless it fails: then with its last words.
# Its output stays in $scratch/log.
quietly() {
    : >"$scratch/log"
    "$@" >>"$scratch/log" 2>&1 || {
        tail -n 40 "$scratch/log" >&2
        die "failed: $*"
    }
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# --- What is left behind: nothing ------------------------------------------

scratch=
cluster=
mariadb_pid=
tests_pid=

cleanup() {
    status=$?
    # A second Ctrl-C must not interrupt the tidying up.
    trap '' HUP INT TERM
    set +e
    if [ -n "$tests_pid" ]; then
        # cargo leads a process group of its own (see below); what it started
        # goes with it. (Called at once, there may be no group yet.) What does
        # not heed TERM has five seconds. (`-s`: dash takes no `--` otherwise.)
        kill -s TERM -- "-$tests_pid" 2>/dev/null || kill -s TERM "$tests_pid" 2>/dev/null
        wait "$tests_pid" 2>/dev/null
        tries=50
        while [ "$tries" -gt 0 ] && kill -s 0 -- "-$tests_pid" 2>/dev/null; do
            sleep 0.1
            tries=$((tries - 1))
        done
        kill -s KILL -- "-$tests_pid" 2>/dev/null
    fi
    # pg_ctl takes the process from this data directory's own postmaster.pid:
    # no other cluster can be meant. Immediate, as the data are thrown away.
    if [ -n "$cluster" ] && [ -f "$cluster/data/postmaster.pid" ]; then
        as_postgres "$pg_bin/pg_ctl" -D "$cluster/data" -m immediate -w -s stop >&2
    fi
    # Our own server by its process: nothing in its data is wanted.
    if [ -n "$mariadb_pid" ]; then
        kill -s KILL "$mariadb_pid" 2>/dev/null
        wait "$mariadb_pid" 2>/dev/null
    fi
    if [ -n "$scratch" ]; then
        rm -rf "$scratch"
    fi
    exit "$status"
}

# The signals end the script by way of its EXIT trap.
on_exit() {
    # shellcheck disable=SC2064
    trap "$1" EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
on_exit cleanup

# In /tmp, whatever TMPDIR says: the path of the cluster's Unix socket may have
# no more than 107 characters, and the user postgres must reach it.
scratch=$(mktemp -d /tmp/gazetier-test.XXXXXX)
chmod 711 "$scratch"

# --- Programs ---------------------------------------------------------------

# rustup's folder is in PATH of login shells only.
if ! command -v cargo >/dev/null 2>&1 && [ -f "${CARGO_HOME:-${HOME:-}/.cargo}/env" ]; then
    # shellcheck disable=SC1091
    . "${CARGO_HOME:-${HOME:-}/.cargo}/env"
fi
command -v cargo >/dev/null 2>&1 || die 'cargo is missing: see https://rustup.rs'

# Sets pg_bin to the folder of the newest PostgreSQL server. Debian keeps the
# server's programs out of PATH.
find_postgres() {
    for initdb in $(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -rV) \
        "$(command -v initdb 2>/dev/null || :)"; do
        pg_bin=${initdb%/initdb}
        # psql is in a package of its own.
        if [ -x "$initdb" ] && [ -x "$pg_bin/pg_ctl" ] && [ -x "$pg_bin/psql" ]; then
            return 0
        fi
    done
    return 1
}

# Sets mariadbd to MariaDB's server, which is in a folder that is not in every
# user's PATH.
find_mariadb() {
    mariadbd=$(PATH=$PATH:/usr/sbin command -v mariadbd) &&
        command -v mariadb-install-db >/dev/null 2>&1 && command -v mariadb >/dev/null 2>&1
}

find_smtp_sink() {
    # /usr/sbin is not in every user's PATH.
    for smtp_sink in /usr/sbin/smtp-sink "$(command -v smtp-sink 2>/dev/null || :)"; do
        [ ! -x "$smtp_sink" ] || return 0
    done
    return 1
}

find_nginx() {
    [ -x /usr/sbin/nginx ]
}

find_apache() {
    [ -x /usr/sbin/apache2 ]
}

# Sets python to one that can make a virtual environment with pip in it, which
# Debian's cannot without python3-venv.
find_python() {
    for python in "$(command -v python3 2>/dev/null || :)" /usr/bin/python3; do
        if [ -x "$python" ] && "$python" -c '
import ensurepip, sys, venv
sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            return 0
        fi
    done
    return 1
}

# Debian's Python has Debian's packages.
find_dkimpy() {
    /usr/bin/python3 -c 'import dkim, nacl' >/dev/null 2>&1
}

find_aiosmtpd() {
    /usr/bin/python3 -c 'import aiosmtpd' >/dev/null 2>&1
}

find_pgbouncer() {
    pgbouncer=$(PATH=$PATH:/usr/sbin command -v pgbouncer)
}

find_saslpasswd() {
    saslpasswd=$(PATH=$PATH:/usr/sbin command -v saslpasswd2)
}

# Sets library to the path of a shared library.
find_library() {
    for library in /usr/lib/*/"$1" /usr/lib/"$1" /lib/*/"$1"; do
        [ ! -e "$library" ] || return 0
    done
    return 1
}

# Sets missing to the Debian packages still to be installed.
find_all() {
    missing=
    command -v cc >/dev/null 2>&1 || missing="$missing build-essential"
    find_postgres || missing="$missing postgresql"
    find_mariadb || missing="$missing mariadb-server"
    find_smtp_sink || missing="$missing postfix"
    find_pgbouncer || missing="$missing pgbouncer"
    find_python || missing="$missing python3-venv"
    find_dkimpy || missing="$missing python3-dkim"
    find_aiosmtpd || missing="$missing python3-aiosmtpd"
    find_saslpasswd || missing="$missing sasl2-bin"
    # What Exim needs, and Postfix does not bring.
    find_library libidn.so.12 || missing="$missing libidn12"
    find_library libgnutls-dane.so.0 || missing="$missing libgnutls-dane0"
    # What OpenSMTPD needs.
    find_library libevent-2.1.so.7 || missing="$missing libevent-2.1-7"
    find_library libdb-5.3.so || missing="$missing libdb5.3"
    find_library libnss_wrapper.so || missing="$missing libnss-wrapper"
    nss_wrapper=$library
    find_nginx || missing="$missing nginx-light"
    # Apache's program and modules, without its service.
    find_apache || missing="$missing apache2-bin"
    command -v caddy >/dev/null 2>&1 || missing="$missing caddy"
    command -v sqlite3 >/dev/null 2>&1 || missing="$missing sqlite3"
    command -v newsboat >/dev/null 2>&1 || missing="$missing newsboat"
    command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
    command -v chromedriver >/dev/null 2>&1 || missing="$missing chromium-driver"
    # The digest is drawn by these as well, with the same fonts, WebKitGTK on a screen that nobody sees.
    command -v firefox-esr >/dev/null 2>&1 || missing="$missing firefox-esr"
    command -v WebKitWebDriver >/dev/null 2>&1 || missing="$missing webkit2gtk-driver"
    command -v Xvfb >/dev/null 2>&1 || missing="$missing xvfb"
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf ] || missing="$missing fonts-dejavu-core"
    command -v spamassassin >/dev/null 2>&1 || missing="$missing spamassassin"
    [ -e /usr/share/java/epubcheck.jar ] || missing="$missing epubcheck"
    command -v node >/dev/null 2>&1 || missing="$missing nodejs"
    command -v npm >/dev/null 2>&1 || missing="$missing npm"
    command -v mmdebstrap >/dev/null 2>&1 || missing="$missing mmdebstrap"
    command -v systemd-nspawn >/dev/null 2>&1 || missing="$missing systemd-container"
    missing=${missing# }
}

# --- Installation of what is missing (root) ---------------------------------

# Debian's maintainer scripts ask this program whether a service may be
# started. For the time of the installation it must say no; one that is there
# already is kept as it is if it says no, and put aside otherwise.
policy=/usr/sbin/policy-rc.d
policy_aside=$policy.before-gazetier-tests
policy_mark='# By tests/run.sh of gazetier, for the time of an installation.'

# Also tidies up after a run that was killed in the middle.
restore_policy() {
    if grep -qsxF "$policy_mark" "$policy"; then
        rm -f "$policy"
    fi
    if [ -e "$policy_aside" ]; then
        mv -f "$policy_aside" "$policy"
    fi
}

policy_forbids() {
    [ -x "$policy" ] || return 1
    answer=0
    "$policy" "$1" start >/dev/null 2>&1 || answer=$?
    [ "$answer" -eq 101 ]
}

forbid_services() {
    if policy_forbids postgresql && policy_forbids mariadb && policy_forbids postfix && policy_forbids pgbouncer &&
        policy_forbids nginx && policy_forbids caddy &&
        policy_forbids spamassassin && policy_forbids spamd && policy_forbids saslauthd; then
        return 0
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy.new"
    chmod 755 "$policy.new"
    if [ -e "$policy" ]; then
        mv "$policy" "$policy_aside"
    fi
    mv "$policy.new" "$policy"
}

apt() {
    DEBIAN_FRONTEND=noninteractive LC_ALL=C \
        apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

# The lock of the package lists, unlike dpkg's, has no timeout of its own.
update_lists() {
    tries=60
    until apt update; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ] || ! grep -q 'Could not get lock' "$scratch/log"; then
            return 1
        fi
        sleep 5
        : >"$scratch/log"
    done
}

# Keeps a service that came with an installation from starting at the next boot.
disable_service() {
    if [ -d /run/systemd/system ]; then
        systemctl --quiet disable "$1.service" >/dev/null 2>&1 || :
    fi
}

install_missing() {
    restore_policy
    on_exit restore_policy
    find_all
    [ -n "$missing" ] || return 0

    say "installing $missing"
    forbid_services
    # The word splitting of $missing is meant.
    quietly update_lists
    case " $missing " in
    *' postfix '*)
        # Left unconfigured, Postfix does not run.
        echo 'postfix postfix/main_mailer_type select No configuration' >"$scratch/answers"
        quietly debconf-set-selections "$scratch/answers"
        ;;
    esac
    # --no-remove: postfix would take the place of another mail server, and no
    # test is worth a machine's mail.
    # shellcheck disable=SC2086
    quietly apt --no-install-recommends --no-remove install $missing
    for package in $missing; do
        case $package in
        postfix | postgresql | pgbouncer | caddy) disable_service "$package" ;;
        mariadb-server) disable_service mariadb ;;
        sasl2-bin) disable_service saslauthd ;;
        spamassassin) disable_service spamd && disable_service spamassassin ;;
        nginx-light) disable_service nginx ;;
        esac
    done
}

if is_root && command -v apt-get >/dev/null 2>&1; then
    # One call at a time; the others wait, lest they take what is unpacked and
    # not yet set up for installed. In a subshell, which has its own traps and
    # gives the lock back when it ends. (Not `( … ) || …`, which would switch
    # off `set -e` in it.)
    (
        flock 9
        install_missing
    ) 9>/run/gazetier-test-install.lock
fi

find_all
if [ -n "$missing" ]; then
    for package in $missing; do
        printf 'tests/run.sh: %s is missing: sudo apt-get install --no-install-recommends %s\n' \
            "$package" "$package" >&2
    done
    exit 1
fi

# --- Exim and OpenSMTPD -----------------------------------------------------

# Debian's mail servers exclude one another: these are unpacked, and not
# installed. apt checks a package's hash by the signed lists.
exim=$root/target/test-exim
opensmtpd=$root/target/test-opensmtpd

# Whether a package is unpacked in a folder, with this program.
unpacked() { [ -e "$1/complete" ] && [ -x "$1/$2" ]; }

# Unpacks a package into a folder, for this program in it.
unpack() {
    package=$1
    unpack_in=$2
    program=$3
    if unpacked "$unpack_in" "$program"; then
        say "$package: it is there"
        return 0
    fi
    mkdir -p "$root/target" 2>/dev/null || :
    (
        flock 9
        if ! unpacked "$unpack_in" "$program"; then
            say "$package: unpacking it in target/${unpack_in##*/}"
            rm -rf "$unpack_in"
            mkdir "$unpack_in"
            cd "$unpack_in"
            if ! apt download "$package" >/dev/null 2>&1; then
                ! is_root || quietly update_lists
                quietly apt download "$package"
            fi
            quietly dpkg-deb -x "$(printf '%s' "$package"_*.deb)" .
            rm -f "$package"_*.deb
            # A mail server for all users of this machine it is not.
            chmod u-s,g-s "$program"
            touch complete
        fi
    ) 9>"$unpack_in.lock"
}

unpack exim4-daemon-light "$exim" usr/sbin/exim4
unpack opensmtpd "$opensmtpd" usr/sbin/smtpd

# --- A fresh Debian, and what makes packages --------------------------------

test_root=$root/target/test-root.tar
test_cargo=$root/target/test-cargo
cargo_deb_version=3.8.0
mdbook_version=0.5.4

# In the background, as it mostly waits for the network: the rest of the preparation goes on meanwhile.
prepare_packaging() {
    if [ ! -e "$test_root" ]; then
        say 'packages: making a fresh Debian in target/test-root.tar'
        rm -f "$test_root.new"
        mmdebstrap --quiet --variant=minbase --include=systemd-sysv,ca-certificates,procps bookworm \
            "$test_root.new.tar" >"$1" 2>&1 || return 1
        mv "$test_root.new.tar" "$test_root"
    fi
    if ! "$cargo_deb" --version 2>/dev/null | grep -qxF "$cargo_deb_version"; then
        say 'packages: installing cargo-deb in target/test-cargo'
        cargo install --quiet --locked --root "$test_cargo" "cargo-deb@$cargo_deb_version" >"$1" 2>&1 || return 1
    fi
    if ! "$mdbook" --version 2>/dev/null | grep -qxF "mdbook v$mdbook_version"; then
        say 'handbook: installing mdbook in target/test-cargo'
        cargo install --quiet --locked --no-default-features --features search --root "$test_cargo" \
            "mdbook@$mdbook_version" >"$1" 2>&1 || return 1
    fi
}

mkdir -p "$root/target" 2>/dev/null || :
cargo_deb=$(command -v cargo-deb || :)
if ! "${cargo_deb:-false}" --version 2>/dev/null | grep -qxF "$cargo_deb_version"; then
    cargo_deb=$test_cargo/bin/cargo-deb
fi
mdbook=$test_cargo/bin/mdbook
(
    flock 9
    prepare_packaging "$scratch/packaging.log"
) 9>"$test_root.lock" &
packaging_pid=$!

# --- Python -----------------------------------------------------------------

requirements=$root/tests/python-requirements.txt
venv=$root/target/test-python

# The copy of the requirements is made last: it says that the rest is complete.
# The import tells whether the Python it was made with is still there.
venv_is_good() {
    cmp -s "$requirements" "$venv/requirements.txt" &&
        "$venv/bin/python" -c 'import feedparser' >/dev/null 2>&1
}

if venv_is_good; then
    say 'python: feedparser is there'
else
    mkdir -p "$root/target" 2>/dev/null || :
    [ -w "$root/target" ] || die "cannot write to $root/target: whose clone is it?"
    (
        flock 9
        # Another call may have made it while this one waited.
        if ! venv_is_good; then
            say 'python: installing feedparser in target/test-python'
            rm -rf "$venv"
            quietly "$python" -m venv "$venv"
            # Wheels with the hashes given, and nothing else.
            quietly "$venv/bin/python" -m pip install --no-input \
                --disable-pip-version-check --only-binary :all: \
                --require-hashes --requirement "$requirements"
            cp "$requirements" "$venv/requirements.txt"
        fi
    ) 9>"$root/target/test-python.lock"
fi

# --- npm packages -----------------------------------------------------------

locked=$root/tests/npm
modules=$root/target/test-npm

# As with Python: the copy of the lock file is made last.
modules_are_good() { cmp -s "$locked/package-lock.json" "$modules/complete.json"; }

if modules_are_good; then
    say 'npm: the packages are there'
else
    mkdir -p "$root/target" 2>/dev/null || :
    (
        flock 9
        if ! modules_are_good; then
            say 'npm: installing packages in target/test-npm'
            rm -rf "$modules"
            mkdir "$modules"
            cp "$locked/package.json" "$locked/package-lock.json" "$modules"
            # What the lock file names, by its hashes; no package runs a script. Haraka's
            # plugins, which are optional, are not needed.
            quietly npm ci --prefix "$modules" --ignore-scripts --omit=optional --no-audit --no-fund
            cp "$locked/package-lock.json" "$modules/complete.json"
        fi
    ) 9>"$root/target/test-npm.lock"
fi

# --- PostgreSQL -------------------------------------------------------------

# The server refuses to run as root. In a folder that the other user may read.
as_postgres() {
    if is_root; then
        (cd "$cluster" && HOME=$cluster setpriv --reuid="$pg_user" \
            --regid="$(id -g "$pg_user")" --clear-groups -- "$@")
    else
        (cd "$cluster" && HOME=$cluster "$@")
    fi
}

# Neither psql nor the tests may be led to another server by what the caller
# has in the environment.
for name in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do
    unset "$name"
done

cluster=$scratch/postgres
mkdir -m 700 "$cluster"
if is_root; then
    pg_user=postgres
    id -u "$pg_user" >/dev/null 2>&1 || pg_user=nobody
    chown "$pg_user" "$cluster"
fi

quietly as_postgres "$pg_bin/initdb" --pgdata="$cluster/data" --username=postgres \
    --auth=trust --encoding=UTF8 --locale=C.UTF-8 --lc-messages=C --no-sync

# The superuser is let in by the socket only, which is in a folder that other
# users cannot enter: over TCP, anybody on this machine could be it.
cat >"$scratch/pg_hba.conf" <<EOF
local all all trust
host all gazetier 127.0.0.1/32 trust
EOF
# The data are thrown away: nothing needs to reach the disk. The time zone is
# fixed so that the tests give the same result everywhere, and there are
# connections enough for the pools of all tests that run at the same time. Of two
# in a deadlock, the one is ended that has waited so long when both are in it: a
# test that makes one must have done so before, however busy the machine is.
cat >"$scratch/postgresql.conf" <<EOF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$cluster'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
deadlock_timeout = 3s
timezone = 'UTC'
log_timezone = 'UTC'
EOF
# The files stay the server's own: written to, not replaced.
cat "$scratch/pg_hba.conf" >"$cluster/data/pg_hba.conf"
cat "$scratch/postgresql.conf" >>"$cluster/data/postgresql.conf"

# A port can only be known to be free by taking it: a random one is tried until
# the server gets it. Below 32768, where the system takes the ports of outgoing
# connections from.
tries=30
while :; do
    port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
    if as_postgres "$pg_bin/pg_ctl" -D "$cluster/data" -l "$cluster/server.log" \
        -o "-p $port" -w -t 60 -s start >"$scratch/log" 2>&1; then
        break
    fi
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! grep -q 'could not bind' "$cluster/server.log"; then
        cat "$scratch/log" "$cluster/server.log" >&2
        die 'PostgreSQL does not start'
    fi
    rm -f "$cluster/server.log"
done

quietly as_postgres "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 \
    -h "$cluster" -p "$port" -U postgres -d postgres \
    -c 'CREATE ROLE gazetier LOGIN CREATEDB' \
    -c 'GRANT SET ON PARAMETER deadlock_timeout TO gazetier' \
    -c 'CREATE DATABASE gazetier OWNER gazetier'
say "postgres: $("$pg_bin/postgres" --version | sed 's/.*) //; s/ .*//') on 127.0.0.1:$port, for this run only"

# --- MariaDB ----------------------------------------------------------------

for name in $(env | sed -n 's/^\(MYSQL_[A-Z_]*\)=.*/\1/p'); do
    unset "$name"
done

maria=$scratch/mariadb
mkdir -m 700 "$maria"
maria_user=$(id -un)
if is_root; then
    maria_user=mysql
    id -u "$maria_user" >/dev/null 2>&1 || maria_user=nobody
    chown "$maria_user" "$maria"
fi

# Who may administer it is the user of this script, by the socket alone.
quietly mariadb-install-db --no-defaults --user="$maria_user" --datadir="$maria/data" \
    --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" --skip-test-db

maria_socket=$maria/socket
on_maria() { mariadb --no-defaults --batch --socket="$maria_socket" --user="$(id -un)" "$@"; }

# Sets mariadb_pid. A server that finds its port taken ends by itself.
start_mariadb() {
    setsid "$mariadbd" --no-defaults --user="$maria_user" --datadir="$maria/data" \
        --socket="$maria_socket" --pid-file="$maria/pid" --bind-address=127.0.0.1 --port="$1" \
        --skip-name-resolve --skip-log-bin --innodb-flush-log-at-trx-commit=0 \
        --innodb-buffer-pool-size=64M --character-set-server=utf8mb4 \
        --default-time-zone=+00:00 >"$scratch/mariadb.log" 2>&1 &
    mariadb_pid=$!
    tries=120
    while ! on_maria --execute='SELECT 1' >"$scratch/log" 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ] || ! kill -s 0 "$mariadb_pid" 2>/dev/null; then
            kill -s KILL "$mariadb_pid" 2>/dev/null || :
            wait "$mariadb_pid" 2>/dev/null || :
            mariadb_pid=
            return 1
        fi
        sleep 0.5
    done
}

ports=30
while :; do
    maria_port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
    ! start_mariadb "$maria_port" || break
    ports=$((ports - 1))
    if [ "$ports" -eq 0 ] || ! grep -q 'Bind on TCP/IP port' "$scratch/mariadb.log"; then
        cat "$scratch/log" "$scratch/mariadb.log" >&2
        die 'MariaDB does not start'
    fi
done

quietly on_maria --execute="CREATE USER gazetier@'127.0.0.1' IDENTIFIED BY 'geheim';
    GRANT ALL ON *.* TO gazetier@'127.0.0.1'"
say "mariadb: $(on_maria --skip-column-names --execute='SELECT version()') on 127.0.0.1:$maria_port, for this run only"

wait "$packaging_pid" || {
    tail -n 40 "$scratch/packaging.log" >&2
    die 'failed: what the tests of the package need'
}

# --- The tests --------------------------------------------------------------

# The program takes its settings from GAZETIER_* as well: those of a real
# magazine must not reach a test, which might publish or send with them.
for name in $(env | sed -n 's/^\(GAZETIER_[A-Z0-9_]*\)=.*/\1/p'); do
    case $name in
    GAZETIER_TEST_*) ;;
    *) unset "$name" ;;
    esac
done

export GAZETIER_TEST_POSTGRES="postgres://gazetier@127.0.0.1:$port/gazetier"
export GAZETIER_TEST_MARIADB="mysql://gazetier:geheim@127.0.0.1:$maria_port/"
export GAZETIER_TEST_SMTP_SINK="$smtp_sink"
export GAZETIER_TEST_PGBOUNCER="$pgbouncer"
export GAZETIER_TEST_PYTHON="$venv/bin/python"
GAZETIER_TEST_NODE=$(command -v node)
export GAZETIER_TEST_NODE
export GAZETIER_TEST_MODULES="$modules/node_modules"
export GAZETIER_TEST_DKIMPY=/usr/bin/python3
export GAZETIER_TEST_AIOSMTPD=/usr/bin/python3
export GAZETIER_TEST_EXIM="$exim/usr/sbin/exim4"
export GAZETIER_TEST_OPENSMTPD="$opensmtpd"
export GAZETIER_TEST_NSS_WRAPPER="$nss_wrapper"
export GAZETIER_TEST_ROOT="$test_root"
export GAZETIER_TEST_CARGO_DEB="$cargo_deb"
export GAZETIER_TEST_MDBOOK="$mdbook"
export GAZETIER_TEST_SASLPASSWD="$saslpasswd"

# Half of what tests do is to wait for something.
RUST_TEST_THREADS=${RUST_TEST_THREADS:-$(($(nproc) * 2))}
export RUST_TEST_THREADS

if [ "${1:-}" = --run ]; then
    shift
else
    set -- cargo test --locked "$@"
fi

# In the background, as a shell heeds a signal during `wait`, but not during a
# command; and in a process group of its own, so that the compilers and test
# programs can be ended with it. The shell lets background commands ignore
# Ctrl-C, which tests may want to send one another: env takes that back.
setsid env --default-signal=INT,QUIT "$@" &
tests_pid=$!
status=0
wait "$tests_pid" || status=$?
tests_pid=
exit "$status"

#!/bin/sh
# Puts faults into the code, one at a time, and says which of them no test finds:
#
#   sh tests/mutants.sh                         all rooms below, which takes days
#   sh tests/mutants.sh --room bounce           one of them; may be repeated
#   sh tests/mutants.sh --shard 0/40            one fault of forty, evenly spread: a sample
#   sh tests/mutants.sh --since COMMIT          in lines that have changed since a commit
#   sh tests/mutants.sh --list                  names the faults and runs nothing
#
# What else is given goes to `cargo mutants` (https://mutants.rs), which is installed in target/test-cargo if it is
# missing. Each fault costs a build, a minute or more, and then the tests of its room: those named below, and its unit
# tests. They find their servers as in tests/run.sh, which starts them.
#
# The faults are put into this folder's own files, where a build is there already. Each is taken out again, also when
# the script is ended; nothing must be edited meanwhile. docs/TESTING.md says what was found.
#
# The status is 0 if each fault was found. A fault with which the tests do not end counts as one that was not found.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."

die() {
    printf 'tests/mutants.sh: %s\n' "$*" >&2
    exit 1
}

# Each room: its name, its files, and the tests about it, by words of their names.
rooms() {
    cat <<'ROOMS'
send | src/send/** | send:: wire:: smtp:: relays:: faults:: limits:: ledger:: keys::sending canary:: warm_up:: dkim:: tls:: deliveries:: delivery:: connections::
ledger | src/store/{letters,freezing,leases,service,resting,pace,decisions,together,warm_up,canary}.rs | store:: ledger:: keys:: decisions:: together:: warm_up:: canary:: newsletters:: readers::join fates::
edition | src/edition/{freeze,decide,late,variants,together}.rs | edition:: keys:: digest:: decisions:: approval:: desk:: specials:: newsletters:: together:: weeks:: told::
model | src/model/{token,signed,key,schedule}.rs | model:: readers:: entry:: newsletters:: weeks::
web | src/web/readers/** src/web/{rate_limit,response,origin,client}.rs src/web/feeds/reply.rs src/web/desk/{session,headers}.rs | web:: readers:: entry:: desk:: proxy:: serving::
bounce | src/bounce/** | bounce:: bounces:: fates:: log_positions:: logs::
publish | src/publish/{files,pack,folder_stamp,beside,changed}.rs | publish:: feeds:: serving:: history:: output:: errors::
config | src/config/** | config:: errors:: doctor:: commands:: newsletters:: relays:: selections:: rights::
ROOMS
}

# --- What is asked for ------------------------------------------------------

wanted=
since=
shard=
list=
option=
for argument; do
    shift
    case $argument in
    --room | --since | --shard) option=$argument ;;
    --list) list=--list ;;
    *)
        case $option in
        --room) wanted="$wanted $argument" ;;
        --since) since=$argument ;;
        --shard) shard=$argument ;;
        *) set -- "$@" "$argument" ;;
        esac
        option=
        ;;
    esac
done
for room in $wanted; do
    rooms | cut -d' ' -f1 | grep -qxF "$room" || die "there is no room $room: $(rooms | cut -d' ' -f1 | tr '\n' ' ')"
done

# --- cargo-mutants ----------------------------------------------------------

if ! command -v cargo >/dev/null 2>&1 && [ -f "${CARGO_HOME:-${HOME:-}/.cargo}/env" ]; then
    # shellcheck disable=SC1091
    . "${CARGO_HOME:-${HOME:-}/.cargo}/env"
fi
version=27.1.0
mutants=$(command -v cargo-mutants || :)
if ! "${mutants:-false}" mutants --version 2>/dev/null | grep -qxF "cargo-mutants $version"; then
    mutants=$PWD/target/test-cargo/bin/cargo-mutants
fi
if ! "$mutants" mutants --version 2>/dev/null | grep -qxF "cargo-mutants $version"; then
    echo 'tests/mutants.sh: installing cargo-mutants in target/test-cargo'
    cargo install --quiet --locked --root target/test-cargo "cargo-mutants@$version"
fi

# The servers that the tests need, unless this runs beside them already.
if [ -z "$list" ] && [ -z "${GAZETIER_TEST_POSTGRES:-}" ]; then
    for room in $wanted; do set -- --room "$room" "$@"; done
    [ -z "$since" ] || set -- --since "$since" "$@"
    [ -z "$shard" ] || set -- --shard "$shard" "$@"
    exec sh tests/run.sh --run sh tests/mutants.sh "$@"
fi

# --- The faults -------------------------------------------------------------

results=$PWD/target/mutants
mkdir -p "$results"
if [ -n "$since" ]; then
    git diff "$since" -- src >"$results/diff"
    set -- --in-diff "$results/diff" "$@"
fi
# In turns, so that a sample is spread over all files.
[ -z "$shard" ] || set -- --sharding round-robin --shard "$shard" "$@"

worst=0
rooms >"$results/rooms"
while IFS='|' read -r name files tests; do
    name=${name% }
    case " $wanted " in '  ' | *" $name "*) ;; *) continue ;; esac
    # shellcheck disable=SC2086
    globs=$(set -f && for glob in $files; do printf -- '--file %s ' "$glob"; done)
    set -f
    status=0
    # shellcheck disable=SC2086
    if [ -n "$list" ]; then
        "$mutants" mutants --list $globs "$@" </dev/null || status=$?
    else
        mkdir -p "$results/$name"
        echo "tests/mutants.sh: $name"
        "$mutants" mutants --in-place --output "$results/$name" $globs --timeout-multiplier 3 --minimum-test-timeout 60 \
            --cargo-arg=--locked "$@" -- --lib --test gazetier -- $tests </dev/null || status=$?
    fi
    set +f
    [ "$status" -le "$worst" ] || worst=$status
done <"$results/rooms"
exit "$worst"

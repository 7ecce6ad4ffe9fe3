#!/bin/sh
# Builds what is handed out, in target/packaging: `packaging/build.sh [release]`.
#
#   deb      the Debian package, of the profile that is named (release without one; `dev` is for the tests)
#   release  that, an archive with the program, manual and completions, a list of all parts (CycloneDX), and checksums
#
# It needs cargo-deb, and cargo-cyclonedx for a release: `cargo install --locked cargo-deb cargo-cyclonedx`.
set -eu
cd "$(dirname "$0")/.."

what=${1:-deb}
profile=${2:-release}
case $profile in
# It is thrown away at once.
dev) folder=debug compression='--fast --strip' ;;
*) folder=$profile compression= ;;
esac
target=${CARGO_TARGET_DIR:-target}
out=$target/packaging
# Where the package goes, if not there.
packages=${GAZETIER_PACKAGES:-$out}
program=$target/$folder/gazetier

[ "${GAZETIER_BUILT:-}" = yes ] || cargo build --locked --profile "$profile" --bin gazetier
rm -rf "$out"
mkdir -p "$out/completions"
"$program" man "$out/man"
"$program" completions bash >"$out/completions/gazetier"
"$program" completions zsh >"$out/completions/_gazetier"
"$program" completions fish >"$out/completions/gazetier.fish"

# The word splitting of $compression is meant.
# shellcheck disable=SC2086
cargo deb --quiet --offline --locked --no-build --profile "$profile" $compression --output "$packages/"

[ "$what" = release ] || exit 0
version=$("$program" --version | cut -d' ' -f2)
name=gazetier-$version-$(uname -m)-linux
mkdir -p "$out/$name"
cp "$program" LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md config.toml "$out/$name/"
cp -R "$out/man" "$out/completions" packaging/systemd "$out/$name/"
strip "$out/$name/gazetier"
# The same files give the same archive.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    -C "$out" -czf "$out/$name.tar.gz" "$name"
rm -rf "${out:?}/$name"
cargo cyclonedx --format json --override-filename "$name.cdx"
mv "$name.cdx.json" "$out/"
# It writes one beside each package of the workspace; those of the tests are not handed out.
rm -f "tests/models/$name.cdx.json"
(cd "$out" && sha256sum ./*.deb ./*.tar.gz ./*.cdx.json >SHA256SUMS)

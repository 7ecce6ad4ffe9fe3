//! The Debian package, made of the program that is tested: installed into a fresh Debian that has been started, run there
//! by its units with all that they forbid, replaced while it serves, and removed. It takes root and systemd-nspawn.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use tempfile::TempDir;

use crate::{
    handbook::walks::with_systemd,
    support::{needed, until},
};

/// What is done in the machine; what it says is compared. Its first step waits until the machine is up.
const STORY: &str = r#"#!/bin/sh
exec >/root/told 2>&1
cd /
say() { echo "--- $*"; }
get() { perl -MIO::Socket::UNIX -e '
    alarm 10; my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no connection\n";
    print $s "GET $ARGV[1] HTTP/1.0\r\nHost: estran.example.org\r\n\r\n";
    print scalar <$s>;' "$1" "$2"; }
until systemctl is-active --quiet basic.target; do sleep 0.1; done

say installed
dpkg -i /root/gazetier.deb >/dev/null 2>&1 && dpkg-query -W -f '${Status}\n' gazetier
id -un gazetier
stat -c '%A %U %G %n' /var/lib/gazetier /etc/gazetier
find /usr/lib/systemd/system -name 'gazetier*' -printf '%f\n' | sort
ls /usr/share/man/man1/gazetier.1.gz /usr/share/man/man1/gazetier-digest-send.1.gz /usr/share/bash-completion/completions/gazetier
systemctl is-enabled gazetier@estran.timer

say run
cp -R /root/sample /var/lib/gazetier/estran
chown -R gazetier:gazetier /var/lib/gazetier/estran
mkdir -p /etc/systemd/system/gazetier@.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/bin/gazetier run --at 2026-11-23T08:00\n' >/etc/systemd/system/gazetier@.service.d/test.conf
systemctl daemon-reload
systemctl start gazetier@estran.service && systemctl show -p Result -p ExecMainStatus gazetier@estran.service
stat -c '%A %U %n' /var/lib/gazetier/estran /var/lib/gazetier/estran/gazetier.db /var/lib/gazetier/estran/feeds/atom.xml
ls /var/lib/gazetier/estran/outbox | wc -l
setpriv --reuid=www-data --regid=www-data --clear-groups head -c 38 /var/lib/gazetier/estran/feeds/atom.xml && echo

say twice
systemctl start gazetier@estran.service && ls /var/lib/gazetier/estran/outbox | wc -l
journalctl -u gazetier@estran.service -o cat _COMM=gazetier

say served
systemctl enable --quiet --now gazetier@estran.timer gazetier-serve@estran.socket
systemctl is-active gazetier@estran.timer gazetier-serve@estran.socket
stat -c '%A %U %G %n' /run/gazetier/estran/readers.sock
get /run/gazetier/estran/readers.sock /healthz
get /run/gazetier/estran/metrics.sock /metrics
systemctl reload gazetier-serve@estran.service && get /run/gazetier/estran/readers.sock /feeds/atom.xml

say handbook
sh -eu /root/handbook >/root/handbook.log 2>&1 && echo done || cat /root/handbook.log

say 'what it may not'
for unit in gazetier@estran gazetier-serve@estran; do
    systemd-analyze security --no-pager --threshold=20 $unit.service >/dev/null && echo "$unit: 2.0 or less"
done

say replaced
before=$(systemctl show -P MainPID gazetier-serve@estran.service)
dpkg -i /root/gazetier.deb >/dev/null
[ "$before" != "$(systemctl show -P MainPID gazetier-serve@estran.service)" ] && echo 'started anew'
get /run/gazetier/estran/readers.sock /healthz

say removed
dpkg -r gazetier >/dev/null
systemctl list-units --no-legend 'gazetier*'
ls /usr/bin/gazetier
ls /var/lib/gazetier/estran
dpkg -P gazetier | tail -n 1
find /etc/systemd/system -name 'gazetier*.timer' -o -name 'gazetier*.socket'
say end
poweroff 2>/dev/null
"#;

/// Starts the story when the machine is up.
const UNIT: &str = "[Service]\nType=oneshot\nExecStart=/root/story\n[Install]\nWantedBy=multi-user.target\n";

fn run(command: &mut Command) -> String {
    let output = command.output().expect("a program");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

/// The package of the program that is tested.
fn package(folder: &Path) -> std::path::PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_gazetier"));
    let profile = program.parent().expect("the profile's folder");
    assert_eq!(profile.file_name().expect("a name"), "debug", "the tests' own profile");
    let cargo_deb = needed("GAZETIER_TEST_CARGO_DEB");
    let path = format!(
        "{}:{}",
        Path::new(&cargo_deb).parent().expect("its folder").display(),
        std::env::var("PATH").expect("a path")
    );
    run(Command::new("sh")
        .args(["packaging/build.sh", "deb", "dev"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", profile.parent().expect("the target folder"))
        .env("GAZETIER_BUILT", "yes")
        .env("GAZETIER_PACKAGES", folder));
    let names = fs::read_dir(folder).expect("the packages").map(|entry| entry.expect("a file").path());
    names.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "deb")).expect("a package")
}

#[test]
fn the_package_runs_by_its_units_in_a_fresh_debian() {
    let folder = TempDir::new().expect("a folder");
    let (root, made) = (folder.path().join("root"), folder.path().join("made"));
    for folder in [&root, &made] {
        fs::create_dir(folder).expect("a folder");
    }
    run(Command::new("tar").args(["-xf", &needed("GAZETIER_TEST_ROOT"), "-C"]).arg(&root));
    fs::copy(package(&made), root.join("root/gazetier.deb")).expect("the package");
    let sample = root.join("root/sample");
    fs::create_dir(&sample).expect("a folder");
    run(Command::new("cp").args(["-R", "config.toml", "columns", "subscribers.csv"]).arg(&sample));
    fs::write(root.join("root/story"), STORY).expect("the story");
    fs::write(root.join("root/handbook"), with_systemd()).expect("the commands of docs/howto/timers.md");
    fs::set_permissions(root.join("root/story"), fs::Permissions::from_mode(0o755)).expect("the story");
    let units = root.join("etc/systemd/system");
    fs::write(units.join("story.service"), UNIT).expect("its unit");
    fs::create_dir_all(units.join("multi-user.target.wants")).expect("a folder");
    std::os::unix::fs::symlink("../story.service", units.join("multi-user.target.wants/story.service"))
        .expect("a link");
    let name = format!("gazetier-test-{}", std::process::id());
    let boot = || {
        let mut nspawn = Command::new("timeout");
        nspawn.args(["120", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--machine", &name]);
        let output = nspawn.arg("--directory").arg(&root).output().expect("systemd-nspawn");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // The kernel has so many watches of files for a user, whoever else of this machine uses them.
    let mut said = String::new();
    until("the machine does not start: fs.inotify.max_user_instances are used up", || {
        said = boot();
        !said.contains("Failed to create control group inotify object")
    });
    let told = fs::read_to_string(root.join("root/told")).unwrap_or_default();
    assert!(told.ends_with("--- end\n"), "{told}\n{said}");
    insta::assert_snapshot!("debian", told);
}

#[test]
fn each_command_has_its_page_and_each_shell_its_completions() {
    let folder = TempDir::new().expect("a folder");
    let gazetier = || Command::new(env!("CARGO_BIN_EXE_gazetier"));
    assert_eq!(run(gazetier().arg("man").arg(folder.path())), "");
    let page = fs::read_to_string(folder.path().join("gazetier-digest-retry.1")).expect("a page");
    insta::assert_snapshot!("page", page);
    for (shell, words) in
        [("bash", "complete -F _gazetier"), ("zsh", "#compdef gazetier"), ("fish", "complete -c gazetier")]
    {
        assert!(run(gazetier().args(["completions", shell])).contains(words), "{shell}");
    }
    let taken = gazetier().args(["man", "/proc/nothing"]).output().expect("the program");
    assert_eq!(taken.status.code(), Some(73));
}

//! packaging/Containerfile: the image's base is Debian's C library, its compiler's and certificates, and nothing else. In a
//! root with just these, the program does its work, as the user and with the variables that the file names. It takes root.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::Command,
};

use tempfile::TempDir;

use crate::{
    servers::libraries,
    support::{MONDAY, Outcome, Scene},
};

/// What gcr.io/distroless/cc-debian12 has of libraries that a program in Rust may ask for.
const OF_BASE: [&str; 5] = ["ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0"];

/// What stands behind a word of the file's last stage.
fn said(word: &str) -> String {
    let file = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/Containerfile")).expect("it");
    let (_, last) = file.split_once("FROM gcr.io/distroless/cc-debian12:nonroot\n").expect("its base");
    let line = last.lines().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("no {word}"));
    line.trim().to_owned()
}

fn copied(from: &Path, root: &Path) {
    let to = root.join(from.strip_prefix("/").expect("a whole path"));
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    fs::copy(from, to).expect("a copy");
}

#[test]
fn the_image_has_all_that_the_program_needs() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("a mode");
    let program = Path::new(env!("CARGO_BIN_EXE_gazetier"));
    for library in libraries(program) {
        let name = library.rsplit('/').next().expect("a name");
        assert!(OF_BASE.contains(&name), "{name} is not in the image");
        copied(Path::new(&library), root);
    }
    copied(Path::new("/etc/ssl/certs/ca-certificates.crt"), root);
    fs::create_dir_all(root.join("usr/bin")).expect("a folder");
    fs::hard_link(program, root.join("usr/bin/gazetier"))
        .or_else(|_| fs::copy(program, root.join("usr/bin/gazetier")).map(drop))
        .expect("the program");
    // What a volume holds at the beginning.
    let scene = Scene::sample();
    let magazine = root.join(said("WORKDIR /"));
    let made = Command::new("cp").arg("-R").arg(scene.path("")).arg(&magazine).status().expect("cp");
    assert!(made.success());
    let user = said("USER ");
    let number: u32 = user.split(':').next().and_then(|id| id.parse().ok()).expect("a number: no name, no rights");
    assert!(number > 0, "not as root");
    let given = Command::new("chown").arg("-R").arg(&user).arg(&magazine).status().expect("chown");
    assert!(given.success(), "an owner: run the tests as root");
    chown(root, Some(0), Some(0)).expect("an owner");

    let run = |arguments: &[&str]| -> Outcome {
        let mut chroot = Command::new("/usr/sbin/chroot");
        chroot.arg(format!("--userspec={user}")).arg("--groups=").arg(root).args(["/usr/bin/gazetier", "--config"]);
        chroot.arg(format!("{}/config.toml", said("WORKDIR "))).args(arguments).env_clear();
        chroot.env("GAZETIER_FUTURE", "true");
        chroot.envs(said("ENV ").split(' ').map(|pair| pair.split_once('=').expect("a name and a value")));
        chroot.output().expect("chroot").into()
    };
    let first = run(&["run", "--at", MONDAY]);
    assert_eq!((first.code, first.stdout.as_str(), first.stderr.as_str()), (0, "", ""));
    let letters = fs::read_dir(magazine.join("outbox")).expect("letters").count();
    assert_eq!(letters, 3);
    // Made anew, it is the same machine to the sources.
    assert_eq!(run(&["sync", "--at", MONDAY]).code, 0);
    assert_eq!(said("CMD "), "[\"serve\"]");
}

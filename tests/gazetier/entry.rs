//! How somebody at the machine enters the desk: no secret in what programs are called with, which all users of a
//! machine may see, and a link that works once.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use crate::{
    desk::{Open, SUNDAY, Visitor},
    readers::house::at_home,
    support::Scene,
};

/// A desk that is opened in a browser, which here writes down what it is called with; and the address to which the
/// page leads that it is called with.
fn opened(scene: &Scene) -> (Open, String) {
    let told = scene.path("told");
    let _ = fs::remove_file(&told);
    scene.put("bin/xdg-open", &format!("#!/bin/sh\necho \"$*\" >{0}.new && mv {0}.new {0}\n", told.display()));
    fs::set_permissions(scene.path("bin/xdg-open"), fs::Permissions::from_mode(0o755)).expect("a program");
    fs::create_dir_all(scene.path("pages")).expect("a folder");
    let mut command = scene.command(&["digest", "preview", "--open", "--at", SUNDAY]);
    let path = std::env::var("PATH").expect("a path");
    command.env("PATH", format!("{}:{path}", scene.path("bin").display())).env("TMPDIR", scene.path("pages"));
    let desk = Open::by(command);
    let end = Instant::now() + Duration::from_secs(20);
    while !told.exists() {
        assert!(Instant::now() < end, "no browser was opened");
        std::thread::sleep(Duration::from_millis(20));
    }
    let called = fs::read_to_string(&told).expect("words");
    let page = called.trim();
    assert!(page.ends_with(".html") && !called.contains("/enter/"), "{called}");
    assert_eq!(fs::metadata(page).expect("a page").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(page).expect("a page");
    let link = text.split("url=").nth(1).and_then(|rest| rest.split('"').next()).expect("an address").to_owned();
    assert!(link.starts_with(&desk.base) && link != desk.way_in, "{text}");
    (desk, link)
}

#[test]
fn a_browser_is_called_with_a_page_and_its_link_works_once() {
    for scene in [Scene::empty(), Scene::empty().on_postgres()] {
        let (desk, link) = opened(&scene);
        let path = link.strip_prefix(&desk.base).expect("an address of the desk");
        let stranger = Visitor::stranger(&desk);
        // To look at it is not to use it.
        for _ in 0..2 {
            assert_eq!(stranger.get(path).status, 200);
        }
        let claire = Visitor::editor(&desk, &link);
        assert_eq!(claire.get("/").status, 200);
        assert_eq!((stranger.get(path).status, stranger.post(path, &[]).status), (401, 401));
        assert!(scene.ok(&["desk", "list", "--at", SUNDAY]).starts_with("operator\t"));
        // What was never used is ended with all else.
        let (desk, link) = opened(&scene);
        let path = link.strip_prefix(&desk.base).expect("an address of the desk");
        scene.ok(&["desk", "revoke", "operator", "--at", SUNDAY]);
        assert_eq!(Visitor::stranger(&desk).post(path, &[]).status, 401);
    }
}

#[test]
fn the_desks_cookie_keeps_to_its_host() {
    for (url, cookie) in [
        ("https://desk.estran.example.org/", "__Host-gazetier_desk="),
        ("https://estran.example.org/desk/", "__Secure-gazetier_desk="),
    ] {
        let scene = at_home(Scene::empty(), "")
            .config("# url = \"https://desk.estran.example.org/\"", &format!("url = \"{url}\""));
        let mut command = scene.command(&["serve", "--at", SUNDAY]);
        let desk = Open::served(&mut command);
        // Who works at the machine is told the public address.
        let mut preview = scene.command(&["digest", "preview", "--at", SUNDAY]);
        let port = desk.base.rsplit(':').next().expect("a port").to_owned();
        let of_the_desk = |listen: &str| format!("listen = \"{listen}\"\nurl = \"{url}\"");
        scene.reconfigure(&of_the_desk("127.0.0.1:0"), &of_the_desk(&format!("127.0.0.1:{port}")));
        let told = String::from_utf8(preview.output().expect("the program").stdout).expect("UTF-8");
        let way_in = told.trim().strip_prefix("the desk: ").expect("an address").to_owned();
        assert!(way_in.starts_with(&format!("{url}enter/")), "{told}");
        let origin = url::Url::parse(url).expect("an address").origin().ascii_serialization();
        let root = url.splitn(4, '/').nth(3).expect("a path");
        let path = format!("/{root}enter/{}", way_in.rsplit('/').next().expect("a token"));
        let mut visitor = Visitor::stranger(&desk);
        visitor.comes_from(&origin);
        let entered = visitor.post(&path, &[]);
        assert_eq!(entered.status, 303, "{entered:?}");
        assert!(entered.cookie().starts_with(cookie), "{entered:?}");
        assert!(
            entered.cookie().ends_with(&format!("; Path=/{root}; Max-Age=1209600; HttpOnly; SameSite=Strict; Secure")),
            "{entered:?}"
        );
    }
}

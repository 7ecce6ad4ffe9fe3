//! Blocks for web servers, given to the servers' own checks.

use std::{
    fs,
    process::{Command, Output},
};

use super::blocks::{Block, all};
use crate::{smtp::free_port, support::Scene};

/// The blocks of a server in all documents.
fn of(language: &str) -> Vec<Block> {
    let blocks: Vec<Block> = all().into_iter().filter(|block| block.language == language).collect();
    assert!(blocks.len() >= 2, "{language}: {}", blocks.len());
    blocks
}

/// A block with what is on this machine: certificates, the feeds' snippet and a port that is free.
fn localized(scene: &Scene, text: &str) -> String {
    let tls = super::root().join("tests/fixtures/tls");
    let snippet = scene.path("gazetier-feeds.conf");
    let port = free_port();
    text.replace("/etc/ssl/estran/fullchain.pem", &tls.join("localhost.pem").display().to_string())
        .replace("/etc/ssl/estran/privkey.pem", &tls.join("localhost.key").display().to_string())
        .replace("/etc/nginx/gazetier-feeds.conf", &snippet.display().to_string())
        .replace("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl"))
}

fn accepted(block: &Block, output: &Output) {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !words.to_lowercase().contains("[warn]"),
        "docs/{}:{}: {words}",
        block.page,
        block.line
    );
}

#[test]
fn nginx_takes_its_blocks() {
    let scene = Scene::sample();
    scene.put("gazetier-feeds.conf", &scene.ok(&["feeds", "snippet", "nginx"]));
    let folder = scene.path("nginx");
    fs::create_dir(&folder).expect("a folder");
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .concat();
    for block in of("nginx") {
        let text = localized(&scene, &block.text);
        let text = if text.contains("server {") {
            text
        } else {
            format!("server {{\nlisten 127.0.0.1:{};\n{text}}}\n", free_port())
        };
        scene.put(
            "nginx.conf",
            &format!("pid {folder}/pid;\nerror_log {folder}/errors;\nevents {{ }}\nhttp {{\naccess_log off;\n{temporary}{text}}}\n"),
        );
        let mut nginx = Command::new("/usr/sbin/nginx");
        nginx.args(["-t", "-p"]).arg(scene.path("nginx")).arg("-c").arg(scene.path("nginx.conf"));
        accepted(&block, &nginx.output().expect("nginx"));
    }
}

#[test]
fn caddy_takes_its_blocks() {
    let scene = Scene::sample();
    for block in of("caddy") {
        let is_whole = block.text.starts_with(|c: char| c.is_ascii_alphabetic() && !block.text.starts_with("handle"));
        let text = if is_whole { block.text.clone() } else { format!("http://localhost {{\n{}}}\n", block.text) };
        scene.put("Caddyfile", &format!("{{\n\tadmin off\n}}\n{text}"));
        let mut caddy = Command::new("caddy");
        caddy.args(["validate", "--config", "Caddyfile", "--adapter", "caddyfile"]).current_dir(scene.path(""));
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            caddy.env(name, scene.path("home"));
        }
        accepted(&block, &caddy.output().expect("caddy"));
    }
}

/// What Debian's own configuration loads besides.
const MODULES: [(&str, &str); 8] = [
    ("mpm_event_module", "mod_mpm_event.so"),
    ("authz_core_module", "mod_authz_core.so"),
    ("alias_module", "mod_alias.so"),
    ("headers_module", "mod_headers.so"),
    ("socache_shmcb_module", "mod_socache_shmcb.so"),
    ("ssl_module", "mod_ssl.so"),
    ("proxy_module", "mod_proxy.so"),
    ("proxy_http_module", "mod_proxy_http.so"),
];

#[test]
fn apache_takes_its_blocks() {
    let scene = Scene::sample();
    let modules: String =
        MODULES.map(|(name, file)| format!("LoadModule {name} /usr/lib/apache2/modules/{file}\n")).concat();
    let folder = scene.path("");
    let folder = folder.display();
    for block in of("apache") {
        let text = localized(&scene, &block.text);
        scene.put(
            "apache.conf",
            &format!(
                "ServerRoot {folder}\nServerName localhost\nPidFile {folder}/pid\nDefaultRuntimeDir {folder}\n\
                 ErrorLog {folder}/errors\nListen 127.0.0.1:{}\n{modules}{text}",
                free_port()
            ),
        );
        let mut apache = Command::new("/usr/sbin/apache2");
        apache.args(["-t", "-f"]).arg(scene.path("apache.conf"));
        accepted(&block, &apache.output().expect("apache2: run the tests with sh tests/run.sh"));
    }
}

//! WebKitGTK, led by its own driver, on a screen that nobody sees.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder};
use serde_json::Value;
use tempfile::TempDir;

use crate::smtp::free_port;

/// A WebKitGTK with its driver and its screen; all end with the value.
pub struct WebKit {
    pub client: Client,
    _processes: Processes,
    _home: TempDir,
}

/// Programs that end with the value, the last one first.
struct Processes(Vec<Child>);

impl Drop for Processes {
    fn drop(&mut self) {
        for process in self.0.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Processes {
    fn start(&mut self, command: &mut Command, what: &str) -> &mut Child {
        let process = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        self.0.push(process.unwrap_or_else(|error| panic!("{what}: {error}: run the tests with sh tests/run.sh")));
        self.0.last_mut().expect("a process")
    }
}

impl WebKit {
    pub async fn open(fonts: &Path) -> Self {
        let mut processes = Processes(Vec::new());
        let home = tempfile::tempdir().expect("a folder");
        // GTK takes these for the desktop's: glyphs as wide as the font says, as in the other browsers.
        let settings = "Xft.antialias: 1\nXft.hinting: 0\nXft.hintstyle: hintnone\nXft.rgba: none\nXft.dpi: 96\n";
        fs::write(home.path().join(".Xdefaults"), settings).expect("a file");
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]).stdout(Stdio::piped());
        let screen = processes.start(&mut xvfb, "Xvfb");
        let mut display = String::new();
        BufReader::new(screen.stdout.take().expect("a pipe")).read_line(&mut display).expect("the name of a screen");
        let port = free_port();
        let mut driver = Command::new("WebKitWebDriver");
        driver
            .args([format!("--port={port}"), "--host=127.0.0.1".into()])
            .env("DISPLAY", format!(":{}", display.trim()))
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .env("FONTCONFIG_FILE", fonts)
            .stdout(Stdio::null());
        processes.start(&mut driver, "WebKitWebDriver");
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "WebKitWebDriver does not start");
            sleep(Duration::from_millis(20));
        }
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("WebKitGTK");
        client.goto("about:blank").await.expect("a page");
        Self { client, _processes: processes, _home: home }
    }

    /// Runs a script that calls its last argument with what it found.
    pub async fn ask(&self, script: &str, arguments: &[Value]) -> Value {
        self.client.execute_async(script, arguments.to_vec()).await.expect("a script that ends")
    }
}

//! Messages as mail servers and readers write them, about letters that a scene has sent.

use std::{io::Write, process::Stdio};

use data_encoding::BASE32_NOPAD;
use gazetier::{
    config::{Secret, StoreUrl},
    digest::token,
    model::Key,
    store::Store,
};

use crate::support::{MONDAY, Outcome, Scene};

/// A scene whose first edition has gone out to its three readers: alix (1), sterenn (2), loic (3).
pub struct Sent {
    pub scene: Scene,
    pub key: Key,
}

impl Sent {
    pub fn out(scene: Scene) -> Self {
        scene.ok(&["run", "--at", MONDAY]);
        let url = match scene.store() {
            Some(url) => StoreUrl::Postgres(Secret::new(url.to_owned())),
            None => StoreUrl::Sqlite(scene.path("gazetier.db")),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let key = runtime.block_on(async {
            let store = Store::open(&url).await.expect("a store");
            let key = store.key().clone();
            store.close().await;
            key
        });
        Self { scene, key }
    }

    pub fn sample() -> Self {
        Self::out(Scene::sample())
    }

    /// The address that the first edition's letter to a reader comes back to.
    pub fn verp(&self, subscriber: i64) -> String {
        format!("retours+1.{subscriber}.{}@estran.example.org", token::proof(&self.key, "bounce", 1, subscriber))
    }

    pub fn message_id(&self, subscriber: i64) -> String {
        format!("<2026-W47.{subscriber}.{}@estran.example.org>", token::proof(&self.key, "message", 1, subscriber))
    }

    pub fn token(&self, subscriber: i64) -> String {
        token::unsubscribe(&self.key, subscriber)
    }

    /// Hands a message over as a mail server does.
    pub fn pipe(&self, message: &[u8]) -> Outcome {
        self.pipe_with(message, &[])
    }

    pub fn pipe_with(&self, message: &[u8], arguments: &[&str]) -> Outcome {
        self.pipe_at("2026-11-24", message, arguments)
    }

    pub fn pipe_at(&self, at: &str, message: &[u8], arguments: &[&str]) -> Outcome {
        let arguments = [&["bounce", "--at", at], arguments].concat();
        let mut program = self
            .scene
            .command(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut pipe = program.stdin.take().expect("a pipe");
        let message = message.to_vec();
        let writer = std::thread::spawn(move || pipe.write_all(&message));
        let output = program.wait_with_output().expect("the program");
        writer.join().expect("a writer").expect("the program reads to the end");
        output.into()
    }

    /// Who is written to in the next edition.
    pub fn next_readers(&self) -> Vec<String> {
        let list: serde_json::Value =
            serde_json::from_str(&self.scene.ok(&["subscribers", "list", "--json"])).expect("JSON");
        for rubrique in ["edito", "carnet"] {
            let column = crate::support::column("Next", rubrique, "2026-11-25");
            self.scene.put(&format!("columns/{rubrique}.md"), &column);
        }
        self.scene.ok(&["run", "--at", "2026-11-30T08:00"]);
        let names = self.scene.files("outbox");
        let of = |index: usize| names.contains(&format!("2026-W48.{}.eml", index + 1));
        let list = list.as_array().expect("a list").iter().enumerate().filter(|(index, _)| of(*index));
        list.map(|(_, one)| one["address"].as_str().expect("an address").to_owned()).collect()
    }
}

/// A group of a report's fields.
pub fn group(recipient: &str, action: &str, status: &str, words: &str) -> String {
    format!(
        "Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n"
    )
}

/// A group about the first reader, who is not there.
pub fn nobody() -> String {
    group("alix@example.org", "failed", "5.1.1", "550 5.1.1 no such reader")
}

/// A report to an address about a letter with these groups.
pub fn report(to: &str, groups: &str, returned: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.org (Mail Delivery System)\nTo: {to}\n\
         Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"=_b/1\"\n\nThis is MIME.\n\
         --=_b/1\nContent-Type: text/plain\n\nIt could not be delivered.\n\n\
         --=_b/1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n{groups}\n\
         --=_b/1\nContent-Type: text/rfc822-headers\n\n{returned}\n\n--=_b/1--\n"
    )
}

/// The head of a letter as it is returned.
pub fn letter_head(id: &str, leave: &str) -> String {
    format!(
        "Received: from relay.example.net\nFrom: L'Estran <lettre@estran.example.org>\nTo: alix@example.org\n\
         Subject: La semaine\nMessage-ID: {id}\nList-Unsubscribe: <https://estran.example.org/lettre/quitter/{leave}>,\n \
         <mailto:quitter@estran.example.org?subject=unsubscribe%20{leave}>\nPrecedence: bulk\n"
    )
}

/// A complaint to an address (RFC 5965).
pub fn complaint(to: &str, kind: &str, fields: &str, returned: &str) -> String {
    format!(
        "From: <feedback@mail.example>\nTo: {to}\nSubject: FW: La semaine\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report;\n boundary=\"part\"\n\n\
         --part\nContent-Type: text/plain; charset=\"US-ASCII\"\n\nThis is an email abuse report.\n\
         --part\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: Example/1.0\n\
         Version: 1\n{fields}\n--part\nContent-Type: message/rfc822\nContent-Disposition: inline\n\n{returned}\n\
         text\n--part--\n"
    )
}

/// A token that has the form of ours and was never given out.
pub fn forged_token() -> String {
    BASE32_NOPAD.encode(&[9; 24]).to_lowercase()
}

//! Messages as mail servers and readers write them, about letters that a scene has sent.

use std::{io::Write, process::Stdio};

use data_encoding::BASE32_NOPAD;
use gazetier::{
    edition::render::letter::message_name,
    model::{Edition, Key, ReaderId, token},
    store::Store,
};

use crate::{
    store::digest,
    support::{MONDAY, Outcome, Scene},
};

/// A scene whose first edition has gone out to its readers, by the order of the list: alix is the first,
/// sterenn the second, loic the third.
pub struct Sent {
    pub scene: Scene,
    pub key: Key,
    edition: Edition,
    readers: Vec<ReaderId>,
}

impl Sent {
    pub fn out(scene: Scene) -> Self {
        scene.ok(&["run", "--at", MONDAY]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (key, edition, readers) = runtime.block_on(async {
            let store = Store::open(&scene.store_url()).await.expect("a store");
            let mut readers = Vec::new();
            for listed in store.list_subscribers(&digest()).await.expect("a list") {
                let address = listed.address.parse().expect("an address");
                let known = store.subscriber_at(&digest(), &address).await.expect("a reader").expect("a reader");
                readers.push(known.reader);
            }
            let edition = store.editions(&digest()).await.expect("editions").remove(0);
            let key = store.key().clone();
            store.close().await;
            (key, edition, readers)
        });
        Self { scene, key, edition, readers }
    }

    pub fn sample() -> Self {
        Self::out(Scene::sample())
    }

    /// The n-th reader; one who never was, if there are not so many.
    fn reader(&self, number: usize) -> ReaderId {
        self.readers.get(number - 1).copied().unwrap_or(ReaderId::new([9; 16]))
    }

    /// The address that the first edition's letter to a reader comes back to.
    pub fn verp(&self, number: usize) -> String {
        self.verp_by('+', number)
    }

    /// The same with another separator.
    pub fn verp_by(&self, separator: char, number: usize) -> String {
        let named = token::bounce(&self.key, self.edition.mark, self.reader(number));
        format!("retours{separator}{named}@estran.example.org")
    }

    pub fn message_id(&self, number: usize) -> String {
        let (name, reader) = (message_name(&self.edition), self.reader(number));
        let proof = token::proof(&self.key, &self.edition.key(), reader);
        format!("<{name}.{reader}.{proof}@estran.example.org>")
    }

    pub fn token(&self, number: usize) -> String {
        token::unsubscribe(&self.key, &digest(), self.reader(number))
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
        for rubrique in ["edito", "carnet"] {
            let column = crate::support::column("Next", rubrique, "2026-11-25");
            self.scene.put(&format!("columns/{rubrique}.md"), &column);
        }
        self.scene.ok(&["run", "--at", "2026-11-30T08:00"]);
        let posted = self.scene.posted();
        let list = self.scene.ok(&["subscribers", "list"]);
        let readers = list.lines().filter_map(|line| line.split('\t').next());
        readers.filter(|reader| posted.contains(&format!("2026-W48 {reader}"))).map(str::to_owned).collect()
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
        "BounceKind-Path: <>\nFrom: MAILER-DAEMON@mx.example.org (Mail Delivery System)\nTo: {to}\n\
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

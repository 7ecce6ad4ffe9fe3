//! Lines of Postfix: `relay postfix/qmgr[812]: 4bX1: from=<…>, size=…, nrcpt=1 (queue active)`.

use super::Event;
use crate::store::Fate;

/// What a line says, without its instant.
pub(super) fn event(line: &str) -> Option<Event<'_>> {
    let (head, rest) = line.split_once("]: ")?;
    let (program, process) = head.rsplit_once('[')?;
    let program = program.rsplit(' ').next()?;
    let service = program.rsplit('/').next()?;
    if !program.contains('/') || !process.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Each process has one client at a time.
    if service == "smtpd" {
        if rest.starts_with("connect from ") {
            return Some(Event::Opened(process));
        }
        if rest.starts_with("disconnect from ") {
            return Some(Event::Ended(Some(process)));
        }
    }
    let (queue, said) = rest.split_once(": ")?;
    if queue.len() < 5 || !queue.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if let Some(id) = said.strip_prefix("message-id=") {
        return Some(Event::Named { queue, by: id });
    }
    // What is in the queue is on the disk; a letter whose text broke off has been named, and never comes so far.
    if service.ends_with("qmgr") && said.starts_with("from=<") {
        let by = said["from=<".len()..].split('>').next().unwrap_or_default();
        return said.ends_with("(queue active)").then_some(Event::Taken { queue, by });
    }
    if said == "removed" {
        return Some(Event::Forgotten(queue));
    }
    let status = said.strip_prefix("to=<").and_then(|said| said.split_once(", status="))?.1;
    let fate = match status.split([' ', ',']).next()? {
        "sent" => Fate::Delivered,
        "deferred" => Fate::Waiting,
        "bounced" | "expired" => Fate::Bounced,
        _ => return None,
    };
    Some(Event::Fared { queue, fate })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_postfix_are_read() {
        for (line, expected) in [
            ("relay postfix/smtpd[9]: connect from localhost[127.0.0.1]", Some(Event::Opened("9"))),
            ("relay postfix/smtpd[9]: disconnect from localhost[127.0.0.1] ehlo=1", Some(Event::Ended(Some("9")))),
            ("relay postfix/smtpd[9]: 4bX1Yz: client=localhost[127.0.0.1]", None),
            ("relay postfix/cleanup[9]: 4bX1Yz: message-id=<a@b>", Some(Event::Named { queue: "4bX1Yz", by: "<a@b>" })),
            (
                "relay postfix/qmgr[9]: 4bX1Yz: from=<a+1@b>, size=9, nrcpt=1 (queue active)",
                Some(Event::Taken { queue: "4bX1Yz", by: "a+1@b" }),
            ),
            (
                "relay postfix-out/smtp[9]: 4bX1Yz: to=<c@d>, relay=d[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)",
                Some(Event::Fared { queue: "4bX1Yz", fate: Fate::Delivered }),
            ),
            (
                "relay postfix/smtp[9]: 4bX1Yz: to=<c@d>, relay=none, dsn=4.4.1, status=deferred (no)",
                Some(Event::Fared { queue: "4bX1Yz", fate: Fate::Waiting }),
            ),
            (
                "relay postfix/error[9]: 4bX1Yz: to=<c@d>, dsn=5.1.1, status=bounced (no)",
                Some(Event::Fared { queue: "4bX1Yz", fate: Fate::Bounced }),
            ),
            ("relay postfix/qmgr[9]: 4bX1Yz: removed", Some(Event::Forgotten("4bX1Yz"))),
            ("relay postfix/smtpd[9]: NOQUEUE: reject: RCPT from x: from=<a@b> to=<c@d>", None),
            ("relay sshd[9]: 4bX1Yz: removed", None),
        ] {
            assert_eq!(event(line), expected, "{line}");
        }
    }
}

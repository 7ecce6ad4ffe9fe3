//! Lines of Exim's main log: `1vOabc-000000001Xy-0Abc <= sender H=… id=…`.

use super::Event;
use crate::store::Fate;

/// What a line says, without its instant.
pub(super) fn event(line: &str) -> Option<Event<'_>> {
    // The process, where it is logged (`+pid`).
    let line = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((process, rest)) if process.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => line,
    };
    if let Some(rest) = line.strip_prefix("SMTP connection from ") {
        return session(rest);
    }
    // These are told whatever `log_selector` says.
    // A letter whose sender is gone before it could be told that it is taken ("lost after final dot") is thrown away.
    let broken = [
        "unexpected disconnection",
        "SMTP command timeout",
        "SMTP connection lost",
        "SMTP data timeout",
        "SMTP protocol",
    ];
    if broken.iter().any(|words| line.starts_with(words)) {
        return Some(Event::Ended(client(line).map(|(client, _)| client)));
    }
    let (queue, rest) = line.split_once(' ')?;
    if !is_queue_name(queue) {
        return None;
    }
    let (flag, said) = rest.split_once(' ').unwrap_or((rest, ""));
    let fate = match flag {
        "<=" => return Some(Event::Taken { queue, by: said }),
        "=>" | "->" | ">>" => Fate::Delivered,
        "==" => Fate::Waiting,
        "**" => Fate::Bounced,
        "Completed" => return Some(Event::Forgotten(queue)),
        _ if broken.iter().any(|words| rest.starts_with(words)) => {
            return Some(Event::Ended(client(rest).map(|(client, _)| client)));
        }
        _ => return None,
    };
    Some(Event::Fared { queue, fate })
}

/// A client's address and port, which `+incoming_port` tells, and what follows.
fn client(text: &str) -> Option<(&str, &str)> {
    let end = text.find("]:").map(|at| at + 2)?;
    let port = text[end..].bytes().take_while(u8::is_ascii_digit).count();
    let start = text[..end].rfind('[')?;
    Some((&text[start..end + port], &text[end + port..]))
}

/// Sessions as `+smtp_connection` tells them: each is known by its client.
fn session(rest: &str) -> Option<Event<'_>> {
    let (client, said) = client(rest)?;
    if said.contains("TCP/IP connection count") {
        return Some(Event::Opened(client));
    }
    let ended = ["closed by", "lost", "closed after", "timed out", "dropped", "rejected"];
    ended.iter().any(|words| said.contains(words)).then_some(Event::Ended(Some(client)))
}

/// `1vOabc-000000001Xy-0Abc`, or shorter before Exim 4.97.
fn is_queue_name(word: &str) -> bool {
    let mut parts = word.split('-');
    let lengths = [parts.next(), parts.next(), parts.next()].map(|part| part.map_or(0, str::len));
    parts.next().is_none()
        && matches!(lengths, [6, 6, 2] | [6, 11, 4])
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_exim_are_read() {
        let queue = "1vOabc-000000001Xy-0Abc";
        for (said, expected) in [
            (
                "<= a+1@b H=localhost [127.0.0.1] P=esmtp S=9 id=x.y@b",
                Some(Event::Taken { queue, by: "a+1@b H=localhost [127.0.0.1] P=esmtp S=9 id=x.y@b" }),
            ),
            ("=> c@d R=dns T=remote H=d [192.0.2.1]", Some(Event::Fared { queue, fate: Fate::Delivered })),
            ("== c@d R=dns T=remote defer (111)", Some(Event::Fared { queue, fate: Fate::Waiting })),
            ("** c@d R=dns T=remote: 550 no", Some(Event::Fared { queue, fate: Fate::Bounced })),
            ("Completed", Some(Event::Forgotten(queue))),
            ("Frozen", None),
            (
                "SMTP connection lost after final dot H=(us) [127.0.0.1]:4711 P=esmtp",
                Some(Event::Ended(Some("[127.0.0.1]:4711"))),
            ),
        ] {
            let line = format!("{queue} {said}");
            assert_eq!(event(Box::leak(line.into_boxed_str())), expected, "{said}");
        }
        for (line, expected) in [
            (
                "SMTP connection from [127.0.0.1]:4711 (TCP/IP connection count = 1)",
                Some(Event::Opened("[127.0.0.1]:4711")),
            ),
            (
                "SMTP connection from relay.example.net (us) [127.0.0.1]:4711 lost D=1s",
                Some(Event::Ended(Some("[127.0.0.1]:4711"))),
            ),
            (
                "[12] SMTP connection from (us) [127.0.0.1]:4711 closed by QUIT",
                Some(Event::Ended(Some("[127.0.0.1]:4711"))),
            ),
            (
                "unexpected disconnection while reading SMTP command from (x) [127.0.0.1]:4711 D=0s",
                Some(Event::Ended(Some("[127.0.0.1]:4711"))),
            ),
            ("unexpected disconnection while reading SMTP command from x", Some(Event::Ended(None))),
            ("exim 4.98 daemon started", None),
        ] {
            assert_eq!(event(line), expected, "{line}");
        }
    }
}

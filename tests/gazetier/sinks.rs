//! The relay of the tests and benchmarks keeps to the rules itself: what it accepts counts, and
//! what it refuses is a mistake of whoever speaks to it.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use crate::sink::{Fault, Options, Sink, faults};

/// A client without manners: says what it is given, whenever.
struct Client(TcpStream);

impl Client {
    fn new(sink: &Sink) -> Self {
        let line = TcpStream::connect(("127.0.0.1", sink.port)).expect("a connection");
        line.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        line.set_nodelay(true).expect("a socket");
        Self(line)
    }

    fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).expect("somebody listens");
    }

    /// The codes of the replies up to this many; fewer if the server hangs up.
    fn codes(&mut self, count: usize) -> String {
        let mut codes = Vec::new();
        while codes.len() < count {
            let Some(line) = self.line() else { break };
            if !line[3..].starts_with('-') {
                codes.push(line[..3].to_owned());
            }
        }
        codes.join(" ")
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            if self.0.read(&mut byte).expect("an answer in time") == 0 {
                return None;
            }
            line.push(byte[0]);
        }
        Some(String::from_utf8(line).expect("UTF-8").trim_end().to_owned())
    }

    /// All that comes until the server hangs up, after our own end.
    fn rest(&mut self) -> String {
        self.0.shutdown(Shutdown::Write).expect("a connection");
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).expect("an end in time");
        rest
    }
}

fn said(sink: &Sink, text: &str) -> String {
    let mut client = Client::new(sink);
    client.say(text);
    client.rest().replace("\r\n", "\n")
}

#[test]
fn it_says_what_it_offers_and_refuses_what_breaks_the_rules() {
    let sink = Sink::start(Options { dsn: false, size: Some(1_000), ..Options::default() });
    let told = said(
        &sink,
        "MAIL FROM:<a@x.org>\r\nEHLO\r\nehlo me\r\nRCPT TO:<b@x.org>\r\nDATA\r\nMAIL FROM:a@x.org\r\n\
         MAIL FROM:<é@x.org>\r\nMAIL FROM:<a@x.org> RET=HDRS\r\nMAIL FROM:<a@x.org> SIZE=1001\r\n\
         MAIL FROM:<a@x.org> SIZE=9 BODY=8BITMIME\r\nMAIL FROM:<c@x.org>\r\nDATA\r\nRCPT TO:<é@x.org>\r\n\
         RCPT TO:<b@x.org> NOTIFY=NEVER\r\nRCPT TO:<>\r\nRCPT TO:<b@x.org>\r\nVRFY b\r\nbare\nRSET\r\nDATA\r\n\
         NOOP\r\nQUIT\r\n",
    );
    insta::assert_snapshot!(told, @r"
    220 sink.example.org ESMTP
    503 5.5.1 EHLO first
    501 5.5.4 and who are you?
    250-sink.example.org
    250-SIZE 1000
    250-PIPELINING
    250-CHUNKING
    250-8BITMIME
    250-SMTPUTF8
    250 ENHANCEDSTATUSCODES
    503 5.5.1 MAIL first
    503 5.5.1 MAIL first
    501 5.5.4 MAIL FROM:<address>
    553 5.6.7 an address beyond ASCII without SMTPUTF8
    555 5.5.4 a parameter that was not offered
    552 5.3.4 too long
    250 2.0.0 fine
    503 5.5.1 nested MAIL
    554 5.5.1 no valid recipients
    553 5.6.7 an address beyond ASCII without SMTPUTF8
    555 5.5.4 a parameter that was not offered
    501 5.1.3 to whom?
    250 2.0.0 fine
    502 5.5.1 what is that?
    500 5.5.2 no line of UTF-8 that ends in CR LF
    250 2.0.0 fine
    503 5.5.1 MAIL first
    250 2.0.0 fine
    221 2.0.0 bye
    ");
    let offered = Options {
        pipelining: false,
        chunking: false,
        size: None,
        eight_bit: false,
        smtp_utf8: false,
        dsn: false,
        enhanced: false,
        ..Options::default()
    };
    let bare = Sink::start(offered);
    let mut client = Client::new(&bare);
    for (command, reply) in [
        ("EHLO me", "250 sink.example.org"),
        ("MAIL FROM:<a@x.org> SIZE=9", "555 a parameter that was not offered"),
        ("MAIL FROM:<a@x.org> BODY=8BITMIME", "555 a parameter that was not offered"),
        ("MAIL FROM:<a@x.org> SMTPUTF8", "555 a parameter that was not offered"),
        ("MAIL FROM:<a@x.org>", "250 fine"),
        ("BDAT 3 LAST", "502 what is that?"),
        ("QUIT", "221 bye"),
    ] {
        client.line();
        client.say(&format!("{command}\r\n"));
        // The reply is read at the next turn.
        let mut peeked = [0; 64];
        let length = loop {
            let length = client.0.peek(&mut peeked).expect("a reply");
            if peeked[..length].ends_with(b"\n") {
                break length;
            }
        };
        assert_eq!(String::from_utf8_lossy(&peeked[..length]), format!("{reply}\r\n"), "{command}");
    }
    assert!(sink.accepted().is_empty() && bare.accepted().is_empty());
}

const LETTER: &str = "Subject: x\r\nMessage-Id:\r\n <1@x.org>\r\n\r\n..\r\n...two\r\n. \r\nend\r\n";
const PLAIN: &str = "Subject: x\r\nMessage-Id:\r\n <1@x.org>\r\n\r\n.\r\n..two\r\n \r\nend\r\n";

#[test]
fn letters_by_data_are_found_however_they_are_cut() {
    let record = tempfile::NamedTempFile::new().expect("a file");
    let options = Options { keep: true, record: Some(record.path().to_owned()), ..Options::default() };
    let sink = Sink::start(options);
    let mut client = Client::new(&sink);
    client.say("EHLO me\r\nMAIL FROM:<a@x.org> SIZE=80\r\nRCPT TO:<b@x.org>\r\nRCPT TO:<c@x.org> NOTIFY=NEVER\r\n");
    client.say("DATA\r\n");
    assert_eq!(client.codes(6), "220 250 250 250 250 354");
    // The dot and the next letter in one write, three times; then byte by byte, and an empty one.
    let next = ".\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<d@x.org>\r\nDATA\r\n";
    for _ in 0..3 {
        client.say(&format!("{LETTER}{next}"));
        assert_eq!(client.codes(4), "250 250 250 354");
    }
    for byte in LETTER.chars() {
        client.say(&byte.to_string());
    }
    client.say(next);
    assert_eq!(client.codes(4), "250 250 250 354");
    client.say(".\r\nMAIL FROM:<>\r\nRCPT TO:<e@x.org>\r\nDATA\r\n");
    assert_eq!(client.codes(4), "250 250 250 354");
    // What is not whole is not taken.
    client.say("Subject: half\r\n.");
    assert_eq!(client.rest(), "");
    let accepted = sink.accepted();
    let seen: Vec<_> = accepted.iter().map(|a| (a.recipients.join(","), a.message_id.as_str(), a.text.len())).collect();
    let id = "<1@x.org>";
    let whole = PLAIN.len();
    let one = |to: &str| (to.to_owned(), id, whole);
    assert_eq!(
        seen,
        [one("b@x.org,c@x.org"), one("d@x.org"), one("d@x.org"), one("d@x.org"), ("d@x.org".to_owned(), "", 0)]
    );
    assert!(accepted[..4].iter().all(|letter| letter.text == PLAIN.as_bytes() && !letter.chunked));
    assert_eq!(accepted[0].parameters, ["SIZE=80", "", "NOTIFY=NEVER"]);
    let recorded = std::fs::read_to_string(record.path()).expect("the record");
    assert_eq!(
        recorded,
        "b@x.org\ta@x.org\t<1@x.org>\nc@x.org\ta@x.org\t<1@x.org>\n".to_owned()
            + &"d@x.org\ta@x.org\t<1@x.org>\n".repeat(3)
            + "d@x.org\ta@x.org\t\n"
    );
    assert_eq!((sink.statistics().letters, sink.statistics().connections), (5, 1));
}

#[test]
fn letters_by_chunks_are_taken_whole_or_swallowed() {
    let sink = Sink::start(Options { keep: true, ..Options::default() });
    let told = said(
        &sink,
        "EHLO me\r\nBDAT 3\r\nabcMAIL FROM:<a@x.org>\r\nRCPT TO:<b@x.org>\r\nBDAT 5\r\n.\r\n.\rBDAT 0\r\nDATA\r\n\
         BDAT 1 last\r\n\nBDAT 4 LAST\r\nQUITMAIL FROM:<a@x.org>\r\nBDAT 6 LAST\r\nRSET\r\nRCPT TO:<b@x.org>\r\n\
         BDAT 6 LAST\r\nRSET\r\nMAIL FROM:<a@x.org>\r\nRSET\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<c@x.org>\r\n\
         BDAT 6 LAST\r\nTo: c\nBDAT x\r\n",
    );
    insta::assert_snapshot!(told, @r"
    220 sink.example.org ESMTP
    250-sink.example.org
    250-SIZE 50000000
    250-PIPELINING
    250-CHUNKING
    250-8BITMIME
    250-SMTPUTF8
    250-DSN
    250 ENHANCEDSTATUSCODES
    503 5.5.1 MAIL first
    250 2.0.0 fine
    250 2.0.0 fine
    250 2.0.0 5 octets
    250 2.0.0 0 octets
    503 5.5.1 not after BDAT
    250 2.0.0 taken
    503 5.5.1 MAIL first
    250 2.0.0 fine
    554 5.5.1 no valid recipients
    250 2.0.0 fine
    503 5.5.1 RSET first
    503 5.5.1 nested MAIL
    250 2.0.0 fine
    250 2.0.0 fine
    250 2.0.0 fine
    250 2.0.0 taken
    501 5.5.4 BDAT size [LAST]
    ");
    let texts: Vec<_> = sink.accepted().into_iter().map(|a| (a.text, a.chunked)).collect();
    assert_eq!(texts, [(b".\r\n.\r\n".to_vec(), true), (b"To: c\n".to_vec(), true)]);
}

#[test]
fn every_reply_leaves_a_round_trip_after_what_it_answers() {
    let trip = Duration::from_millis(200);
    let sink = Sink::start(Options { delay: trip, ..Options::default() });
    let start = Instant::now();
    let mut client = Client::new(&sink);
    assert_eq!(client.codes(1), "220");
    assert!(start.elapsed() >= trip, "the banner came at once");
    client.say("EHLO me\r\n");
    client.codes(1);
    let start = Instant::now();
    client.say("MAIL FROM:<a@x.org>\r\n");
    std::thread::sleep(trip / 2);
    // Heard while the first reply is on its way.
    client.say("RCPT TO:<b@x.org>\r\nBDAT 1 LAST\r\nx");
    assert_eq!(client.codes(1), "250");
    let first = start.elapsed();
    assert_eq!(client.codes(2), "250 250");
    let last = start.elapsed();
    assert!(first >= trip && first < trip * 3 / 2, "{first:?}");
    assert!(last >= trip * 3 / 2 && last < trip * 2, "{last:?}");
}

#[test]
fn who_speaks_before_his_time_is_hung_up_on() {
    let plain = Options { pipelining: false, ..Options::default() };
    let slow = Options { delay: Duration::from_millis(100), ..Options::default() };
    for (options, first, second) in [
        (plain.clone(), "EHLO me\r\nMAIL FROM:<a@x.org>\r\n", ""),
        (Options { delay: slow.delay, ..plain.clone() }, "EHLO me\r\n", "MAIL FROM:<a@x.org>\r\n"),
        // The letter begins before DATA is answered.
        (slow.clone(), "EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@x.org>\r\nDATA\r\n", "x\r\n.\r\n"),
        (Options::default(), "EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@x.org>\r\nDATA\r\nx\r\n.\r\n", ""),
    ] {
        let sink = Sink::start(options);
        let mut client = Client::new(&sink);
        assert_eq!(client.codes(1), "220");
        client.say(first);
        std::thread::sleep(Duration::from_millis(30));
        client.say(second);
        let told = client.rest();
        assert!(told.ends_with("503 5.5.0 commands were sent before their time\r\n"), "{first}{second}: {told}");
        assert_eq!(sink.accepted(), []);
    }
    // A chunk follows its command at once, pipelined or not.
    let sink = Sink::start(plain);
    let mut client = Client::new(&sink);
    for command in ["EHLO me\r\n", "MAIL FROM:<a@x.org>\r\n", "RCPT TO:<b@x.org>\r\n", "BDAT 1 LAST\r\nx"] {
        client.codes(1);
        client.say(command);
    }
    assert_eq!(client.codes(1), "250");
    assert_eq!(sink.recipients(), ["b@x.org"]);
}

#[test]
fn it_fails_where_a_test_wants_it_to() {
    let group = "MAIL FROM:<a@x.org>\r\nRCPT TO:<b@x.org>\r\nBDAT 1 LAST\r\nxRSET\r\n";
    let reply = |text: &str| Fault::Reply(text.to_owned());
    for (step, fault, codes, taken) in [
        ("connect", Fault::HangUp, "", 0),
        ("connect", Fault::ReplyThenHangUp("554 no".into()), "554", 0),
        ("EHLO", reply("502 what?"), "220 502 503 503 503 250", 0),
        ("MAIL", reply("451 not now"), "220 250 451 503 503 250", 0),
        ("MAIL", Fault::HangUp, "220 250", 0),
        ("RCPT", reply("550 5.1.1 nobody"), "220 250 250 550 554 250", 0),
        ("RCPT", Fault::ReplyThenHangUp("421 closing".into()), "220 250 250 421", 0),
        ("BDAT", reply("452 full"), "220 250 250 250 452 250", 0),
        ("BDAT", Fault::HangUp, "220 250 250 250", 0),
        (".", reply("554 5.7.1 no"), "220 250 250 250 554 250", 0),
        (".", reply("250 yes"), "220 250 250 250 250 250", 1),
        (".", Fault::HangUp, "220 250 250 250", 0),
        (".", Fault::HangUpAfterDot, "220 250 250 250", 1),
        (".", Fault::ReplyThenHangUp("250 and bye".into()), "220 250 250 250 250", 1),
        ("RSET", Fault::HangUp, "220 250 250 250 250", 1),
    ] {
        let wanted = fault.clone();
        let script = faults(move |at, _, nth| if at == step && nth == 1 { wanted.clone() } else { Fault::None });
        let sink = Sink::start(Options { script, ..Options::default() });
        let mut client = Client::new(&sink);
        client.say(&format!("EHLO me\r\n{group}"));
        assert_eq!(client.codes(6), codes, "{step} {fault:?}");
        assert_eq!(sink.accepted().len(), taken, "{step} {fault:?}");
    }
    // Silence: nothing is said to this nor to what follows.
    let script =
        faults(|step, to, nth| if (step, to, nth) == ("RCPT", "b@x.org", 2) { Fault::Sleep } else { Fault::None });
    let sink = Sink::start(Options { script, ..Options::default() });
    let mut client = Client::new(&sink);
    client.say(&format!("EHLO me\r\n{group}{group}"));
    assert_eq!(client.codes(7), "220 250 250 250 250 250 250");
    client.0.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    assert!(client.0.read(&mut [0]).is_err(), "it spoke");
    assert_eq!((sink.count("RCPT", "b@x.org"), sink.count(".", "b@x.org"), sink.count("connect", "")), (2, 1, 1));
}

#[test]
fn data_without_a_recipient_ends_with_a_lone_dot() {
    let script = faults(|step, _, _| match step {
        "RCPT" => Fault::Reply("550 5.1.1 nobody".into()),
        _ => Fault::None,
    });
    let sink = Sink::start(Options { lenient: true, script, ..Options::default() });
    let mut client = Client::new(&sink);
    client.say("EHLO me\r\nMAIL FROM:<a@x.org>\r\nRCPT TO:<b@x.org>\r\nDATA\r\n");
    assert_eq!(client.codes(5), "220 250 250 550 354");
    client.say(".\r\nMAIL FROM:<a@x.org>\r\n");
    assert_eq!(client.codes(2), "554 250");
    assert_eq!(sink.accepted(), []);
}

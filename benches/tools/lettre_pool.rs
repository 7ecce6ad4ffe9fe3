//! The usual way to send with lettre, for benches/delivery.sh: `AsyncSmtpTransport` with its pool,
//! a message built for each recipient.
//!
//! `lettre_pool PORT CONNECTIONS MESSAGES HTML TEXT`
#![allow(missing_docs)]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, message::MultiPart, transport::smtp::PoolConfig,
};

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [port, connections, messages, html, text] = &args[..] else { panic!("PORT CONNECTIONS MESSAGES HTML TEXT") };
    let connections: u32 = connections.parse().expect("a number of connections");
    let messages: u64 = messages.parse().expect("a number of messages");
    let read = |path| Arc::new(std::fs::read_to_string(path).expect("a part of the letter"));
    let (html, text) = (read(html), read(text));
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(port.parse().expect("a port"))
        .pool_config(PoolConfig::new().max_size(connections))
        .build();
    let next = Arc::new(AtomicU64::new(0));
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (transport, next, html, text) = (transport.clone(), next.clone(), html.clone(), text.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= messages {
                        break;
                    }
                    let message = Message::builder()
                        .from("Le Grand Large <lettre@large.example.org>".parse().expect("an address"))
                        .to(format!("lectrice{number}@example.org").parse().expect("an address"))
                        .subject("La marée d’équinoxe raconte à qui veut l’entendre")
                        .multipart(MultiPart::alternative_plain_html(text.to_string(), html.to_string()))
                        .expect("a message");
                    transport.send(message).await.expect("a message that is taken");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker");
    }
}

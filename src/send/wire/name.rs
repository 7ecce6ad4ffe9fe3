//! What we call ourselves in EHLO. Spam filters count an address where a name could be.

use std::{net::SocketAddr, time::Duration};

use tokio::sync::OnceCell;

/// How long the machine's own name may take to resolve.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The machine's full name if it resolves, asked once in a program's life.
static OWN: OnceCell<Option<String>> = OnceCell::const_new();

/// The machine's full name if it resolves, or the address that the relay sees (RFC 5321, 4.1.3).
pub(super) async fn own(address: std::io::Result<SocketAddr>) -> String {
    match OWN.get_or_init(resolved).await {
        Some(name) => name.clone(),
        None => match address {
            Ok(SocketAddr::V4(address)) => format!("[{}]", address.ip()),
            Ok(SocketAddr::V6(address)) => format!("[IPv6:{}]", address.ip()),
            Err(_) => "[127.0.0.1]".to_owned(),
        },
    }
}

async fn resolved() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_ascii_lowercase();
    let is_host = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    // `box`, `box.local` and their like mean nothing to others.
    let is_full = name.contains('.') && ![".local", ".localdomain", ".internal"].iter().any(|end| name.ends_with(end));
    if !is_host || !is_full {
        return None;
    }
    let found = tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((name.as_str(), 25))).await;
    found.ok()?.ok()?.next()?;
    Some(name)
}

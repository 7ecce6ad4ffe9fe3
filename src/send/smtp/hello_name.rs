//! The name that we give in EHLO. Spam filters count it against a client if it gives an address instead.

use std::{net::SocketAddr, time::Duration};

use tokio::sync::OnceCell;

/// How long looking up the machine's name may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);

/// The machine's full name if it resolves, looked up once.
static HELLO_NAME: OnceCell<Option<String>> = OnceCell::const_new();

/// The machine's full name if it resolves, or the address that the relay sees (RFC 5321, 4.1.3).
pub(super) async fn hello_name(address: std::io::Result<SocketAddr>) -> String {
    match HELLO_NAME.get_or_init(resolve).await {
        Some(name) => name.clone(),
        None => match address {
            Ok(SocketAddr::V4(address)) => format!("[{}]", address.ip()),
            Ok(SocketAddr::V6(address)) => format!("[IPv6:{}]", address.ip()),
            Err(_) => "[127.0.0.1]".to_owned(),
        },
    }
}

async fn resolve() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_ascii_lowercase();
    let is_host = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    // Names such as `box` and `box.local` are known to nobody else.
    let is_full = name.contains('.') && ![".local", ".localdomain", ".internal"].iter().any(|end| name.ends_with(end));
    if !is_host || !is_full {
        return None;
    }
    let found = tokio::time::timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((name.as_str(), 25))).await;
    found.ok()?.ok()?.next()?;
    Some(name)
}

//! The stream below a connection, made here so that it has TCP_NODELAY: without it the end of a
//! letter waits for the relay's delayed acknowledgement, and 23 letters a second are all there is.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto, pki_types::ServerName},
};

use crate::config::{Relay, Security};

/// Connects to a relay, with TLS from the first byte if it wants that.
pub(super) async fn connect(relay: &Relay) -> io::Result<Box<dyn AsyncTokioStream>> {
    let stream = TcpStream::connect((relay.host.as_str(), relay.port)).await?;
    stream.set_nodelay(true)?;
    if relay.security != Security::Tls {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(relay.host.clone()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(Arc::new(trust()?)).connect(name, stream).await?;
    Ok(Box::new(Encrypted(stream)))
}

/// Whom to trust: the machine's certificates (or those that `SSL_CERT_FILE` names).
fn trust() -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // A broken certificate in the machine's store is no reason to do without the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth())
}

/// A stream with TLS, as lettre wants one.
#[derive(Debug)]
struct Encrypted(TlsStream<TcpStream>);

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

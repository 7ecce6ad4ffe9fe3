//! The stream of a connection, with or without TLS. TCP_NODELAY is set: without it, the end of each letter waits for the
//! relay's delayed acknowledgement, and no more than 23 letters a second go out.

use std::{io, sync::Arc, time::Duration};

use rustix::net::{RecvFlags, recv};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, crypto,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

use crate::config::{Certificates, Relay};

/// How long TLS may take to decrypt what is in the socket; it may be no data at all, but a session ticket.
const TLS_READ_TIMEOUT: Duration = Duration::from_millis(50);

pub(super) enum SmtpStream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// While TLS begins, and if it could not.
    Upgrading,
}

/// What is in the socket when no reply is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketState {
    Quiet,
    Readable,
    Closed,
}

impl SmtpStream {
    pub(super) async fn connect(relay: &Relay) -> io::Result<Self> {
        let stream = TcpStream::connect((relay.host.as_str(), relay.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self::Plain(stream))
    }

    pub(super) async fn start_tls(&mut self, relay: &Relay) -> io::Result<()> {
        let name = ServerName::try_from(relay.host.clone()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::new(client_config(&relay.certificates)?));
        if let Self::Plain(stream) = std::mem::replace(self, Self::Upgrading) {
            *self = Self::Tls(Box::new(connector.connect(name, stream).await?));
        }
        Ok(())
    }

    pub(super) fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    fn tcp(&self) -> io::Result<&TcpStream> {
        match self {
            Self::Plain(stream) => Ok(stream),
            Self::Tls(stream) => Ok(stream.get_ref().0),
            Self::Upgrading => Err(tls_failed()),
        }
    }

    pub(super) fn local_addr(&self) -> io::Result<std::net::SocketAddr> {
        self.tcp()?.local_addr()
    }

    pub(super) async fn read(&mut self, to: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(to).await,
            Self::Tls(stream) => stream.read_buf(to).await,
            Self::Upgrading => Err(tls_failed()),
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes).await,
            Self::Tls(stream) => stream.write(bytes).await,
            Self::Upgrading => Err(tls_failed()),
        }
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) | Self::Upgrading => Ok(()),
            Self::Tls(stream) => stream.flush().await,
        }
    }

    /// What waits to be read. The socket itself is asked, because tokio's readiness may be out of date.
    pub(super) async fn state(&mut self) -> SocketState {
        let mut byte = [0];
        let Ok(socket) = self.tcp() else { return SocketState::Closed };
        match recv(socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, 0)) => SocketState::Closed,
            Ok(_) if !self.is_secure() => SocketState::Readable,
            Ok(_) => {
                let mut bytes = Vec::with_capacity(64);
                match tokio::time::timeout(TLS_READ_TIMEOUT, self.read(&mut bytes)).await {
                    Ok(Ok(0) | Err(_)) => SocketState::Closed,
                    Ok(Ok(_)) => SocketState::Readable,
                    Err(_) => SocketState::Quiet,
                }
            }
            Err(rustix::io::Errno::AGAIN) => SocketState::Quiet,
            Err(_) => SocketState::Closed,
        }
    }
}

fn tls_failed() -> io::Error {
    io::Error::other("TLS could not begin")
}

/// Trusts the certificates that the configuration names, or else the machine's (or those that `SSL_CERT_FILE` names).
fn client_config(certificates: &Certificates) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // A broken certificate in the machine's store is no reason to reject the others.
    match &certificates.trusted {
        Some(pem) => roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok)),
        None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    };
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let client = versions.map_err(io::Error::other)?.with_root_certificates(roots);
    let Some((chain, key)) = &certificates.own else { return Ok(client.with_no_client_auth()) };
    let chain = CertificateDer::pem_slice_iter(chain).filter_map(Result::ok).collect();
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(io::Error::other)?;
    client.with_client_auth_cert(chain, key).map_err(io::Error::other)
}

//! The stream below a dialogue: TCP with TCP_NODELAY (without it the end of a letter waits for the
//! relay's delayed acknowledgement, and 23 letters a second are all there is), with or without TLS.

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

/// How long what stands in the socket may take to become plain text, or nothing (TLS tickets).
const GLANCE: Duration = Duration::from_millis(50);

/// A connection's stream.
pub(super) enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
    /// On its way from the one to the other, or lost on it.
    Between,
}

/// What stands in a stream when nothing should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Nothing,
    Bytes,
    /// The other side has closed it.
    End,
}

impl Stream {
    /// Connects to a relay.
    pub(super) async fn connect(relay: &Relay) -> io::Result<Self> {
        let stream = TcpStream::connect((relay.host.as_str(), relay.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self::Plain(stream))
    }

    /// Begins TLS on it.
    pub(super) async fn secure(&mut self, relay: &Relay) -> io::Result<()> {
        let name = ServerName::try_from(relay.host.clone()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::new(client(&relay.certificates)?));
        if let Self::Plain(stream) = std::mem::replace(self, Self::Between) {
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
            Self::Between => Err(lost()),
        }
    }

    /// The address that we have on it.
    pub(super) fn local_addr(&self) -> io::Result<std::net::SocketAddr> {
        self.tcp()?.local_addr()
    }

    pub(super) async fn read(&mut self, to: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(to).await,
            Self::Tls(stream) => stream.read_buf(to).await,
            Self::Between => Err(lost()),
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes).await,
            Self::Tls(stream) => stream.write(bytes).await,
            Self::Between => Err(lost()),
        }
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) | Self::Between => Ok(()),
            Self::Tls(stream) => stream.flush().await,
        }
    }

    /// What waits to be read. The socket itself is asked: what the runtime knows of it may be old.
    pub(super) async fn waiting(&mut self) -> Waiting {
        let mut byte = [0];
        let Ok(socket) = self.tcp() else { return Waiting::End };
        match recv(socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Waiting::End,
            Ok(_) if !self.is_secure() => Waiting::Bytes,
            Ok(_) => {
                let mut bytes = Vec::with_capacity(64);
                match tokio::time::timeout(GLANCE, self.read(&mut bytes)).await {
                    Ok(Ok(0) | Err(_)) => Waiting::End,
                    Ok(Ok(_)) => Waiting::Bytes,
                    Err(_) => Waiting::Nothing,
                }
            }
            Err(rustix::io::Errno::AGAIN) => Waiting::Nothing,
            Err(_) => Waiting::End,
        }
    }
}

fn lost() -> io::Error {
    io::Error::other("TLS could not begin")
}

/// Whom to trust: the certificates that the configuration names, or the machine's (or those that
/// `SSL_CERT_FILE` names); and who we are.
fn client(certificates: &Certificates) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // A broken certificate in the machine's store is no reason to do without the others.
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

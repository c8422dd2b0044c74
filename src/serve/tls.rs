//! TLS: with a certificate that is given, or with one this machine makes for itself.
//!
//! TLS 1.2 and 1.3, by rustls. [`own`] keeps an authority of its own, whose certificate others are told
//! to trust; what is shown to clients is made from it at each start, for the names of that start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

mod own;

pub use own::{Own, own};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {why}", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Others may read a key.
    #[error("{}: everybody on this machine can read this key", path.display())]
    Open {
        /// Which.
        path: PathBuf,
    },
    /// Certificate and key do not go together, or are of no use.
    #[error("the certificate and its key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// TLS with the certificates in `cert`, the server's own first, and its key in `key`; both are PEM.
pub fn given(cert: &Path, key: &Path) -> Result<TlsAcceptor, Error> {
    let certs = CertificateDer::pem_slice_iter(&read(cert)?).collect::<Result<Vec<_>, _>>();
    let certs = certs.map_err(|error| wrong(cert, &error))?;
    if certs.is_empty() {
        return Err(Error::Pem {
            path: cert.to_owned(),
            why: "no certificate is in it".to_owned(),
        });
    }
    let mode = fs::metadata(key).map_err(|source| file(key, source))?.permissions().mode();
    if mode & 0o004 != 0 {
        return Err(Error::Open { path: key.to_owned() });
    }
    let der = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| wrong(key, &error))?;
    accept(certs, der)
}

/// Shows `certs` to clients.
fn accept(
    certs: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, Error> {
    let provider = Arc::new(ring::default_provider());
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)?
        .with_no_client_auth();
    let mut config = config.with_single_cert(certs, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| file(path, source))
}

fn file(path: &Path, source: std::io::Error) -> Error {
    Error::File { path: path.to_owned(), source }
}

fn wrong(path: &Path, why: &impl ToString) -> Error {
    Error::Pem { path: path.to_owned(), why: why.to_string() }
}

//! An authority of this machine's own: made once, kept for its owner alone.
//!
//! Its certificate may be handed to others; its key stays. The server's certificate is made anew at each
//! start, so that it has the names and addresses of that start and is never out of date.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use super::{Error, accept, file, read, wrong};
use crate::model::time::Stamp;

/// Years for which the authority is good.
const YEARS: i32 = 10;
/// The authority's certificate.
const CERT: &str = "ca.pem";
/// Its key.
const KEY: &str = "ca.key";

/// TLS of this machine's own making.
pub struct Own {
    /// It.
    pub tls: TlsAcceptor,
    /// The authority's certificate: what others need as `ca`.
    pub ca: PathBuf,
    /// SHA-256 of that certificate, `AB:CD:…`.
    pub fingerprint: String,
}

/// TLS for `names`, which are names and addresses, by the authority in `dir`, which is made if it is not
/// there. `now` is what time it is.
pub fn own(dir: &Path, names: Vec<String>, now: Stamp) -> Result<Own, Error> {
    let (ca, key_path) = (dir.join(CERT), dir.join(KEY));
    if !ca.exists() || !key_path.exists() {
        make(dir, &ca, &key_path, now)?;
    }
    let cert = CertificateDer::from_pem_slice(&read(&ca)?).map_err(|error| wrong(&ca, &error))?;
    let key = String::from_utf8(read(&key_path)?).map_err(|error| wrong(&key_path, &error))?;
    let key = KeyPair::from_pem(&key).map_err(|error| wrong(&key_path, &error))?;
    let issuer = Issuer::new(authority(&key, now), key);
    let leaf = KeyPair::generate()?;
    let signed = server(names, now)?.signed_by(&leaf, &issuer)?;
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.serialize_der()));
    let fingerprint = fingerprint(&cert);
    let tls = accept(vec![signed.der().clone(), cert], der)?;
    Ok(Own { tls, ca, fingerprint })
}

/// Makes an authority. The key is written first: a certificate is never there without it.
fn make(dir: &Path, ca: &Path, key_path: &Path, now: Stamp) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| file(dir, source))?;
    let key = KeyPair::generate()?;
    let cert = authority(&key, now).self_signed(&key)?;
    write(key_path, &key.serialize_pem())?;
    write(ca, &cert.pem())
}

/// Writes a file its owner alone can read, whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let beside = path.with_extension("new");
    let written = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut new = options.open(&beside)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        fs::rename(&beside, path)
    })();
    written.map_err(|source| file(path, source))
}

/// What the authority's certificate says; the same for the same key, whenever it is made.
fn authority(key: &KeyPair, now: Stamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    let short: String = hex(&Sha256::digest(key.public_key_raw())).take(4).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("isomon authority {short}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, now);
    params
}

/// What the server's certificate says. A name no certificate can hold is left out.
fn server(names: Vec<String>, now: Stamp) -> Result<CertificateParams, Error> {
    let fits = |name: &String| CertificateParams::new(vec![name.clone()]).is_ok();
    let names: Vec<String> = names.into_iter().filter(fits).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "isomon serve");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, now);
    Ok(params)
}

/// From the beginning of last year, because clocks differ, for [`YEARS`].
fn valid(params: &mut CertificateParams, now: Stamp) {
    let at = jiff::Timestamp::from_millisecond(now.wall_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let year = i32::from(at.to_zoned(jiff::tz::TimeZone::UTC).year());
    params.not_before = date_time_ymd(year - 1, 1, 1);
    params.not_after = date_time_ymd(year + YEARS, 1, 1);
}

fn fingerprint(cert: &CertificateDer<'_>) -> String {
    hex(&Sha256::digest(cert)).collect::<Vec<_>>().join(":")
}

fn hex(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.iter().map(|byte| format!("{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_authority_is_made_once_and_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("tls");
        let now = Stamp { mono_ms: 0, wall_ms: 1_795_000_000_000 };
        let names = || vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "no name".to_owned()];
        let first = own(&dir, names(), now).unwrap();
        let second = own(&dir, names(), now).unwrap();
        assert_eq!((&first.fingerprint, &first.ca), (&second.fingerprint, &second.ca));
        assert_eq!(first.fingerprint.len(), 95);
        for name in [CERT, KEY] {
            let mode = fs::metadata(dir.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn an_authority_that_is_none_is_named() {
        let home = tempfile::tempdir().unwrap();
        for name in [CERT, KEY] {
            fs::write(home.path().join(name), "nothing").unwrap();
        }
        let error = own(home.path(), Vec::new(), Stamp::default()).err().unwrap();
        assert!(error.to_string().contains(CERT), "{error}");
    }
}

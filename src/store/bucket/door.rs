//! How a bucket is reached: who is asked, with whose credentials, how often and how long.
//!
//! Credentials come from the variables and files that other tools read too, and stay in the client.
//! `http://` is spoken only with an endpoint the user named so, which is how a store of one's own is
//! reached.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::{Bucket, Error};
use crate::config::place::{Keeper, Place};

mod profile;

/// Time to reach a server.
const CONNECT: Duration = Duration::from_secs(4);
/// Longest time of one request; each is bounded by what it carries long before.
const TOTAL: Duration = Duration::from_hours(1);

/// What of S3 says where credentials come from.
const NAMED: [AmazonS3ConfigKey; 4] = [
    AmazonS3ConfigKey::AccessKeyId,
    AmazonS3ConfigKey::WebIdentityTokenFile,
    AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
    AmazonS3ConfigKey::ContainerCredentialsFullUri,
];

/// The same of Google's; besides, there may be what `gcloud auth application-default login` left.
const NAMED_GS: [GoogleConfigKey; 4] = [
    GoogleConfigKey::ServiceAccount,
    GoogleConfigKey::ServiceAccountKey,
    GoogleConfigKey::ApplicationCredentials,
    GoogleConfigKey::BearerToken,
];

/// Where that is, below the home directory.
const LOGGED_IN: &str = ".config/gcloud/application_default_credentials.json";

/// The bucket at `place`.
pub(super) fn open(place: &Place, write: bool) -> Result<Bucket, Error> {
    // Whoever was first has set it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let (store, named) = match place.keeper {
        Keeper::S3 => s3(place)?,
        Keeper::Gs => gs(place)?,
        Keeper::File => (directory(place, write)?, true),
    };
    let prefix = match place.keeper {
        Keeper::File => Key::default(),
        Keeper::S3 | Keeper::Gs => {
            let parts = place.prefix.split('/').filter(|part| !part.is_empty());
            parts.fold(Key::default(), Key::join)
        }
    };
    let root = (place.keeper == Keeper::File).then(|| directory_of(place));
    Ok(Bucket { store, place: place.clone(), prefix, root, named })
}

fn s3(place: &Place) -> Result<(Arc<dyn ObjectStore>, bool), Error> {
    let mut builder = profile::complete(AmazonS3Builder::from_env())
        .with_bucket_name(&place.bucket)
        .with_retry(retry())
        .with_client_options(client());
    if builder.get_config_value(&AmazonS3ConfigKey::Endpoint).is_some_and(|url| is_plain(&url)) {
        builder = builder.with_allow_http(true);
    }
    let unsigned = builder.get_config_value(&AmazonS3ConfigKey::SkipSignature);
    let named = NAMED.iter().any(|key| builder.get_config_value(key).is_some())
        || unsigned.is_some_and(|unsigned| unsigned == "true");
    let built = builder.build().map_err(|error| Error::of(&error, place))?;
    Ok((Arc::new(built), named))
}

fn gs(place: &Place) -> Result<(Arc<dyn ObjectStore>, bool), Error> {
    let builder =
        GoogleCloudStorageBuilder::from_env().with_bucket_name(&place.bucket).with_retry(retry());
    let plain =
        builder.get_config_value(&GoogleConfigKey::BaseUrl).is_some_and(|url| is_plain(&url));
    let builder = builder.with_client_options(client().with_allow_http(plain));
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let named = NAMED_GS.iter().any(|key| builder.get_config_value(key).is_some())
        || home.is_some_and(|home| home.join(LOGGED_IN).exists());
    let built = builder.build().map_err(|error| Error::of(&error, place))?;
    Ok((Arc::new(built), named))
}

/// Whether what is said to the server at `url` can be read on the way.
fn is_plain(url: &str) -> bool {
    url.to_ascii_lowercase().starts_with("http://")
}

fn directory(place: &Place, write: bool) -> Result<Arc<dyn ObjectStore>, Error> {
    let path = directory_of(place);
    if write {
        make(&path)?;
    } else if !path.is_dir() {
        return Err(Error::Absent { place: place.clone() });
    }
    let store = LocalFileSystem::new_with_prefix(&path).map_err(|e| Error::of(&e, place))?;
    Ok(Arc::new(store.with_fsync(true)))
}

fn directory_of(place: &Place) -> PathBuf {
    PathBuf::from(format!("/{}", place.prefix))
}

fn make(path: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Error::Local(super::super::Error::Io { path: path.to_owned(), source }))
}

fn client() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(TOTAL)
}

/// A server that is restarted is asked again; one that is gone is an error in seconds.
fn retry() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(200),
        max_backoff: Duration::from_secs(2),
        base: 2.0,
    };
    RetryConfig { backoff, max_retries: 4, retry_timeout: Duration::from_secs(8) }
}

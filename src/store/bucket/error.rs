//! What can be wrong with runs in a bucket, and what mends it.
//!
//! A server's own words are never passed on as they are: they quote what was sent. What is known of
//! them is said in words of our own; of the rest only the last cause, made safe, and without anything
//! that stands in a variable of credentials.

use std::error::Error as _;
use std::path::PathBuf;

use crate::config::place::{Keeper, Place};
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::store::Error as Local;

/// Longest cause that is passed on, in letters.
const LONGEST: usize = 160;
/// Variables whose values are never shown.
const SECRETS: [&str; 8] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_BEARER_TOKEN",
    "AWS_SSE_CUSTOMER_KEY_BASE64",
    "AWS_WEB_IDENTITY_TOKEN",
];

/// Why a run was not pushed, pulled, listed or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It took too long.
    #[error("{place}: no end of {doing} within {seconds} s")]
    Late {
        /// Which place.
        place: Place,
        /// What it was about.
        doing: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// It knows no such credentials, or they may not do this.
    #[error("{place} refuses: {why}")]
    Refused {
        /// Which place.
        place: Place,
        /// Why, as far as it says.
        why: &'static str,
    },
    /// There are no credentials.
    #[error("{place}: no credentials were found")]
    NoCredentials {
        /// Which place.
        place: Place,
    },
    /// There is no such bucket or directory.
    #[error("there is no {place}")]
    Absent {
        /// Which place.
        place: Place,
    },
    /// It cannot be reached, or cannot do it.
    #[error("{place}: {why}")]
    Store {
        /// Which place.
        place: Place,
        /// What is known of why.
        why: SafeText,
    },
    /// There is another run of this id.
    #[error("{place}/{id} holds another {file} than {here}; neither was changed")]
    Differs {
        /// Which place.
        place: Place,
        /// Which run.
        id: RunId,
        /// The first file that is another.
        file: SafeText,
        /// The run on this machine.
        here: PathBuf,
    },
    /// A run of which not everything has arrived.
    #[error("{place}/{id} is there in part only: whoever pushed it did not come to an end")]
    Half {
        /// Which place.
        place: Place,
        /// Which run.
        id: RunId,
    },
    /// There is no such run.
    #[error("{place} has no run {id}")]
    Unknown {
        /// Which place.
        place: Place,
        /// Which run.
        id: RunId,
    },
    /// The run goes on, or was cut off.
    #[error("run {id} is not finished: it goes on, or was cut off")]
    Unfinished {
        /// Which run.
        id: RunId,
    },
    /// What stands there is not what isomon writes.
    #[error("{place}: `{key}`: {why}")]
    Hostile {
        /// Which place.
        place: Place,
        /// Which object.
        key: SafeText,
        /// What is wrong with it.
        why: SafeText,
    },
    /// A file of the run changed meanwhile, or cannot be pushed.
    #[error("{path}: {why}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: SafeText,
    },
    /// Somebody else is at it.
    #[error("another isomon pulls run {id} at this moment")]
    Busy {
        /// Which run.
        id: RunId,
    },
    /// A file of this machine.
    #[error(transparent)]
    Local(#[from] super::super::Error),
    /// An object is there already; never leaves this module.
    #[error("it is there already")]
    Exists,
    /// An object is not there; never leaves this module.
    #[error("it is not there")]
    Missing,
}

impl Error {
    /// What a person can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Late { place, .. } | Self::Store { place, .. } => match place.keeper {
                Keeper::S3 => {
                    "check the network, AWS_ENDPOINT_URL and AWS_REGION; what has arrived \
                               stays, so the same command goes on"
                        .to_owned()
                }
                Keeper::Gs => {
                    "check the network and GOOGLE_BASE_URL; what has arrived stays, so the same \
                               command goes on"
                        .to_owned()
                }
                Keeper::File => {
                    "make room or mend the permissions, then give the same command".into()
                }
            },
            Self::Refused { place, .. } | Self::NoCredentials { place } => credentials(place),
            Self::Absent { place } => match place.keeper {
                Keeper::File => "name a directory that is there, or push something into it".into(),
                Keeper::S3 => {
                    "make the bucket first, or set AWS_ENDPOINT_URL for a store of your own"
                        .to_owned()
                }
                Keeper::Gs => {
                    "make the bucket first, or set GOOGLE_BASE_URL for a store of your own"
                        .to_owned()
                }
            },
            Self::Differs { .. } => {
                "push to another prefix, or compare the two: `isomon pull` from \
                                     there into another XDG_STATE_HOME, then `isomon compare`"
                    .to_owned()
            }
            Self::Half { id, .. } => {
                format!("on the machine that has it, `isomon push {id}` again: it goes on")
            }
            Self::Unknown { place, .. } => format!("`isomon list {place}` shows those it has"),
            Self::Unfinished { .. } => {
                "wait for its end, or push what there is with --unfinished".to_owned()
            }
            Self::Hostile { .. } => "it was changed after it was pushed; push it again to another \
                                     prefix from where it was made"
                .to_owned(),
            Self::File { .. } => "move that file out of the run's directory".to_owned(),
            Self::Busy { .. } => "wait for it".to_owned(),
            Self::Local(error) => local(error).to_owned(),
            Self::Exists | Self::Missing => "make room or mend the permissions".to_owned(),
        }
    }

    /// What the store said, in words of our own.
    pub(super) fn of(error: &object_store::Error, place: &Place) -> Self {
        use object_store::Error as Said;
        let refused = |why| Self::Refused { place: place.clone(), why };
        let text = chain(error);
        match error {
            Said::AlreadyExists { .. } | Said::Precondition { .. } => Self::Exists,
            Said::NotFound { .. } if text.contains("NoSuchBucket") => {
                Self::Absent { place: place.clone() }
            }
            Said::NotFound { .. } => Self::Missing,
            Said::PermissionDenied { .. } if place.keeper != Keeper::File => {
                refused(denial(&text).unwrap_or("these credentials may not do this"))
            }
            Said::Unauthenticated { .. } => refused("it does not take these credentials"),
            _ if place.keeper != Keeper::File && denial(&text).is_some() => {
                refused(denial(&text).unwrap_or_default())
            }
            _ if text.contains("403 Forbidden") || text.contains("401 Unauthorized") => {
                refused("these credentials may not do this")
            }
            _ if text.contains("NoSuchBucket") => Self::Absent { place: place.clone() },
            _ if is_about_credentials(&text) => Self::NoCredentials { place: place.clone() },
            _ => Self::Store { place: place.clone(), why: cause(error, &text) },
        }
    }
}

/// What mends a run that cannot be written or read.
const fn local(error: &Local) -> &'static str {
    match error {
        Local::Io { .. } => "make room or mend the permissions",
        Local::GoesOn { .. } => "wait for it, or end the process that writes it",
        Local::Newer { .. } => "read it with a newer isomon",
        _ => {
            "that is no run as isomon writes it; push it again to another prefix from where it was made"
        }
    }
}

/// Why S3 does not let somebody in.
fn denial(text: &str) -> Option<&'static str> {
    [
        ("InvalidAccessKeyId", "it does not know this access key"),
        ("SignatureDoesNotMatch", "the secret does not belong to this access key"),
        ("ExpiredToken", "the session token has expired"),
        ("AuthorizationHeaderMalformed", "the bucket is in another region: set AWS_REGION"),
        ("RequestTimeTooSkewed", "the clock of this machine is wrong"),
    ]
    .into_iter()
    .find_map(|(code, words)| text.contains(code).then_some(words))
}

fn is_about_credentials(text: &str) -> bool {
    let signs = ["169.254.169.254", "metadata.google.internal", "metadata/identity", "credential"];
    signs.iter().any(|sign| text.contains(sign))
}

fn credentials(place: &Place) -> String {
    match place.keeper {
        Keeper::S3 => "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN, AWS_REGION \
                       where needed), or write them into ~/.aws/credentials and name the profile with \
                       AWS_PROFILE; for a store of your own set AWS_ENDPOINT_URL too"
            .to_owned(),
        Keeper::Gs => "set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT to the file of a \
                       service account's key, or log in with `gcloud auth application-default login`"
            .to_owned(),
        Keeper::File => "make the directory readable and writable for you".to_owned(),
    }
}

/// Everything that is said about `error`.
fn chain(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// The last cause, without what is secret.
fn cause(error: &object_store::Error, text: &str) -> SafeText {
    let mut last = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        last = error.to_string();
        source = error.source();
    }
    let status = text.split_once("status code: ").and_then(|(_, rest)| rest.split(':').next());
    let words = match status {
        Some(status) => format!("it answered {}", status.trim()),
        None => last.split(" (os error ").next().unwrap_or_default().to_owned(),
    };
    SafeText::within(&without_secrets(&words), LONGEST)
}

fn without_secrets(words: &str) -> String {
    let values = SECRETS.iter().filter_map(|name| std::env::var(name).ok());
    values
        .filter(|value| value.len() >= 4)
        .fold(words.to_owned(), |words, value| words.replace(&value, "…"))
}

//! Why a source has nothing to say: one reason for each thing that can be mended differently.

use crate::model::origin::Offer;
use crate::model::text::SafeText;

/// Why a source has nothing to say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The name has no address.
    #[error("no address is known for {host}")]
    Name {
        /// Which name.
        host: SafeText,
    },
    /// Nobody listens there.
    #[error("connection refused by {at}: nobody listens there")]
    Refused {
        /// Where.
        at: SafeText,
    },
    /// No way there.
    #[error("no way to {at}: {why}")]
    Unreachable {
        /// Where.
        at: SafeText,
        /// What the system said.
        why: SafeText,
    },
    /// Its time was over.
    #[error("no answer within {seconds} s ({doing})")]
    Late {
        /// How long it had.
        seconds: u64,
        /// What was waited for.
        doing: &'static str,
    },
    /// Encryption could not be agreed, or who answers is not who it should be.
    #[error("TLS: {why}")]
    Tls {
        /// Why.
        why: SafeText,
    },
    /// The connection ended in the middle.
    #[error("the connection was cut: {why}")]
    Cut {
        /// What the system said.
        why: SafeText,
    },
    /// More than is ever taken.
    #[error("limit: {what} is more than {most}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is taken.
        most: &'static str,
    },
    /// It wants to know who asks.
    #[error("{path}: {status}, it wants {wants}{}", if *.given { " other than the one given" } else { "" })]
    Denied {
        /// What was asked.
        path: SafeText,
        /// 401 or 403.
        status: u16,
        /// `a token` or `a login`.
        wants: &'static str,
        /// Whether one was given.
        given: bool,
    },
    /// This server does not have it.
    #[error("{path} is not offered by this server")]
    NotOffered {
        /// What was asked.
        path: SafeText,
    },
    /// It points elsewhere, where nobody goes.
    #[error(
        "{path}: it answers {status}, a redirect, which is not followed; write its own address"
    )]
    Redirect {
        /// What was asked.
        path: SafeText,
        /// 301 and the like.
        status: u16,
    },
    /// It says that something is wrong with it.
    #[error("{path}: {status}: {said}")]
    Status {
        /// What was asked.
        path: SafeText,
        /// 500 and the like.
        status: u16,
        /// What it said, cut.
        said: SafeText,
    },
    /// What it sent is not what it should be.
    #[error("{path}: {why}")]
    Shape {
        /// What was asked.
        path: SafeText,
        /// Where and why.
        why: SafeText,
    },
    /// It answers, and nothing of what it is asked for is what it should be.
    #[error("nothing of it can be read: {why}")]
    Unread {
        /// What each answer was.
        why: SafeText,
    },
    /// Somebody else speaks there.
    #[error("this is no {wanted}: {found}")]
    Another {
        /// What the address says.
        wanted: &'static str,
        /// What was found.
        found: SafeText,
    },
    /// SSH.
    #[error("ssh: {why}")]
    Ssh {
        /// What it said.
        why: SafeText,
    },
    /// It could not even be tried.
    #[error("{why}; {remedy}")]
    Setting {
        /// What is set wrong.
        why: SafeText,
        /// What mends it.
        remedy: SafeText,
    },
    /// It cannot do that.
    #[error("{why}")]
    Unable {
        /// Why.
        why: SafeText,
    },
}

impl Error {
    /// What this says about the endpoint that was asked.
    pub fn offer(&self) -> Offer {
        match self {
            Self::NotOffered { .. } => Offer::NotOffered,
            other => Offer::Failed(other.to_string().into()),
        }
    }

    /// Whether the server is there and only this question failed.
    pub const fn is_of_one_question(&self) -> bool {
        matches!(
            self,
            Self::NotOffered { .. } | Self::Status { .. } | Self::Shape { .. } | Self::Limit { .. }
        )
    }
}

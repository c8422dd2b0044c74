//! What became of the requests: by route, method and status. Pure counting.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};

/// Requests since the start.
#[derive(Debug, Default)]
pub struct Counts {
    answered: Mutex<BTreeMap<Kind, u64>>,
    refused: AtomicU64,
}

/// Requests that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The route as it is declared; `unmatched` where there is none.
    pub path: &'static str,
    /// `GET` and the like; `other` for one no route takes.
    pub method: &'static str,
    /// The answer's status.
    pub status: u16,
}

impl Counts {
    /// A request was answered.
    pub(super) fn answered(&self, method: &Method, path: Option<&'static str>, status: StatusCode) {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
        let kind = Kind { path: path.unwrap_or("unmatched"), method, status: status.as_u16() };
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
    }

    /// A connection was dropped because every other one was busy.
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Every kind of request there was, with its number.
    pub fn all(&self) -> Vec<(Kind, u64)> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().map(|(kind, count)| (*kind, *count)).collect()
    }

    /// Connections dropped because every other one was busy.
    pub fn refusals(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

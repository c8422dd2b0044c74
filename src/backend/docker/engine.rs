//! The questions that a container engine is asked, and its bounded, checked answers.
//!
//! The engine may be dead, slow, or no engine at all: each answer has a deadline, and what it says
//! is text to show, never a path or a command. Each request has a connection of its own, which
//! costs some microseconds and makes no assumption about who closes it.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::super::http::{self, Answer, Connection, Patience, Until};
use crate::model::text::SafeText;

/// Longest sentence of the engine's that is passed on.
const SENTENCE: usize = 300;
/// Containers that are listed at once: an answer has a limit.
const PAGE: usize = 16;

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Nobody listens.
    #[error("no Docker engine answers at {socket}")]
    Absent {
        /// Where.
        socket: PathBuf,
    },
    /// The socket is not for us.
    #[error("no permission to use the Docker engine at {socket}")]
    Forbidden {
        /// Where.
        socket: PathBuf,
    },
    /// No answer, or none that can be read.
    #[error("the Docker engine at {socket} does not answer as one: {source}")]
    Http {
        /// Where.
        socket: PathBuf,
        /// Why not.
        #[source]
        source: http::Error,
    },
    /// It answered that it will not.
    #[error("the engine says: {message}")]
    Refused {
        /// Its words.
        message: SafeText,
    },
    /// An answer without what must be in it.
    #[error("the engine's answer to {question} makes no sense")]
    Strange {
        /// What it was asked.
        question: &'static str,
    },
    /// It was given no such runtime.
    #[error("the engine knows no runtime {wish}; it knows {known}")]
    Runtime {
        /// The one looked for.
        wish: String,
        /// Those it has.
        known: SafeText,
    },
}

/// An engine that listens at a socket.
#[derive(Debug)]
pub(super) struct Engine {
    socket: PathBuf,
    until: Until,
}

/// A container or an image as it is listed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    /// By what it is asked for.
    pub id: String,
    /// What people call it, each after a slash; an image has none here.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<std::collections::BTreeMap<String, String>>,
}

impl Engine {
    /// The engine at `socket`, which has to do everything before the end of `until`.
    pub(super) fn at(socket: &Path, until: Until) -> Self {
        Self { socket: socket.to_owned(), until }
    }

    /// Asks, with JSON or nothing; an answer that is not 2xx is an error.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, Error> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut until = self.until;
        let answer = self.open()?.ask(method, path, &body, &mut until);
        good(answer.map_err(|source| self.failed(source))?)
    }

    /// Starts container `id`; does not look at the time, but has `meanwhile` wait.
    pub(super) fn start(&self, id: &str, meanwhile: &mut impl Patience) -> Result<(), Error> {
        let path = format!("/containers/{id}/start");
        let answer = self.open()?.ask("POST", &path, "", meanwhile);
        good(answer.map_err(|source| self.failed(source))?).map(drop)
    }

    /// Asks for a JSON object.
    pub(super) fn read(&self, question: &'static str, path: &str) -> Result<Value, Error> {
        let body = self.ask("GET", path, None)?;
        let strange = |_| Error::Strange { question };
        let value: Value = serde_json::from_slice(&body).map_err(strange)?;
        if value.is_object() { Ok(value) } else { Err(Error::Strange { question }) }
    }

    /// Sends a tar.
    pub(super) fn send_tar(&self, path: &str, tar: &[u8]) -> Result<Vec<u8>, Error> {
        let mut until = self.until;
        let headers =
            format!("Content-Type: application/x-tar\r\nContent-Length: {}\r\n", tar.len());
        let mut connection = self.open()?;
        let mut exchange = || {
            connection.send_head("POST", path, &headers, &mut until)?;
            connection.send(tar, &mut until)?;
            let head = connection.read_head(&mut until)?;
            let body = connection.read_body(&head, &mut until)?;
            Ok(Answer { status: head.status, body })
        };
        good(exchange().map_err(|source| self.failed(source))?)
    }

    /// Makes a container; its id.
    pub(super) fn create(&self, name: &str, body: &Value) -> Result<String, Error> {
        let answer = self.ask("POST", &format!("/containers/create?name={name}"), Some(body))?;
        let strange = || Error::Strange { question: "create" };
        let made: Value = serde_json::from_slice(&answer).map_err(|_| strange())?;
        let id = made["Id"].as_str().filter(|id| is_id(id)).ok_or_else(strange)?;
        Ok(id.to_owned())
    }

    /// Takes over the streams of container `id`; what of its output was read ahead.
    pub(super) fn attach(&self, id: &str, input: bool) -> Result<(UnixStream, Vec<u8>), Error> {
        let path =
            format!("/containers/{id}/attach?stream=1&stdout=1&stderr=1&stdin={}", u8::from(input));
        let headers = "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n";
        let mut until = self.until;
        let mut connection = self.open()?;
        let mut exchange = || {
            connection.send_head("POST", &path, headers, &mut until)?;
            let head = connection.read_head(&mut until)?;
            if matches!(head.status, 101 | 200) {
                return Ok(None);
            }
            let body = connection.read_body(&head, &mut until)?;
            Ok(Some(Answer { status: head.status, body }))
        };
        match exchange().map_err(|source| self.failed(source))? {
            None => Ok(connection.into_parts()),
            Some(answer) => {
                Err(good(answer).err().unwrap_or(Error::Strange { question: "attach" }))
            }
        }
    }

    /// Waits for the end of container `id`; its exit status.
    pub(super) fn wait(&self, id: &str) -> Result<u8, Error> {
        let answer = self.ask("POST", &format!("/containers/{id}/wait"), None)?;
        let ended: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if let Some(message) = ended["Error"]["Message"].as_str().filter(|text| !text.is_empty()) {
            return Err(Error::Refused { message: SafeText::within(message, SENTENCE) });
        }
        let status = ended["StatusCode"].as_i64().and_then(|status| u8::try_from(status).ok());
        status.ok_or(Error::Strange { question: "wait" })
    }

    /// Kills and forgets container `id`; whether or not it was there.
    pub(super) fn remove(&self, id: &str) -> Result<(), Error> {
        self.delete(&format!("/containers/{id}?force=1&v=1"))
    }

    /// Asks that `path` be no more; fine if there was none.
    pub(super) fn delete(&self, path: &str) -> Result<(), Error> {
        let mut until = self.until;
        let answer = self.open()?.ask("DELETE", path, "", &mut until);
        let answer = answer.map_err(|source| self.failed(source))?;
        if answer.status == 404 { Ok(()) } else { good(answer).map(drop) }
    }

    /// The containers that carry all of `labels`, dead ones too; a page of them.
    pub(super) fn containers(&self, labels: &[(&str, &str)]) -> Result<Vec<Listed>, Error> {
        let path = format!("/containers/json?all=1&limit={PAGE}&filters={}", filters(labels));
        self.listed(&path, labels)
    }

    /// The images that carry all of `labels`.
    pub(super) fn images(&self, labels: &[(&str, &str)]) -> Result<Vec<Listed>, Error> {
        self.listed(&format!("/images/json?all=1&filters={}", filters(labels)), labels)
    }

    fn listed(&self, path: &str, labels: &[(&str, &str)]) -> Result<Vec<Listed>, Error> {
        let answer = self.ask("GET", path, None)?;
        let strange = |_| Error::Strange { question: "list" };
        let all: Vec<Listed> = serde_json::from_slice(&answer).map_err(strange)?;
        // Whatever the engine makes of the filter, only what is ours is ours.
        let ours = all.into_iter().filter(|one| {
            let has = one.labels.as_ref();
            is_id(one.id.trim_start_matches("sha256:"))
                && labels.iter().all(|(name, value)| {
                    has.and_then(|has| has.get(*name)).is_some_and(|is| is == value)
                })
        });
        Ok(ours.collect())
    }

    fn open(&self) -> Result<Connection, Error> {
        let mut until = self.until;
        Connection::open(&self.socket, &mut until).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: http::Error) -> Error {
        let socket = self.socket.clone();
        let http::Error::Io { doing: "connect", source: cause } = &source else {
            return Error::Http { socket, source };
        };
        match cause.kind() {
            ErrorKind::PermissionDenied => Error::Forbidden { socket },
            _ => Error::Absent { socket },
        }
    }
}

/// The body of an answer that is 2xx.
fn good(answer: Answer) -> Result<Vec<u8>, Error> {
    if answer.is_good() {
        return Ok(answer.body);
    }
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let words = said["message"].as_str().map(|words| SafeText::within(words, SENTENCE));
    let message = words.unwrap_or_else(|| SafeText::new(&format!("status {}", answer.status)));
    Err(Error::Refused { message })
}

/// Whether `id` can stand in a path.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `labels` as the query wants them.
fn filters(labels: &[(&str, &str)]) -> String {
    let wanted: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    escape(&serde_json::json!({"label": wanted}).to_string())
}

/// `text` as part of a query.
pub(super) fn escape(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let one = |byte: u8| {
        if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_nothing_but_plain_letters() {
        assert_eq!(escape("a b=ä&/"), "a%20b%3D%C3%A4%26%2F");
        let query = filters(&[("isomon.run", "1-2")]);
        assert_eq!(query, "%7B%22label%22%3A%5B%22isomon.run%3D1-2%22%5D%7D");
    }

    #[test]
    fn what_is_no_id_never_becomes_a_path() {
        assert!(is_id("0123abcdef"));
        for id in ["", "../x", "a?force=1", "é", &"a".repeat(65)] {
            assert!(!is_id(id), "{id}");
        }
    }

    #[test]
    fn an_engine_that_is_not_there_says_where_it_was_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("none.sock");
        let until = Until::within(std::time::Duration::from_secs(5));
        let error = Engine::at(&socket, until).read("version", "/version").unwrap_err();
        assert_eq!(error.to_string(), format!("no Docker engine answers at {}", socket.display()));
    }
}

//! Has a program that was just started do something, by its HTTP interface behind a socket.
//!
//! The program makes the socket when it is ready to listen, if ever. Until then it is asked again and
//! again, each time after a nap that is short against what has passed, so that what is measured is the
//! program's time and not ours. What it says is hostile: kept short, and only ever shown.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::http::{self, Answer, Connection, Patience};
use super::wire::Request;
use crate::model::text::SafeText;

/// Time for the interface to listen.
const APPEARANCE: Duration = Duration::from_secs(5);
/// First nap; none is shorter.
const SHORTEST_NAP: Duration = Duration::from_micros(20);
/// No nap is longer.
const LONGEST_NAP: Duration = Duration::from_millis(1);
/// No nap is longer than this part of the time that has passed.
const SHARE: u32 = 50;
/// Characters of its message that are shown.
const LONGEST_MESSAGE: usize = 300;

/// Why a program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It does not listen.
    #[error("its API does not listen at {path} after 5 s")]
    Absent {
        /// Where it should.
        path: PathBuf,
    },
    /// The connection cannot be made or does not hold.
    #[error("its API: {source}")]
    Broken {
        /// Why.
        source: http::Error,
    },
    /// There is no answer, or none that can be understood.
    #[error("its API, asked to {asked}: {source}")]
    Unclear {
        /// What it was asked.
        asked: String,
        /// Why.
        source: http::Error,
    },
    /// It refuses.
    #[error("its API, asked to {asked}, says {status}: {said}")]
    Refused {
        /// What it was asked.
        asked: String,
        /// Not 2xx.
        status: u16,
        /// What it says.
        said: SafeText,
    },
}

/// Connects to the program that will listen at `socket`.
pub(super) fn connect(socket: &Path, patience: &mut impl Patience) -> Result<Connection, Error> {
    let began = Instant::now();
    loop {
        match Connection::open(socket, patience) {
            Ok(connection) => return Ok(connection),
            Err(error) if !is_early(&error) => return Err(Error::Broken { source: error }),
            Err(_) => {}
        }
        let passed = began.elapsed();
        if passed >= APPEARANCE {
            return Err(Error::Absent { path: socket.to_owned() });
        }
        let nap = (passed / SHARE).clamp(SHORTEST_NAP, LONGEST_NAP);
        patience.nap(nap).map_err(|source| Error::Broken { source })?;
    }
}

/// Whether nobody listens yet.
fn is_early(error: &http::Error) -> bool {
    let http::Error::Io { source, .. } = error else {
        return false;
    };
    matches!(source.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// Makes one request.
pub(super) fn ask(
    connection: &mut Connection,
    request: &Request,
    patience: &mut impl Patience,
) -> Result<(), Error> {
    let asked = || format!("{} {}", request.method, request.path);
    match connection.ask(&request.method, &request.path, &request.body, patience) {
        Ok(answer) if answer.is_good() => Ok(()),
        Ok(answer) => {
            Err(Error::Refused { asked: asked(), status: answer.status, said: message(&answer) })
        }
        Err(source) => Err(Error::Unclear { asked: asked(), source }),
    }
}

/// What a refusal says: the message in its JSON where there is one.
fn message(answer: &Answer) -> SafeText {
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let told = ["fault_message", "message"].iter().find_map(|key| json.get(key)?.as_str());
    let whole = String::from_utf8_lossy(&answer.body);
    SafeText::within(told.unwrap_or(&whole).trim(), LONGEST_MESSAGE)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    use super::super::http::Until;
    use super::*;

    fn request() -> Request {
        Request { method: "PUT".to_owned(), path: "/x".to_owned(), body: String::new() }
    }

    #[test]
    fn who_listens_late_is_reached_and_a_refusal_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("api");
        let at = path.clone();
        let (asked, first) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            // Not before somebody has found nobody there.
            first.recv().unwrap();
            let (mut stream, _) = UnixListener::bind(at).unwrap().accept().unwrap();
            stream.read_exact(&mut [0; 10]).unwrap();
            let body = "{\"fault_message\":\"no such\\u001b[2J thing\"}";
            let length = body.len();
            write!(stream, "HTTP/1.1 400 \r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        });
        let patience = &mut Until::within(Duration::from_secs(5));
        assert!(is_early(&Connection::open(&path, patience).unwrap_err()));
        asked.send(()).unwrap();
        let mut connection = connect(&path, patience).unwrap();
        let error = ask(&mut connection, &request(), patience).unwrap_err();
        assert_eq!(error.to_string(), "its API, asked to PUT /x, says 400: no such^[[2J thing");
        server.join().unwrap();
    }

    #[test]
    fn who_never_listens_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let patience = &mut Until::within(Duration::from_millis(30));
        let error = connect(&dir.path().join("api"), patience).unwrap_err();
        assert!(matches!(error, Error::Broken { source: http::Error::Late }), "{error}");
    }
}

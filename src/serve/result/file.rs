//! A file of a run, as it is: read piece by piece as the client takes it.
//!
//! It may be anything, and it comes from our own address. So no browser may take it for a page of ours:
//! only kinds that do nothing are shown, everything else is saved, and all of it is in a sandbox without
//! scripts, forms and an origin.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use schemars::{Schema, SchemaGenerator};

use super::Results;
use crate::serve::answer::{Reply, with_type};
use crate::serve::{Answer, Problem};

/// What a file may do where it is shown: nothing.
const SANDBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; \
                       sandbox; frame-ancestors 'none'";
/// Bytes read at a time.
const PIECE: usize = 64 << 10;

/// A file on its way.
pub(in crate::serve) struct Raw {
    name: String,
    file: File,
    bytes: u64,
}

impl Reply for Raw {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "*/*";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        // The bytes of any file; of one that is JSON, whatever is in it.
        schemars::json_schema!({ "description": "The file as it is." })
    }

    fn respond(self) -> Response {
        let (media, shown) = media(&ending(&self.name));
        let disposition = disposition(&self.name, shown);
        let bytes = self.bytes;
        let mut response = with_type(Self::STATUS, media, body(self.file, bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

/// File `name` of run `id`.
pub(super) async fn open(results: &Results, id: &str, name: &str) -> Answer<Raw> {
    let name = name.to_owned();
    let opened = results
        .of(id, move |dir| dir.open_file(&name).map(|(file, bytes)| Raw { name, file, bytes }));
    opened.await?.ok_or_else(unknown)
}

pub(super) fn unknown() -> Problem {
    Problem::unknown("file not found")
}

/// The ending of `name`, in lower case and without its dot.
pub(in crate::serve) fn ending(name: &str) -> String {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.to_ascii_lowercase()
}

/// The media type of files that end so, and whether a browser may show them.
fn media(ending: &str) -> (&'static str, bool) {
    match ending {
        "png" => ("image/png", true),
        "jpg" | "jpeg" => ("image/jpeg", true),
        "gif" => ("image/gif", true),
        "webp" => ("image/webp", true),
        "svg" => ("image/svg+xml", true),
        "csv" => ("text/csv; charset=utf-8", true),
        "json" => ("application/json", true),
        "txt" | "log" | "md" | "patch" | "ndjson" | "yaml" | "yml" | "out" | "err" => {
            ("text/plain; charset=utf-8", true)
        }
        "pdf" => ("application/pdf", false),
        _ => ("application/octet-stream", false),
    }
}

/// How it is to be taken, under which name; of that only what a header can hold.
fn disposition(name: &str, shown: bool) -> String {
    let name = name.rsplit('/').next().unwrap_or_default();
    let how = if shown { "inline" } else { "attachment" };
    format!("{how}; filename*=UTF-8''{}", percent(name))
}

/// `text` as a part of an address, or of a header: what could mean something there is coded.
pub(in crate::serve) fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let mut coded = String::new();
    for byte in text.bytes() {
        if plain(byte) {
            coded.push(char::from(byte));
        } else {
            let _infallible = write!(coded, "%{byte:02X}");
        }
    }
    coded
}

/// The first `left` bytes of `file`, which may grow or shrink meanwhile.
fn body(file: File, left: u64) -> Body {
    let stream = unfold(Some((file, left)), |rest| async move {
        let (mut file, left) = rest.filter(|(_, left)| *left > 0)?;
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; most];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((Bytes::from(piece), file))
        });
        match reading.await.map_err(std::io::Error::other).and_then(|read| read) {
            // It is shorter than was said; the connection ends, so that nobody takes it for all of it.
            Ok((piece, _)) if piece.is_empty() => {
                Some((Err(std::io::ErrorKind::UnexpectedEof.into()), None))
            }
            Ok((piece, file)) => {
                let left = left.saturating_sub(piece.len() as u64);
                Some((Ok(piece), Some((file, left))))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    Body::from_stream(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_act_is_saved_and_names_cannot_make_a_header() {
        for name in
            ["a.html", "a.HTM", "a.xhtml", "a.js", "a.pdf", "a.svg.html", "a", "html", "a.mhtml"]
        {
            assert!(!media(&ending(name)).1, "{name}");
        }
        assert_eq!(disposition("plots/a.png", true), "inline; filename*=UTF-8''a.png");
        let coded = disposition("a\r\nSet-Cookie: x=\"ü", false);
        assert_eq!(coded, "attachment; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D%22%C3%BC");
    }
}

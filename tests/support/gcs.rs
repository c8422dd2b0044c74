//! A stand-in for Google Cloud Storage, in memory: as much of its XML API as runs in a bucket need, made after
//! its public documentation (cloud.google.com/storage/docs/xml-api). It is no server of Google's, and what
//! is tried on it is tried on what that documentation says.
//!
//! What it holds to: a write with `x-goog-if-generation-match` happens only where the object has that
//! generation, 0 being none, and is answered 412 else; each write makes a new, larger generation; a list is
//! in order and comes in pages; who has no token is refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The only bucket there is.
pub(crate) const BUCKET: &str = "lab-runs";
/// The token that opens it.
pub(crate) const TOKEN: &str = "canary-token-77c1d09ab2e4";
/// Objects in a page of a list.
const PAGE: usize = 4;

/// Objects by name, with their generation.
type Objects = BTreeMap<String, (Vec<u8>, u64)>;

/// A stand-in that runs.
#[derive(Clone)]
pub(crate) struct Gcs {
    pub(crate) endpoint: String,
    objects: Arc<Mutex<Objects>>,
    /// The first line of every request.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

/// A request, and what is left of its path.
struct Request {
    method: String,
    bucket: String,
    object: String,
    query: BTreeMap<String, String>,
    heads: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Gcs {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let gcs = Self { endpoint, objects: Arc::default(), asked: Arc::default() };
        let server = gcs.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        gcs
    }

    /// The names of all objects.
    pub(crate) fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// Puts other bytes where an object is, as a disk may.
    pub(crate) fn spoil(&self, name: &str) {
        self.objects.lock().unwrap().get_mut(name).unwrap().0[0] ^= 1;
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some(request) = self.read(&mut reader) {
            let (status, heads, body) = self.answer(&request);
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{heads}\r\n");
            let body = if request.method == "HEAD" { &[][..] } else { &body };
            if stream.write_all(&[head.as_bytes(), body].concat()).is_err() {
                return;
            }
        }
    }

    fn read(&self, reader: &mut impl BufRead) -> Option<Request> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        self.asked.lock().unwrap().push(line.trim().to_owned());
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?);
        let mut heads = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            heads.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = heads.get("content-length").map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
        let path = path.trim_start_matches('/');
        let (bucket, object) = path.split_once('/').unwrap_or((path, ""));
        let (bucket, object) = (decoded(bucket), decoded(object));
        Some(Request { method, bucket, object, query, heads, body })
    }

    fn answer(&self, request: &Request) -> (u16, String, Vec<u8>) {
        let token = request.heads.get("authorization").map_or("", String::as_str);
        if token != format!("Bearer {TOKEN}") {
            return refusal(401, "AuthenticationRequired", "Authentication required.");
        }
        if request.bucket != BUCKET {
            return refusal(404, "NoSuchBucket", "The specified bucket does not exist.");
        }
        let mut objects = self.objects.lock().unwrap();
        if request.object.is_empty() {
            return (200, "Content-Type: application/xml\r\n".into(), list(&objects, request));
        }
        let found = objects.get(&request.object);
        match (request.method.as_str(), found) {
            ("PUT", found) => {
                let generation = found.map_or(0, |found| found.1);
                let wanted = request.heads.get("x-goog-if-generation-match");
                if wanted.is_some_and(|wanted| *wanted != generation.to_string()) {
                    let why = "At least one of the pre-conditions you specified did not hold.";
                    return refusal(412, "PreconditionFailed", why);
                }
                let made = generation + 1_000;
                objects.insert(request.object.clone(), (request.body.clone(), made));
                (200, about(made), Vec::new())
            }
            (_, None) => refusal(404, "NoSuchKey", "The specified key does not exist."),
            ("DELETE", Some(_)) => {
                objects.remove(&request.object);
                (204, String::new(), Vec::new())
            }
            (_, Some((bytes, generation))) => (200, about(*generation), bytes.clone()),
        }
    }
}

/// What every answer says of an object.
fn about(generation: u64) -> String {
    format!(
        "ETag: \"{generation:x}\"\r\nx-goog-generation: {generation}\r\n\
         Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    )
}

fn refusal(status: u16, code: &str, why: &str) -> (u16, String, Vec<u8>) {
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>\
         <Message>{why}</Message></Error>"
    );
    (status, "Content-Type: application/xml\r\n".into(), body.into_bytes())
}

/// A page of the list of objects, version 2; the token of the next page is the last name of this one.
fn list(objects: &Objects, request: &Request) -> Vec<u8> {
    assert_eq!(request.query.get("list-type").map(String::as_str), Some("2"));
    let asked = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (prefix, delimiter) = (asked("prefix"), asked("delimiter"));
    let after = [asked("continuation-token"), asked("start-after")].into_iter().max().unwrap();
    let mut rows: Vec<(String, Option<usize>)> = Vec::new();
    for (name, (bytes, _)) in objects.iter().filter(|(name, _)| name.starts_with(prefix)) {
        let rest = name.strip_prefix(prefix).unwrap();
        let fold = rest.split_once(delimiter).filter(|_| !delimiter.is_empty());
        let row = match fold {
            Some((folder, _)) => (format!("{prefix}{folder}{delimiter}"), None),
            None => (name.clone(), Some(bytes.len())),
        };
        if row.0.as_str() > after && rows.last() != Some(&row) {
            rows.push(row);
        }
    }
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let mut page = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\
         <ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Name>{BUCKET}</Name>\
         <Prefix>{prefix}</Prefix><IsTruncated>{more}</IsTruncated>"
    );
    for (name, size) in &rows {
        match size {
            Some(size) => write!(
                page,
                "<Contents><Key>{name}</Key><Generation>1000</Generation>\
                 <MetaGeneration>1</MetaGeneration>\
                 <LastModified>2026-11-21T12:00:00.000Z</LastModified>\
                 <ETag>\"3e8\"</ETag><Size>{size}</Size></Contents>"
            )
            .unwrap(),
            None => {
                write!(page, "<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>").unwrap();
            }
        }
    }
    if more {
        let last = &rows.last().unwrap().0;
        write!(page, "<NextContinuationToken>{last}</NextContinuationToken>").unwrap();
    }
    (page + "</ListBucketResult>").into_bytes()
}

/// `text` without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next().unwrap()).to_digit(16).unwrap();
        match byte {
            b'%' => decoded.push(u8::try_from(digit() * 16 + digit()).unwrap()),
            b'+' => decoded.push(b' '),
            other => decoded.push(other),
        }
    }
    String::from_utf8(decoded).unwrap()
}

//! Servers that answer well, and those that do not.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::{self, JoinHandle};

use super::body::Body;
use super::*;

/// A connection whose other end runs `serve` in a thread.
fn served(serve: impl FnOnce(&mut UnixStream) + Send + 'static) -> (Connection, JoinHandle<()>) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let server = thread::spawn(move || serve(&mut theirs));
    (Connection { stream: ours, ahead: Vec::new() }, server)
}

/// What comes of a request that is answered with `bytes`, after which the server closes.
fn answered(bytes: &'static [u8]) -> Result<Answer, Error> {
    let (mut connection, server) = served(move |stream| {
        read_request(stream);
        stream.write_all(bytes).ok();
    });
    let answer = connection.ask("GET", "/", "", &mut soon());
    drop(connection);
    server.join().unwrap();
    answer
}

fn read_request(stream: &mut UnixStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn soon() -> Until {
    Until::within(Duration::from_secs(5))
}

#[test]
fn a_request_is_said_and_two_answers_are_told_apart() {
    let (mut connection, server) = served(|stream| {
        let head = read_request(stream);
        assert!(head.starts_with("PUT /a?b=c HTTP/1.1\r\nHost: "), "{head}");
        assert!(head.contains("Content-Length: 7\r\n"), "{head}");
        let mut body = [0; 7];
        stream.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"{\"x\":1}");
        stream.write_all(b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n").unwrap();
        read_request(stream);
        stream.write_all(b"HTTP/1.1 400 \r\ncontent-LENGTH: 3\r\n\r\nbad").unwrap();
    });
    let first = connection.ask("PUT", "/a?b=c", "{\"x\":1}", &mut soon()).unwrap();
    assert!(first.is_good() && first.body.is_empty());
    let second = connection.ask("GET", "/", "", &mut soon()).unwrap();
    assert_eq!((second.status, second.body.as_slice()), (400, b"bad".as_slice()));
    assert!(!second.is_good());
    server.join().unwrap();
}

#[test]
fn a_body_ends_by_length_by_chunks_or_with_the_stream() {
    let rows: [&'static [u8]; 4] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ];
    for row in rows {
        let answer = answered(row).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"hello".as_slice()));
    }
}

#[test]
fn what_is_not_http_or_stops_short_is_said() {
    let garbage = |bytes| matches!(answered(bytes), Err(Error::Garbage));
    assert!(garbage(b"\x00\x01\x02\x03 what is this\r\n\r\n"));
    assert!(garbage(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"));
    assert!(garbage(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));
    assert!(garbage(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"));
    let closed = |bytes| matches!(answered(bytes), Err(Error::Closed));
    assert!(closed(b""));
    assert!(closed(b"HTTP/1.1 200 OK\r\nContent-"));
    assert!(closed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"));
    assert!(closed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell"));
}

#[test]
fn a_gigabyte_is_not_read() {
    let flood = |head: &'static [u8]| {
        let (mut connection, server) = served(move |stream| {
            read_request(stream);
            stream.write_all(head).ok();
            // Ends with an error when we hang up.
            while stream.write_all(&[b'x'; 16384]).is_ok() {}
        });
        let answer = connection.ask("GET", "/", "", &mut soon());
        assert!(connection.ahead.len() <= LONGEST_BODY + 4096);
        drop(connection);
        server.join().unwrap();
        assert!(matches!(answer, Err(Error::Long | Error::Garbage)), "{answer:?}");
    };
    flood(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    flood(b"HTTP/1.1 200 OK\r\n\r\n");
    flood(b"HTTP/1.1 200 OK\r\nX: ");
    flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n");
    flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;");
    flood(b"");
}

#[test]
fn who_never_pauses_keeps_nobody_for_ever() {
    let flood = |begin: &'static [u8], more: &'static [u8]| {
        let (mut connection, server) = served(move |stream| {
            read_request(stream);
            stream.write_all(begin).ok();
            let many = more.repeat(1000);
            // Ends with an error when we hang up.
            while stream.write_all(&many).is_ok() {}
        });
        let answer = connection.ask("GET", "/", "", &mut soon());
        drop(connection);
        server.join().unwrap();
        assert!(matches!(answer, Err(Error::Long)), "{answer:?}");
    };
    flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n");
    flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: 1\r\n");
}

#[test]
fn who_never_answers_or_never_ends_is_given_up() {
    let within = Duration::from_millis(50);
    let (mut silent, server) = served(|stream| drop(read_request(stream)));
    assert!(matches!(silent.ask("GET", "/", "", &mut soon()), Err(Error::Closed)));
    server.join().unwrap();
    let (mut slow, server) = served(|stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        stream.write_all(head).ok();
        // Ends when we hang up.
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let answer = slow.ask("GET", "/", "", &mut Until::within(within));
    assert!(matches!(answer, Err(Error::Late)), "{answer:?}");
    drop(slow);
    server.join().unwrap();
}

#[test]
fn who_does_not_read_is_given_up() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let mut connection = Connection { stream: ours, ahead: Vec::new() };
    let body = "x".repeat(8 << 20);
    let answer = connection.ask("PUT", "/", &body, &mut Until::within(Duration::from_millis(50)));
    assert!(matches!(answer, Err(Error::Late)), "{answer:?}");
    drop(theirs);
}

#[test]
fn a_full_queue_of_connections_is_waited_for_no_longer_than_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    assert!(matches!(Connection::open(&path, &mut soon()), Err(Error::Io { .. })));
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let first = Connection::open(&path, &mut soon()).unwrap();
    let mut patience = Until::within(Duration::from_millis(50));
    let more = Connection::open(&path, &mut patience).map(|_| ());
    assert!(matches!(more, Err(Error::Late)), "{more:?}");
    drop(first);
}

#[test]
fn a_path_too_long_for_an_address_is_reached_by_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("x".repeat(120));
    assert!(Connection::open(&deep.join("socket"), &mut soon()).is_err());
    std::fs::create_dir(&deep).unwrap();
    let short = dir.path().join("socket");
    let listener = UnixListener::bind(&short).unwrap();
    std::fs::rename(short, deep.join("socket")).unwrap();
    Connection::open(&deep.join("socket"), &mut soon()).unwrap();
    drop(listener);
}

#[test]
fn a_connection_is_handed_over_with_what_was_read_of_it() {
    let (mut connection, server) = served(|stream| {
        read_request(stream);
        let head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\nhello";
        stream.write_all(head).unwrap();
    });
    let patience = &mut soon();
    connection.send_head("POST", "/attach", "Upgrade: tcp\r\n", patience).unwrap();
    assert_eq!(connection.read_head(patience).unwrap().status, 101);
    let (mut stream, mut ahead) = connection.into_parts();
    server.join().unwrap();
    stream.read_to_end(&mut ahead).unwrap();
    assert_eq!(ahead, b"hello");
}

#[test]
fn a_body_is_told_in_pieces_as_they_come() {
    let (mut connection, server) = served(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n").ok();
        // The next comes only when the first was seen.
        stream.read_exact(&mut [0]).unwrap();
        stream.write_all(b"1\r\nc\r\n0\r\n\r\n").ok();
    });
    let patience = &mut soon();
    let mut body = Body::of(&connection.read_head(patience).unwrap());
    assert_eq!(connection.read_piece(&mut body, patience).unwrap().unwrap(), b"ab");
    connection.send(b"!", patience).unwrap();
    assert_eq!(connection.read_piece(&mut body, patience).unwrap().unwrap(), b"c");
    assert_eq!(connection.read_piece(&mut body, patience).unwrap(), None);
    server.join().unwrap();
}

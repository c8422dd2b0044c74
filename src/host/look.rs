//! Looks whether something is ready: a port, an address, a file, a process, a command.
//!
//! What a look can do from here by a connection it does so, for then the host needs nothing installed;
//! the rest is asked of a script there. Each look is bounded in time.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::channel::Channel;
use super::{Error, Host, Order, Sight};
use crate::model::text::SafeText;
use crate::model::workflow::CheckKind;

/// Looks on the host: kind, target and port.
pub(super) const SCRIPT: &str = include_str!("script/look.sh");
/// Time for a look that is no command.
pub(super) const TIME: Duration = Duration::from_secs(8);
/// Most of an answer that is read.
const MOST: u64 = 16 << 10;
/// Pieces of a command's output that wait to be thrown away.
const THROWN: usize = 4;

/// What was seen.
pub(super) fn seen(ready: bool, said: impl Into<SafeText>) -> Sight {
    Sight { ready, said: said.into() }
}

/// Host and port of `8080`, `name:8080` and `[::1]:8080`.
pub(super) fn port(host: &SafeText, target: &str) -> Result<(String, u16), Error> {
    let (name, number) = target.rsplit_once(':').unwrap_or(("localhost", target));
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:%".contains(&byte);
    let good = !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_name);
    match number.trim().parse() {
        Ok(number @ 1..) if good => Ok((name.to_owned(), number)),
        _ => Err(Error::Setting {
            host: host.clone(),
            why: format!("{target} is no port: write 8080 or host:8080").into(),
        }),
    }
}

/// An address of plain HTTP: host, port, and what is asked for. `None` where it is another.
pub(super) fn http(target: &str) -> Option<(String, u16, String)> {
    let url = reqwest::Url::parse(target).ok().filter(|url| url.scheme() == "http")?;
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let path = url
        .query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Some((host, url.port_or_known_default()?, path))
}

/// Asks over a connection that is open.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    (host, port, path): &(String, u16, String),
) -> std::io::Result<Sight> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: isomon\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    let mut limited = stream.take(MOST);
    while !answer.contains(&b'\n') && limited.read_buf(&mut answer).await? > 0 {}
    Ok(match status(&answer) {
        Some(code @ 200..300) => seen(true, format!("it answers {code}")),
        Some(code) => seen(false, format!("it answers {code}")),
        None if answer.is_empty() => seen(false, "there is no answer"),
        None => seen(false, "what answers is no HTTP"),
    })
}

/// The status of `HTTP/1.1 200 OK`.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words.next().filter(|word| word.starts_with("HTTP/1."))?;
    words.next()?.trim().parse().ok()
}

/// Hears what the script saw.
pub(super) async fn hear(mut channel: Channel) -> Result<Sight, Error> {
    let words = timeout(TIME, channel.frame()).await;
    let Ok(words) = words else {
        return Ok(seen(false, format!("no answer within {} s", TIME.as_secs())));
    };
    let words = words?;
    let (first, rest) = words.split_once(' ').unwrap_or((&words, ""));
    Ok(seen(first == "yes", rest))
}

/// Runs the command of `order`; whoever asked bounds its time.
pub(super) async fn run(host: &dyn Host, order: &Order) -> Result<Sight, Error> {
    let (out, mut thrown) = mpsc::channel(THROWN);
    let mut process = host.start(order, out).await?;
    let throw = async {
        while thrown.recv().await.is_some() {}
        std::future::pending::<()>().await;
    };
    let end = tokio::select! {
        end = process.wait() => end?,
        () = throw => return Ok(Sight::default()),
    };
    let said = match (end.exit, end.signal, end.lost.clone()) {
        (Some(exit), ..) => format!("the command ends with {exit}"),
        (_, Some(signal), _) => format!("the command is ended by signal {signal}"),
        (.., lost) => format!("the end of the command is not known: {}", lost.unwrap_or_default()),
    };
    Ok(seen(end.is_good(), said))
}

/// The fields of the script.
pub(super) fn fields(kind: CheckKind, target: &str, at: Option<&(String, u16)>) -> [String; 3] {
    let (target, port) = match at {
        Some((host, port)) => (host.clone(), port.to_string()),
        None => (target.to_owned(), String::new()),
    };
    [kind.word().to_owned(), target, port]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_and_nothing_else_is() {
        let read = |target| port(&"db".into(), target).ok();
        assert_eq!(read("8080"), Some(("localhost".to_owned(), 8080)));
        assert_eq!(read("db.local:5432"), Some(("db.local".to_owned(), 5432)));
        assert_eq!(read("[::1]:80"), Some(("::1".to_owned(), 80)));
        for odd in ["", "0", "70000", "x", "a b:80", "-o:80", "$(x):80", ":80"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn an_answer_of_http_has_a_status() {
        assert_eq!(status(b"HTTP/1.1 204 No Content\r\n\r\n"), Some(204));
        assert_eq!(status(b"SSH-2.0-x 200\r\n"), None);
        let address = http("http://db:81/a b?x=1\r\nEvil: 1").unwrap();
        assert_eq!(address, ("db".to_owned(), 81, "/a%20b?x=1Evil:%201".to_owned()));
        assert_eq!(http("https://db/"), None);
    }
}

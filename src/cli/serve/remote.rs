//! Remote write of `isomon serve`: what the settings mean, and its beginning.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr, eyre};
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use super::super::advice::Advise;
use super::super::sources::token;
use crate::config::{RemoteWrite, Source};
use crate::model::text::SafeText;
use crate::record::remote::{self, Settings};
use crate::serve::{Context, metrics};
use crate::watch::Outlet;

/// What is written into a label of every series unless the user has another.
const JOB: &str = "isomon";
/// The shortest interval.
const SHORTEST: Duration = Duration::from_secs(1);

/// Whether `wish` names a token.
pub(super) fn has_secret(wish: &RemoteWrite) -> bool {
    !wish.token_file.is_empty() || !wish.token_env.is_empty()
}

/// What `wish` means; `None` where nothing is to be sent. `host`: what this machine calls itself.
pub(super) fn settings(wish: &RemoteWrite, host: &str) -> Result<Option<Settings>> {
    if wish.url.is_empty() {
        return Ok(None);
    }
    let url = address(&wish.url)?;
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let source = Source {
        token_file: some(&wish.token_file).map(Into::into),
        token_env: some(&wish.token_env),
        ..Source::default()
    };
    if source.token_file.is_some() && source.token_env.is_some() {
        return Err(eyre!("[remote_write] both token_file and token_env are set")
            .advise("keep one of them"));
    }
    let secret = token(&source).wrap_err("the token of [remote_write]").advise(
        "write it into a file of mode 0600 and name that with token_file, or name a variable with \
         token_env",
    )?;
    if secret.is_some() && url.scheme() == "http" && !is_loopback(&url) {
        return Err(eyre!("[remote_write] the token would go over http:// for all to read")
            .advise("write https://, or leave the token out"));
    }
    let interval = wish.interval.0.max(SHORTEST);
    let labels = labels(&wish.labels, host)?;
    Ok(Some(Settings { url, user: some(&wish.user), secret, interval, labels }))
}

/// Reads the address; it is not shown, since people write passwords into addresses.
fn address(text: &str) -> Result<Url> {
    let advice =
        "url = \"https://prom:9090/api/v1/write\"; a token goes into token_file or token_env";
    let url =
        Url::parse(text).map_err(|error| eyre!("[remote_write] url: {error}").advise(advice))?;
    let wrong = match url.scheme() {
        "http" | "https" => None,
        _ => Some("it begins with neither http:// nor https://"),
    };
    let secret = !url.username().is_empty() || url.password().is_some();
    let wrong = wrong.or_else(|| secret.then_some("a secret does not stand in it"));
    let wrong = wrong.or_else(|| url.host_str().is_none().then_some("it has no host"));
    wrong.map_or(Ok(url), |why| Err(eyre!("[remote_write] url: {why}").advise(advice)))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The labels of every series.
fn labels(wished: &[String], host: &str) -> Result<Vec<(String, String)>> {
    let mut labels =
        vec![("job".to_owned(), JOB.to_owned()), ("instance".to_owned(), host.to_owned())];
    for text in wished {
        let is_name = |name: &str| {
            let mut bytes = name.bytes();
            let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
            first
                && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !name.starts_with("__")
        };
        let label = text.split_once('=').filter(|(name, value)| is_name(name) && !value.is_empty());
        let Some((name, value)) = label else {
            let what = eyre!("[remote_write] `{}` is no label", SafeText::within(text, 60));
            return Err(what.advise("write labels = [\"site=lab\"]"));
        };
        labels.retain(|(other, _)| other != name);
        labels.push((name.to_owned(), SafeText::within(value, 128).to_string()));
    }
    Ok(labels)
}

/// Begins to send.
pub(super) fn begin(
    settings: Settings,
    context: &Arc<Context>,
    outlet: Outlet,
    stop: CancellationToken,
) {
    let counts = Arc::default();
    context.remote.set(Arc::clone(&counts)).unwrap_or_default();
    let (clock, context) = (Arc::clone(&context.clock), Arc::clone(context));
    let page = move || metrics::page(&context);
    tokio::spawn(remote::run(settings, counts, page, clock, outlet, stop));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(wish: &RemoteWrite) -> String {
        super::super::super::advice::told(&settings(wish, "web-1").unwrap_err())
    }

    #[test]
    fn what_is_set_is_checked_before_anything_is_sent() {
        let wish = |url: &str| RemoteWrite { url: url.to_owned(), ..RemoteWrite::default() };
        assert!(settings(&wish(""), "web-1").unwrap().is_none());
        let good = settings(&wish("http://127.0.0.1:9090/api/v1/write"), "web-1").unwrap().unwrap();
        let own = [("job", "isomon"), ("instance", "web-1")];
        assert_eq!(good.labels, own.map(|(a, b)| (a.to_owned(), b.to_owned())));
        for url in ["prom", "ftp://prom", "http://", "https://ann:hunter2@prom/x"] {
            let told = told(&wish(url));
            assert!(!told.contains("hunter2") && told.contains("try: "), "{told}");
        }
        let open = RemoteWrite { token_env: "PATH".to_owned(), ..wish("http://prom/x") };
        assert!(told(&open).contains("for all to read"));
        assert!(has_secret(&open) && !has_secret(&wish("http://prom/x")));
        let odd = RemoteWrite { labels: vec!["__name__=x".to_owned()], ..wish("http://prom/x") };
        assert!(told(&odd).contains("is no label"));
        let other = RemoteWrite { labels: vec!["instance=a".to_owned()], ..wish("http://prom/x") };
        assert_eq!(settings(&other, "web-1").unwrap().unwrap().labels[1].1, "a");
    }
}

//! Who is let in, case by case. `tests/serve_gate.rs` asks the same of a server over raw sockets.

use axum::http::Request;

use super::*;
use crate::model::secret::Secret;

const TOKEN: &str = "a-token-of-32-letters-0123456789";

fn link(peer: &str) -> Link {
    let local = if peer.starts_with("127.") { "127.0.0.1:7070" } else { "10.0.0.5:7070" };
    Link { peer: peer.parse().unwrap(), local: local.parse().unwrap(), tls: false }
}

fn ask(
    gate: &Gate,
    link: Link,
    setting: &Setting,
    headers: &[(&str, &str)],
) -> Result<Caller, u16> {
    let host = link.local.to_string();
    let mut request = Request::builder().uri("/").header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    gate.check(&parts, link, setting, Stamp::default()).map_err(|problem| problem.status)
}

#[test]
fn who_has_no_token_reads_from_this_machine_alone() {
    let gate = Gate::new(Hosts::default());
    let setting = Setting { token: Some(Secret::new(TOKEN)), ..Setting::default() };
    let (here, there) = (link("127.0.0.1:9"), link("10.0.0.9:9"));
    let bearer = format!("Bearer {TOKEN}");
    let holder = [("authorization", bearer.as_str())];
    assert_eq!(ask(&gate, here, &setting, &[]), Ok(Caller { token: false }));
    assert_eq!(ask(&gate, here, &setting, &holder), Ok(Caller { token: true }));
    assert_eq!(ask(&gate, there, &setting, &holder), Ok(Caller { token: true }));
    assert_eq!(ask(&gate, there, &setting, &[]), Err(401));
    assert_eq!(ask(&gate, here, &setting, &[("x-forwarded-for", "8.8.8.8")]), Err(401));
    assert_eq!(ask(&gate, there, &Setting::default(), &[]), Err(403));
    assert_eq!(ask(&gate, here, &Setting::default(), &[("via", "1.1 proxy")]), Err(403));
}

#[test]
fn a_token_in_any_other_form_is_none() {
    let setting = Setting { token: Some(Secret::new(TOKEN)), ..Setting::default() };
    let basic = format!("Basic {TOKEN}");
    let longer = format!("Bearer {TOKEN}x");
    for wrong in ["Bearer", "Bearer ", "Bearer a", TOKEN, basic.as_str(), longer.as_str()] {
        let gate = Gate::new(Hosts::default());
        let asked = ask(&gate, link("127.0.0.1:9"), &setting, &[("authorization", wrong)]);
        assert_eq!(asked, Err(401), "{wrong}");
    }
    let gate = Gate::new(Hosts::default());
    let right = format!("bearer {TOKEN}");
    let twice = [("authorization", right.as_str()), ("authorization", right.as_str())];
    assert_eq!(ask(&gate, link("127.0.0.1:9"), &setting, &twice), Err(401));
    assert_eq!(ask(&gate, link("127.0.0.1:9"), &setting, &twice[..1]), Ok(Caller { token: true }));
}

#[test]
fn a_browser_may_look_with_the_token_as_password_and_does_not_act() {
    let setting = Setting { token: Some(Secret::new(TOKEN)), ..Setting::default() };
    let gate = Gate::new(Hosts::default());
    let there = link("10.0.0.9:9");
    let coded = |text: &str| format!("Basic {}", STANDARD.encode(text));
    for right in [format!("me:{TOKEN}"), format!(":{TOKEN}")] {
        let asked = ask(&gate, there, &setting, &[("authorization", &coded(&right))]);
        assert_eq!(asked, Ok(Caller { token: false }), "it looks, and is no holder of the token");
    }
    for wrong in [TOKEN.to_owned(), format!("{TOKEN}:"), format!("me:{TOKEN}x"), String::new()] {
        let asked = ask(&gate, there, &setting, &[("authorization", &coded(&wrong))]);
        assert_eq!(asked, Err(401), "{wrong}");
    }
    let challenge = |accept: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        let (_, challenge) = stranger(&headers, "no").header.unwrap();
        challenge.to_str().unwrap().split(' ').next().unwrap().to_owned()
    };
    assert_eq!(challenge("text/html,*/*;q=0.8"), "Basic");
    assert_eq!(challenge("*/*"), "Bearer");
}

#[test]
fn who_guesses_is_stopped() {
    let gate = Gate::new(Hosts::default());
    let setting = Setting { token: Some(Secret::new(TOKEN)), ..Setting::default() };
    let statuses: Vec<_> = (0..30)
        .map(|_| ask(&gate, link("10.0.0.9:9"), &setting, &[("authorization", "Bearer x")]))
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == Err(401)).count(), 20);
    assert_eq!(statuses.last(), Some(&Err(429)));
}

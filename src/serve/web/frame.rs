//! What every page has: its head, the way to the others, and room for what it says.

use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::Page;
use super::markup::Markup;
use crate::serve::answer::{Problem, with_type};

/// What a page may load: our own style and pictures; a form leads to us alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The pages that are always a click away.
const PAGES: [(&str, &str); 4] =
    [("/", "Dashboard"), ("/runs", "Runs"), ("/compare", "Compare"), ("/benchmarks", "Benchmarks")];

/// A page with `title`, which is of the one at `here`.
pub(super) fn page(title: &str, here: &str, body: impl FnOnce(&mut Markup)) -> Page {
    let mut out = Markup::default();
    out.node("html", &[("lang", "en")], |out| {
        out.node("head", &[], |out| {
            out.void("meta", &[("charset", "utf-8")]);
            out.void(
                "meta",
                &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")],
            );
            out.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
            out.leaf("title", &[], &format!("{title} · isomon"));
            out.void("link", &[("rel", "icon"), ("href", "/icon.svg"), ("type", "image/svg+xml")]);
            out.void("link", &[("rel", "stylesheet"), ("href", "/isomon.css")]);
        });
        out.node("body", &[], |out| {
            out.leaf("a", &[("class", "skip"), ("href", "#main")], "Skip to the content");
            head(out, here);
            out.node("main", &[("id", "main")], body);
        });
    });
    Page { html: format!("<!doctype html>\n{}", out.done()), policy: POLICY }
}

fn head(out: &mut Markup, here: &str) {
    out.node("header", &[], |out| {
        out.leaf("a", &[("class", "brand"), ("href", "/")], "isomon");
        out.node("nav", &[("aria-label", "Pages")], |out| {
            for (to, words) in PAGES {
                let mut given = vec![("href", to)];
                given.extend((to == here).then_some(("aria-current", "page")));
                out.leaf("a", &given, words);
            }
        });
    });
}

/// Words where there is nothing yet, and the command that helps.
pub(super) fn empty(out: &mut Markup, words: &str, command: &str) {
    out.node("div", &[("class", "empty")], |out| {
        out.leaf("p", &[], words);
        if !command.is_empty() {
            out.leaf("pre", &[], command);
        }
    });
}

/// `problem` for a person.
pub(in crate::serve) fn problem(problem: &Problem) -> Response {
    let title = match problem.status {
        401 => "Who is it?",
        403 => "Not allowed",
        404 => "Not found",
        500.. => "This did not work",
        _ => "This cannot be done",
    };
    let page = page(title, "", |out| {
        out.leaf("h1", &[], title);
        out.leaf("p", &[("class", "empty")], problem.text.as_str());
        if problem.status == 401 {
            let words = "Load the page again: any user name, and the token as the password.";
            out.leaf("p", &[], words);
        }
        out.node("p", &[], |out| out.leaf("a", &[("href", "/")], "To the dashboard"));
    });
    let mut response = with_type(problem.status, "text/html; charset=utf-8", page.html.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(page.policy));
    if let Some((name, value)) = problem.header.clone() {
        headers.insert(name, value);
    }
    response
}

//! The page with the terminal, and what it is made of.
//!
//! The terminal is xterm.js, which is in no source of isomon: it is built in where `make web` has brought
//! it. Nothing else is loaded, and no script that stands in the page is run. Styles are: the terminal
//! writes its own while it draws, and what it draws it sets as text.

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use schemars::{Schema, SchemaGenerator};

use super::{Reply, screens, with_type};
use crate::serve::{Answer, Ask, Context, Door, Problem};

/// What the page may load and whom it may ask.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; \
                      frame-ancestors 'none'";
const PAGE: &str = include_str!("../../../assets/screen/screen.html");
const STYLE: &str = include_str!("../../../assets/screen/screen.css");
const SCRIPT: &str = include_str!("../../../assets/screen/screen.js");

/// A file of xterm.js; empty where it is not built in.
macro_rules! xterm {
    ($name:literal) => {{
        #[cfg(web)]
        let text = include_str!(concat!(env!("OUT_DIR"), "/", $name));
        #[cfg(not(web))]
        let text = "";
        text
    }};
}

const XTERM: &str = xterm!("xterm.js");
const XTERM_STYLE: &str = xterm!("xterm.css");
const FIT: &str = xterm!("fit.js");

/// Whether this isomon was built with the terminal for browsers.
pub const fn is_built_in() -> bool {
    cfg!(web)
}

/// A part of the page.
macro_rules! part {
    ($name:ident, $media:literal) => {
        struct $name(&'static str);

        impl Reply for $name {
            const STATUS: u16 = 200;
            const MEDIA: &'static str = $media;

            fn schema(_: &mut SchemaGenerator) -> Schema {
                schemars::json_schema!({ "type": "string" })
            }

            fn respond(self) -> Response {
                let media = concat!($media, "; charset=utf-8");
                let mut response = with_type(Self::STATUS, media, self.0.into());
                let policy = HeaderValue::from_static(POLICY);
                response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
                response
            }
        }
    };
}

part!(Page, "text/html");
part!(Style, "text/css");
part!(Script, "text/javascript");

pub(super) fn routes(door: Door) -> Door {
    door.get("/screen", "Page: the screen of this isomon", page)
        .get("/screen/screen.css", "Its style", style)
        .get("/screen/screen.js", "Its script", script)
        .get("/screen/xterm.css", "The style of its terminal", xterm_style)
        .get("/screen/xterm.js", "Its terminal, xterm.js", xterm)
        .get("/screen/fit.js", "What makes the terminal as large as the window", fit)
}

/// `text`, where a screen is shown at all.
fn part<T>(context: &Context, text: T) -> Result<T, Problem> {
    screens(context).map(|_| text)
}

async fn page(context: Arc<Context>, _: Ask) -> Answer<Page> {
    part(&context, Page(PAGE))
}

async fn style(context: Arc<Context>, _: Ask) -> Answer<Style> {
    part(&context, Style(STYLE))
}

async fn script(context: Arc<Context>, _: Ask) -> Answer<Script> {
    part(&context, Script(SCRIPT))
}

async fn xterm_style(context: Arc<Context>, _: Ask) -> Answer<Style> {
    part(&context, Style(XTERM_STYLE))
}

async fn xterm(context: Arc<Context>, _: Ask) -> Answer<Script> {
    part(&context, Script(XTERM))
}

async fn fit(context: Arc<Context>, _: Ask) -> Answer<Script> {
    part(&context, Script(FIT))
}

//! Pages for a browser: what runs of workflows and benchmarks came to, without a build step and without a
//! script.
//!
//! They are made here from the same data as the API's answers. What a page may load is said by its policy:
//! our style and our pictures, and nothing is ever executed. Every choice is a form that asks with GET, so
//! an address is a view that can be kept and sent.

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use schemars::{Schema, SchemaGenerator};

use super::answer::{Reply, with_type};
use super::{Answer, Ask, Context, Door};

mod axis;
mod bench;
mod boxes;
mod chart;
mod choice;
mod compare;
mod dashboard;
mod form;
mod frame;
mod markup;
mod run;
mod runs;

pub(super) use frame::problem;

/// How pages look.
const STYLE: &str = include_str!("../../assets/web.css");
/// Their sign.
const ICON: &str = include_str!("../../assets/icon.svg");

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    html: String,
    policy: &'static str,
}

impl Reply for Page {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "text/html";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string" })
    }

    fn respond(self) -> Response {
        let mut response = with_type(Self::STATUS, "text/html; charset=utf-8", self.html.into());
        let policy = HeaderValue::from_static(self.policy);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    }
}

/// A file that belongs to isomon.
macro_rules! asset {
    ($name:ident, $media:literal) => {
        struct $name(&'static str);

        impl Reply for $name {
            const STATUS: u16 = 200;
            const MEDIA: &'static str = $media;

            fn schema(_: &mut SchemaGenerator) -> Schema {
                schemars::json_schema!({ "type": "string" })
            }

            fn respond(self) -> Response {
                with_type(Self::STATUS, Self::MEDIA, self.0.into())
            }
        }
    };
}

asset!(Style, "text/css");
asset!(Icon, "image/svg+xml");

pub(super) fn routes(door: Door) -> Door {
    let long = Some(std::time::Duration::from_mins(1));
    door.get("/", "Page: how workflows went lately", dashboard::page)
        .time(long)
        .get("/runs", "Page: every run of a workflow", runs::page)
        .get("/run/{id}", "Page: a run of a workflow", run::page)
        .time(long)
        .get("/compare", "Page: runs of workflows side by side", compare::page)
        .time(long)
        .get("/benchmarks", "Page: isomon's own benchmarks", bench::list)
        .get("/benchmark/{id}", "Page: a benchmark of isomon", bench::read)
        .time(long)
        .get("/isomon.css", "The style of the pages", style)
        .get("/icon.svg", "Their sign", icon)
}

async fn style(_: Arc<Context>, _: Ask) -> Answer<Style> {
    Ok(Style(STYLE))
}

async fn icon(_: Arc<Context>, _: Ask) -> Answer<Icon> {
    Ok(Icon(ICON))
}

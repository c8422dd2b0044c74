//! `isomon serve`: this node, readable by others over HTTP.
//!
//! It is handed channels and what can be done here; it knows no hub. Loopback unless told otherwise;
//! anything else needs a token and TLS. [`context`] is what handlers share, [`mod@door`] the table of
//! routes that makes both the router and its OpenAPI document.

mod alert;
pub mod answer;
pub mod backend;
pub mod context;
pub mod count;
pub mod depth;
pub mod door;
pub mod gate;
pub mod health;
pub mod history;
pub mod listen;
pub mod live;
pub mod metrics;
pub mod node;
pub mod result;
pub mod run;
pub mod screen;
pub mod setting;
pub mod stat;
pub mod stdio;
pub mod system;
pub mod tls;
mod web;
pub mod workload;

pub use answer::{Answer, Json, Problem};
pub use context::Context;
pub use door::{Ask, Door, Nothing};
pub use setting::{Caller, Permit, Setting};

/// Every route there is.
pub fn door() -> Door {
    let door = health::routes(Door::new());
    let door = live::routes(door);
    let door = node::routes(door);
    let door = alert::routes(door);
    let door = backend::routes(door);
    let door = system::routes(door);
    let door = workload::routes(door);
    let door = stat::routes(door);
    let door = run::routes(door);
    let door = result::routes(door);
    let door = web::routes(door);
    let door = screen::routes(door);
    let door = history::routes(door);
    metrics::routes(door)
}

//! `isomon serve`: this node, readable by others over HTTP.
//!
//! It is handed channels and what can be done here; it knows no hub. Loopback unless told otherwise;
//! anything else needs a token and TLS. [`context`] is what handlers share, [`door`] the table of
//! routes that makes both the router and its OpenAPI document.

pub mod answer;
pub mod context;
pub mod count;
pub mod depth;
pub mod door;
pub mod gate;
pub mod health;
pub mod listen;
pub mod live;
pub mod node;
pub mod setting;

pub use answer::{Answer, Json, Problem};
pub use context::Context;
pub use door::{Ask, Door, Nothing};
pub use setting::{Caller, Permit, Setting};

/// Every route there is.
pub fn door() -> Door {
    let door = health::routes(Door::new());
    let door = live::routes(door);
    node::routes(door)
}

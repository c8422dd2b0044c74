//! Floor 0: the words every other module speaks.
//!
//! Plain data, serde in both directions, no I/O and no behaviour beyond what a value knows of
//! itself. Two words cross the house: [`update::Update`] says what happened and goes up,
//! [`command::Command`] says what is wished and goes down.

pub mod agent;
pub mod alert;
pub mod backend;
pub mod bench;
pub mod command;
pub mod done;
pub mod gpu;
pub mod id;
pub mod job;
pub mod list;
pub mod live;
pub mod load;
pub mod node;
pub mod origin;
pub mod past;
pub mod pipeline;
pub mod process;
pub mod reading;
pub mod replay;
pub mod request;
pub mod root;
pub mod run;
pub mod secret;
pub mod serving;
pub mod text;
pub mod time;
pub mod unit;
pub mod update;
pub mod usage;
pub mod workflow;
pub mod workload;

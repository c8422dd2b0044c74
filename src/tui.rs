//! Floor 4: the terminal face.
//!
//! [`app::App`] is what is looked at (tab, cursor, filter, prompt); the world is in
//! [`crate::state::State`] and is only read. Keys become [`action::Action`]s by a keymap that is
//! data, actions change the `App` and may make a [`crate::model::command::Command`], and drawing
//! is a pure function of both. [`run::run`] is the loop around it all.

pub mod action;
pub mod app;
mod clipboard;
pub mod columns;
mod crash;
mod diary;
pub mod event;
mod fault;
mod file;
pub mod habit;
pub mod help;
pub mod ink;
pub mod key;
pub mod keymap;
pub mod letter;
pub mod look;
pub mod mend;
pub mod mistake;
pub mod note;
mod pace;
pub mod palette;
pub mod popup;
pub mod prompt;
mod reader;
pub mod reply;
pub mod rest;
pub mod run;
pub mod session;
pub mod setting;
pub mod surface;
pub mod tab;
pub mod term;
pub mod theme;
mod toast;
pub mod view;
mod watchdog;
pub mod when;
pub mod widget;

//! What more than one tab draws: tables, meters, sparklines, charts, and the words they share.
//!
//! A widget is handed values and a [`Look`](super::look::Look) and draws; none knows a tab or the
//! state as a whole. Every one of them takes any area, down to none at all.

pub mod canvas;
pub mod chart;
pub mod dag;
pub mod field;
pub mod figure;
pub mod filter;
pub mod fixed;
pub mod grid;
pub mod interval_bar;
pub mod lanes;
pub mod meter;
pub mod notice;
pub mod panel;
pub mod plot;
pub mod sheet;
pub mod span_axis;
pub mod sparkline;
pub mod stacked_bar;
pub mod status;
pub mod strip;
pub mod table;
pub mod titled;
pub mod trail;
pub mod value;

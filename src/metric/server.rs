//! Pages of metrics of servers of models, whoever made the server: what each calls its figures, and what a
//! page says in them.
//!
//! The one place where those names stand: who watches a server and who puts a load on it read it alike.

pub mod names;
pub mod scrape;

pub use names::Figure;
pub use scrape::{Figures, Scrape, speaker};

//! Floor 3: what happens is kept, and told again.
//!
//! Each file here listens to the same updates as the screen does, with a queue of its own, and loses rather
//! than holds anybody up.

pub mod history;
pub mod remote;
pub mod replay;
pub mod tape;

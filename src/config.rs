//! What the user can set, read with the place of each mistake.

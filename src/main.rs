//! The program: see the library's table of contents.

fn main() {}

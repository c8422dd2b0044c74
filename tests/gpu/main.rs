//! GPUs as the whole probe reads them: NVIDIA's through the real GPU reader process and a fake NVML
//! that obeys a script, AMD's and Intel's from directories that look like `/proc` and `/sys`.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

mod drm;
mod lost;
mod machine;
mod rest;
mod value;

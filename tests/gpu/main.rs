//! GPUs as the whole probe reads them: NVIDIA's through the real GPU reader process and a fake NVML
//! that obeys a script, AMD's and Intel's from directories that look like `/proc` and `/sys`.

mod drm;
mod lost;
mod machine;
mod value;

//! A user's own work: a command, or code for a runtime, with its input.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backend::BackendId;
use super::unit::Bytes;

/// Work that is not ours: nothing it says is trusted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// What is run.
    pub what: What,
    /// Its input; on standard input as one line of JSON, and as `input` in JavaScript.
    pub input: Option<serde_json::Value>,
    /// Environment on top of the sandbox's own.
    pub env: Vec<(String, String)>,
    /// A directory that is its root, read-only, in place of the host's programs; for backends with
    /// a file system.
    pub root: Option<PathBuf>,
    /// The file of its code, or the bundle of its root, where it came out of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    /// Files that go with it, which somebody sent.
    #[serde(skip)]
    pub archive: Option<Archive>,
    /// Bytes of its output that are passed on in a second once the first 4 MiB were; of what is more the
    /// latest is, and the rest is dropped and counted. All of it if `None`.
    #[serde(skip)]
    pub pace: Option<Bytes>,
}

/// Files that were sent: a tar archive, compressed with gzip. Nothing in it is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    /// The archive.
    pub bytes: Arc<[u8]>,
    /// What of it is run, or is the root: a path in it.
    pub entry: String,
    /// The entry is a root file system, and not a file of code.
    pub root: bool,
}

impl Job {
    /// What it needs its backend to run.
    pub const fn runtime(&self) -> Runtime {
        if let Some(Archive { root: true, .. }) = &self.archive {
            return Runtime::Oci;
        }
        match &self.what {
            What::Code { runtime, .. } => *runtime,
            What::Command(_) if self.root.is_some() => Runtime::Oci,
            What::Command(_) => Runtime::Command,
        }
    }

    /// Why `backend` cannot do it; `None` if it can. `initrd`: machines are given a first file system
    /// of the user's.
    pub const fn lack(&self, backend: BackendId, initrd: bool) -> Option<&'static str> {
        let runtime = self.runtime();
        let engine = matches!(runtime, Runtime::Js | Runtime::Wasm);
        let interpreted = matches!(runtime, Runtime::Node | Runtime::Python | Runtime::Go);
        match backend {
            BackendId::V8 | BackendId::Deno if matches!(runtime, Runtime::Js) => None,
            BackendId::V8 | BackendId::Deno => Some("it runs JavaScript alone"),
            BackendId::Wasm if matches!(runtime, Runtime::Wasm) => None,
            BackendId::Wasm => Some("it runs WebAssembly alone"),
            BackendId::Kvm => Some("isomon's own guest does isomon's own work alone"),
            _ if engine => Some("it runs programs, and no code for an engine"),
            _ if backend.boots_linux() && interpreted && self.root.is_none() && !initrd => {
                Some("it shows nothing of this machine, so no interpreter either")
            }
            BackendId::Process if matches!(runtime, Runtime::Oci) => {
                Some("a plain process has no root of its own")
            }
            BackendId::Docker
            | BackendId::DockerCrun
            | BackendId::DockerRunsc
            | BackendId::DockerKata
                if matches!(runtime, Runtime::Oci) =>
            {
                Some("an engine takes images and no root file system")
            }
            _ => None,
        }
    }
}

/// A Linux kernel of the user's, for backends that are virtual machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kernel {
    /// Its image.
    pub image: PathBuf,
    /// A file with its first file system, to which isomon adds itself; isomon packs one if `None`.
    pub initrd: Option<PathBuf>,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A program of the sandbox, and its arguments.
    Command(Vec<String>),
    /// A file's content, for a runtime.
    Code {
        /// The runtime.
        runtime: Runtime,
        /// The content; text, or a WebAssembly module.
        code: Vec<u8>,
    },
}

impl Job {
    /// What asks for it on the command line; of what came out of a file, the file.
    pub fn flag(&self) -> String {
        let path =
            |flag: &str, path: &Path| format!("--{flag} {}", quoted(&path.to_string_lossy()));
        match (&self.what, &self.from) {
            (What::Command(_), Some(bundle)) => path("bundle", bundle),
            (What::Command(words), None) => format!("--cmd {}", quoted(&shell_words::join(words))),
            (What::Code { runtime, .. }, from) => {
                let from = from.as_deref().unwrap_or_else(|| Path::new("FILE"));
                format!("{} --runtime {runtime}", path("code", from))
            }
        }
    }
}

/// `text` for a POSIX shell: nothing within single quotes means anything but the quote itself.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl Default for What {
    fn default() -> Self {
        Self::Command(Vec::new())
    }
}

/// What can execute code.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// Programs of the sandbox, and shell scripts.
    Command,
    /// JavaScript in a bare engine: the language and `console`, nothing of Node.
    Js,
    /// JavaScript by Node.js.
    Node,
    /// Python 3.
    Python,
    /// Go, built and run.
    Go,
    /// A WebAssembly module, with WASI preview 1 or without imports.
    Wasm,
    /// A root file system of the user's.
    Oci,
}

impl Runtime {
    /// Every runtime.
    pub const ALL: [Self; 7] =
        [Self::Command, Self::Js, Self::Node, Self::Python, Self::Go, Self::Wasm, Self::Oci];

    /// The name users give it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Js => "js",
            Self::Node => "node",
            Self::Python => "python",
            Self::Go => "go",
            Self::Wasm => "wasm",
            Self::Oci => "oci",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One of a program's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A piece of output as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// On which stream.
    pub stream: Stream,
    /// The bytes; hostile, and bounded by the job's limit.
    pub bytes: Vec<u8>,
}

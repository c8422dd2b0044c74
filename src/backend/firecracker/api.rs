//! What Firecracker is asked, in the words of its API.

use serde_json::json;

use crate::backend::wire::Request;

/// What it is started with: its socket, and no word about what goes well, since its guest speaks on
/// the same stream. Its own system call filter stays on.
pub(super) fn arguments(socket: String) -> [String; 4] {
    ["--api-sock".to_owned(), socket, "--level".to_owned(), "Error".to_owned()]
}

/// One processor and `mib` of memory; `tracked`: it knows what of it was written.
pub(super) fn machine(mib: u64, tracked: bool) -> Request {
    let mut body = json!({ "vcpu_count": 1, "mem_size_mib": mib });
    if tracked {
        body["track_dirty_pages"] = json!(true);
    }
    request("PUT", "/machine-config", &body)
}

/// The guest's kernel.
pub(super) fn kernel(path: &str, command_line: &str) -> Request {
    let body = json!({ "kernel_image_path": path, "boot_args": command_line });
    request("PUT", "/boot-source", &body)
}

/// Boots.
pub(super) fn start() -> Request {
    request("PUT", "/actions", &json!({ "action_type": "InstanceStart" }))
}

/// Something that it can answer at once, whatever it is.
pub(super) fn look() -> Request {
    Request { method: "GET".to_owned(), path: "/".to_owned(), body: String::new() }
}

/// Stops the guest's processor.
pub(super) fn pause() -> Request {
    request("PATCH", "/vm", &json!({ "state": "Paused" }))
}

/// Stores a guest that was booted and then paused: what of its memory was written since is all of it,
/// and the file has holes where nothing was.
pub(super) fn store(files: &[String; 2]) -> Request {
    let [state, memory] = files;
    let body = json!({ "snapshot_type": "Diff", "snapshot_path": state, "mem_file_path": memory });
    request("PUT", "/snapshot/create", &body)
}

/// Brings a stored guest back, running.
pub(super) fn load(files: &[String; 2]) -> Request {
    let [state, memory] = files;
    let body = json!({
        "snapshot_path": state,
        "mem_backend": { "backend_type": "File", "backend_path": memory },
        "resume_vm": true,
    });
    request("PUT", "/snapshot/load", &body)
}

fn request(method: &str, path: &str, body: &serde_json::Value) -> Request {
    Request { method: method.to_owned(), path: path.to_owned(), body: body.to_string() }
}

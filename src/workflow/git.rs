//! What is known of the repository isomon is called in, by asking git.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::model::text::counted;
use crate::model::workflow::Git;

/// Time that git has for one answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Bytes of a short answer.
const SHORT: u64 = 64 << 10;
/// Bytes of a patch; a larger one is none.
const PATCH: u64 = 64 << 20;

/// What is known of a repository.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// As benchctl writes it.
    pub(super) told: Map<String, Value>,
    /// What was changed.
    pub(super) patch: Option<Vec<u8>>,
}

/// What is wished of the repository around `dir`; `None` where there is none. Why not, where that ends
/// the run.
pub(super) async fn look(dir: &Path, wish: Git) -> Result<Option<Repository>, String> {
    if !(wish.capture || wish.require_clean || wish.save_patch) {
        return Ok(None);
    }
    let ask = |words: &'static [&'static str]| answer(dir, words, SHORT);
    let Some(root) = ask(&["rev-parse", "--show-toplevel"]).await else {
        let none =
            "git.require_clean is set, and this is no git repository, or git is not installed";
        return if wish.require_clean { Err(none.to_owned()) } else { Ok(None) };
    };
    let changed = ask(&["status", "--porcelain"]).await.unwrap_or_default();
    let changed = String::from_utf8_lossy(&changed).into_owned();
    if wish.require_clean && !changed.trim().is_empty() {
        let count = changed.lines().count() as u64;
        let are = if count == 1 { "is" } else { "are" };
        return Err(format!(
            "git.require_clean is set, and {} {are} changed or new: {}",
            counted(count, "file"),
            changed.lines().take(3).map(str::trim).collect::<Vec<_>>().join(", ")
        ));
    }
    let mut told = Map::new();
    let mut put = |name: &str, answer: Option<Vec<u8>>| {
        let text = answer.map(|answer| String::from_utf8_lossy(&answer).trim().to_owned());
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            told.insert(name.to_owned(), Value::from(text));
        }
    };
    put("root", Some(root));
    put("commit", ask(&["rev-parse", "HEAD"]).await);
    put("branch", ask(&["symbolic-ref", "--short", "-q", "HEAD"]).await);
    let remote = ask(&["config", "--get", "remote.origin.url"]).await;
    put(
        "remote_url",
        remote.map(|url| without_secret(&String::from_utf8_lossy(&url)).into_bytes()),
    );
    let dirty = !changed.trim().is_empty();
    told.insert("dirty".to_owned(), dirty.into());
    if dirty {
        told.insert("status_porcelain".to_owned(), Value::from(changed.trim_end()));
    }
    let patch = if wish.save_patch && dirty {
        answer(dir, &["diff", "--binary", "--no-ext-diff", "HEAD"], PATCH).await
    } else {
        None
    };
    Ok(Some(Repository { told, patch }))
}

/// What git says to `words`; `None` where it fails, takes too long or says too much.
async fn answer(dir: &Path, words: &[&str], most: u64) -> Option<Vec<u8>> {
    let mut git = Command::new("git");
    // A repository of somebody else must not have programs of its own run.
    git.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager"]);
    git.args(words).current_dir(dir).kill_on_drop(true);
    git.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = git.spawn().ok()?;
    let out = child.stdout.take()?;
    let read = async {
        let mut bytes = Vec::new();
        out.take(most + 1).read_to_end(&mut bytes).await.ok()?;
        let ended = (bytes.len() as u64 <= most).then_some(child.wait())?;
        ended.await.ok().filter(std::process::ExitStatus::success).map(|_| bytes)
    };
    tokio::time::timeout(ANSWER, read).await.ok().flatten()
}

/// `url` without who logs in there and how.
fn without_secret(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let slash = if path.is_empty() { "" } else { "/" };
    format!("{scheme}://{host}{slash}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_secret() {
        let clean = without_secret("https://me:token@example.org/a/b.git");
        assert_eq!(clean, "https://example.org/a/b.git");
        assert_eq!(without_secret("git@example.org:a/b.git"), "git@example.org:a/b.git");
    }
}

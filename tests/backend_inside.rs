//! What work sees of each backend from inside, and what is made of sandboxes that lie about it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use isomon::model::backend::{BackendId, BackendStatus, Class, Inside, Reach, Readiness};

use live::Ground;

/// What is known of those that run here and in which one can look around.
async fn looked_at() -> Vec<(BackendStatus, Inside)> {
    let known = Ground::new().check(&BackendId::ALL).await;
    let ready = known.into_iter().filter(|status| status.readiness.runs());
    let seen = ready.filter_map(|status| {
        let inside = status.inside.clone();
        if inside.is_none() {
            println!("no look: {}", status.id);
        }
        Some((status, *inside?))
    });
    let all: Vec<_> = seen.collect();
    for (status, inside) in &all {
        println!("{}: {}", status.id, serde_json::to_string(inside).unwrap());
    }
    all
}

/// Whether the host's kernel is shared and its programs are shown.
fn is_shared(id: BackendId) -> bool {
    matches!(id.class(), Class::None | Class::Namespaces)
        || matches!(id, BackendId::Runc | BackendId::Crun | BackendId::Youki)
}

#[tokio::test]
async fn each_wall_is_as_strong_as_it_says() {
    let all = looked_at().await;
    let named = |id| all.iter().find(|(status, _)| status.id == id).map(|(_, inside)| inside);
    let open = named(BackendId::Process).expect("a process can always look");
    assert_eq!(open.namespaces, Some(vec![]), "it has the host's");
    assert_eq!((open.host_kernel, open.host_writable), (Some(true), Some(true)));
    assert_eq!(open.uid, Some(rustix::process::geteuid().as_raw()));
    for (status, inside) in &all {
        let id = status.id;
        if id == BackendId::Process {
            continue;
        }
        if is_shared(id) {
            shares_the_kernel_and_little_else(status, inside, open);
        }
        if matches!(id, BackendId::GvisorPtrace | BackendId::GvisorSystrap | BackendId::GvisorKvm) {
            assert_eq!(inside.host_kernel, Some(false), "{id}");
            assert_ne!(inside.kernel, open.kernel, "{id}");
            assert!(status.traits.seccomp, "{id}: a filter that is not seen from inside");
        }
        if matches!(id.class(), Class::Namespaces | Class::Container | Class::UserKernel) {
            assert_ne!(inside.network, Some(Reach::Outside), "{id}");
            assert!(!status.traits.network && !status.traits.host_writable, "{id}");
        }
    }
}

fn shares_the_kernel_and_little_else(status: &BackendStatus, inside: &Inside, open: &Inside) {
    let id = status.id;
    assert_eq!(inside.kernel, open.kernel, "{id}");
    assert_ne!(inside.host_kernel, Some(false), "{id}");
    let apart = inside.namespaces.clone().unwrap();
    for name in ["mnt", "pid", "net", "ipc", "uts"] {
        assert!(apart.iter().any(|space| space.as_str() == name), "{id} {name}: {apart:?}");
    }
    assert_eq!(inside.capabilities, Some(0), "{id}");
    let filtered = inside.seccomp.as_ref().is_some_and(|mode| mode.as_str() == "filter");
    assert_eq!(filtered, id != BackendId::Bubblewrap, "{id}");
    assert_eq!(status.traits.seccomp, filtered, "{id}");
    assert_eq!(inside.host_writable, Some(false), "{id}");
    let (calls, all) = (inside.calls.unwrap(), open.calls.unwrap());
    assert_eq!(calls.tried, all.tried);
    assert!(!filtered || calls.answered < all.answered, "{id}: {calls:?} of {all:?}");
    let writable = inside.writable.clone().unwrap();
    let kept = |place: &str| matches!(place, "/tmp" | "/dev/shm");
    assert!(writable.iter().all(|place| kept(place.as_str())), "{id}: {writable:?}");
    assert!(writable.iter().any(|place| place.as_str() == "/tmp"), "{id}: {writable:?}");
}

#[tokio::test]
async fn a_sandbox_that_lies_about_itself_is_bounded_and_made_safe() {
    let honest = Ground::new().check(&[BackendId::Bubblewrap]).await.remove(0);
    let Some(path) = honest.path.filter(|_| honest.readiness.runs()) else {
        println!("skipped: {:?}", honest.readiness);
        assert!(!live::must_be_live());
        return;
    };
    let done = |said: &str| format!("printf 'ISOMON-DONE %s {said}\\n' \"$nonce\"");
    let rows = [
        (done(r#"{"kernel":"\\u001b[2J","uid":3}"#), Some("^[[2J")),
        (done(r#"{"uid":"me"}"#), None),
        (done(r#"{"calls":"#), None),
        (
            "printf 'ISOMON-DONE %s ' \"$nonce\"; yes x | head -c 1000000 | tr -d '\\n'; echo"
                .to_owned(),
            None,
        ),
        ("exec sleep 100".to_owned(), None),
        ("kill -9 $$".to_owned(), None),
    ];
    for (lie, kernel) in rows {
        let mut ground = Ground::new();
        // Honest about everything but the look; the nonce is the word after `__look`.
        ground.fake(
            "bwrap",
            &format!(
                "#!/bin/sh\ncase \"$*\" in *__look*) ;; *) exec {path} \"$@\";; esac\n\
                 while [ \"$1\" != __look ]; do shift; done\nnonce=$2\n\
                 echo \"ISOMON-READY $nonce\"\n{lie}\n"
            ),
        );
        let status = ground.check(&[BackendId::Bubblewrap]).await.remove(0);
        assert!(!matches!(status.readiness, Readiness::Unavailable { .. }), "{lie}: {status:?}");
        let told = status.inside.as_ref().map(|inside| inside.kernel.clone().unwrap_or_default());
        assert_eq!(told.as_ref().map(AsRef::as_ref), kernel, "{lie}");
        let long = serde_json::to_string(&status).unwrap();
        assert!(long.len() < 8192 && !long.contains('\u{1b}'), "{lie}");
    }
}

//! What little becomes much of in memory is refused.
//!
//! The only test of its program: what was freed before changes what the allocator takes later.

#![allow(dead_code, reason = "shared with other tests")]

#[path = "chaos/ask.rs"]
mod ask;
#[path = "chaos/memory.rs"]
mod memory;
#[path = "chaos/server.rs"]
mod server;

use ask::{head, tricked};
use memory::growth;
use server::Trick;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_jobs_in_three_bytes_each_are_not_made() {
    // What is made once is made before.
    tricked(Trick::Bytes(head(""))).await.expect_err("nothing in it");
    let (answer, kib) = growth(async {
        let jobs = vec!["{}"; 1 << 20].join(",");
        let what = format!("{{\"pipelines\":{{\"jobs\":[{jobs}],\"gaps\":[]}}}}");
        let line = format!("{{\"seq\":1,\"from\":\"local\",\"what\":{what}}}");
        let bytes = server::answer(format!("{{\"isomon_live\":1}}\n{line}\n").as_bytes());
        tricked(Trick::Bytes(bytes)).await
    })
    .await;
    let told = answer.expect("a line that is not understood, and no more");
    assert!(format!("{told:?}").contains("1 lines not understood"), "{told:?}");
    // The jobs would be 450 MiB; what is told of them lies in this process too, and more than once.
    assert!(kib <= 96 << 10, "{kib} KiB");
}

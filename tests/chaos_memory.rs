//! What a hostile server can make of this process's memory: next to nothing.

#![allow(clippy::print_stdout, reason = "a test, which tells its figures")]

#[path = "chaos/ask.rs"]
mod ask;
#[path = "chaos/memory.rs"]
mod memory;
#[path = "chaos/server.rs"]
mod server;

use ask::{ask, head, spec, tricked};
use isomon::source::Error;
use memory::growth;
use server::{Server, Trick, bomb};

/// Memory is this whole process's: who measures it is alone, from the first line to the last.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_that_drip_hold_next_to_no_memory() {
    let _alone = ALONE.lock().await;
    let server = Server::start(Trick::Drip(head("transfer-encoding: chunked\r\n"), b'1')).await;
    // Connections are shared from here on, so what is made once is made.
    let first = spec(&server.url());
    let warm = ask(first.clone()).await;
    assert!(warm.is_err());
    let all = (0..50).map(|_| tokio::spawn(ask(first.clone())));
    let (answers, kib) = growth(futures_util::future::join_all(all)).await;
    assert!(answers.into_iter().all(|answer| answer.expect("no panic").is_err()));
    assert!(kib <= 50 * 64, "{kib} KiB for fifty");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_is_taken_up_to_the_limit() {
    let _alone = ALONE.lock().await;
    // What is made once is made before.
    tricked(Trick::Bytes(head(""))).await.expect_err("nothing in it");
    let gigabyte = head("content-length: 1073741824\r\n");
    let (answer, kib) = growth(tricked(Trick::Flood(gigabyte, vec![b'a'; 65_536]))).await;
    assert!(matches!(answer, Err(Error::Limit { .. })), "{answer:?}");
    assert!(kib <= 20 << 10, "{kib} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_unpacks_to_gigabytes_is_cut_at_the_limit() {
    let _alone = ALONE.lock().await;
    // What is made once is made before.
    tricked(Trick::Bytes(head(""))).await.expect_err("nothing in it");
    let packed = bomb(1 << 20);
    assert!(packed.len() < 2 << 20, "it is small: {}", packed.len());
    let mut bytes =
        head(&format!("content-encoding: gzip\r\ncontent-length: {}\r\n", packed.len()));
    bytes.extend_from_slice(&packed);
    drop(packed);
    let cpu = || rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let before = cpu();
    let (answer, kib) = growth(tricked(Trick::Bytes(bytes))).await;
    let after = cpu();
    let ms = (after.tv_sec - before.tv_sec) * 1_000 + (after.tv_nsec - before.tv_nsec) / 1_000_000;
    println!("a gzip bomb costs {ms} ms of processor, its server included");
    // Unpacking is not optimised in a build for tests; a released one needs a tenth.
    let most = if cfg!(debug_assertions) { 2_000 } else { 200 };
    assert!(ms <= most, "{ms} ms");
    assert!(matches!(answer, Err(Error::Limit { .. })), "{answer:?}");
    // What is packed lies in this process too, with its server.
    assert!(kib <= 20 << 10, "{kib} KiB");
    let good = [head("content-encoding: gzip\r\n"), bomb(10)].concat();
    let error = tricked(Trick::Bytes(good)).await.expect_err("zeros");
    assert!(!matches!(error, Error::Limit { .. }), "{error}");
    let twice = [head("content-encoding: gzip, gzip\r\n"), bomb(10)].concat();
    assert!(tricked(Trick::Bytes(twice)).await.is_err());
}

//! The abuses, in each tongue that a backend understands.

use isomon::model::bench::{Failure, Payload};

/// What is done to a backend.
pub(crate) struct Abuse {
    pub(crate) name: &'static str,
    /// Its deadline.
    pub(crate) seconds: f64,
    pub(crate) needs: Needs,
    pub(crate) wanted: Wanted,
    /// To a backend that runs programs; or why not.
    pub(crate) shell: Result<&'static str, &'static str>,
    /// To one that runs JavaScript.
    pub(crate) js: Result<&'static str, &'static str>,
    /// To one that runs WebAssembly.
    pub(crate) wasm: Result<&'static str, &'static str>,
    /// To isomon's own guest.
    pub(crate) guest: Result<Payload, &'static str>,
}

/// Without which limit it must not be tried.
pub(crate) enum Needs {
    Nothing,
    Pids,
    Memory,
}

/// How it must end.
pub(crate) enum Wanted {
    /// In one of these.
    Class(&'static [Failure]),
    /// Well, with so much output, as kept and as dropped.
    Counted(u64),
    /// With status 0, and what it left is gone.
    Goes,
}

const NO_SIGNALS: &str = "it hears no signals";
const NO_PROCESSES: &str = "it has no processes";
const NO_CODE: &str = "isomon's guest runs only its own kernels; see `guests` for its own vices";

const HONEST_JS: &str = "console.log('good'); 1";
const HONEST_WASM: &str = "(module (func (export \"run\") (result i32) (i32.const 7)))";

/// What is not abuse.
pub(crate) const WORD: Abuse = Abuse {
    name: "word",
    seconds: 20.0,
    needs: Needs::Nothing,
    wanted: Wanted::Counted(5),
    shell: Ok("echo good"),
    js: Ok(HONEST_JS),
    wasm: Ok(HONEST_WASM),
    guest: Ok(Payload::Noop),
};

/// V8 compiles it without a test for a stop.
const DEAF_JS: &str = "for (;;) new Array(1000).fill(0.5)";

/// The same that grows.
pub(crate) const DEAF_HOG: Abuse = Abuse {
    name: "deaf memory hog",
    wanted: Wanted::Class(&[Failure::Memory]),
    js: Ok("const a = []; for (;;) a.push(new Array(1000).fill(0.5))"),
    wasm: Err(NO_SIGNALS),
    ..LOOP
};

const LOOP_WASM: &str = "(module (func (export \"run\") (loop $l (br $l))))";

/// As much as can be had of the processors.
pub(crate) const BUSY: Abuse =
    Abuse { name: "two loops", shell: Ok("(while :; do :; done) & while :; do :; done"), ..LOOP };

const LOOP: Abuse = Abuse {
    name: "endless loop",
    seconds: 1.0,
    needs: Needs::Nothing,
    wanted: Wanted::Class(&[Failure::Timeout]),
    shell: Ok("while :; do :; done"),
    js: Ok("while (true) {}"),
    wasm: Ok(LOOP_WASM),
    guest: Ok(Payload::Cpu { rounds: u64::MAX }),
};

pub(crate) const ABUSES: &[Abuse] = &[
    LOOP,
    Abuse {
        name: "deaf to its end",
        shell: Ok("trap '' TERM INT HUP QUIT PIPE; while :; do sleep 1; done"),
        js: Ok(DEAF_JS),
        wasm: Err(NO_SIGNALS),
        guest: Err(NO_CODE),
        ..LOOP
    },
    Abuse {
        name: "fork bomb",
        needs: Needs::Pids,
        // A kernel in user space may end where it gets no more threads.
        wanted: Wanted::Class(&[Failure::Timeout, Failure::Status]),
        shell: Ok("b() { b | b & b; }; (b) 2>/dev/null; exec sleep 1000"),
        js: Err(NO_PROCESSES),
        wasm: Err(NO_PROCESSES),
        guest: Err(NO_CODE),
        ..LOOP
    },
    Abuse {
        name: "memory hog",
        seconds: 30.0,
        needs: Needs::Memory,
        wanted: Wanted::Class(&[Failure::Memory]),
        shell: Ok("exec tail /dev/zero"),
        js: Ok("const a = []; for (;;) a.push({ a: a.length })"),
        wasm: Ok("(module (memory 1) (func (export \"run\") (loop $more
              (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
              (br $more))))"),
        guest: Ok(Payload::Memory { mib: 512 }),
    },
    Abuse {
        name: "1 GB of output",
        seconds: 60.0,
        needs: Needs::Nothing,
        wanted: Wanted::Counted(1_000_000_000),
        shell: Ok("head -c 1000000000 /dev/zero"),
        js: Ok("const x = 'x'.repeat(999999); for (let i = 0; i < 1000; i++) console.log(x); 1"),
        wasm: Ok(FLOOD),
        guest: Err(NO_CODE),
    },
    Abuse {
        name: "output without end",
        shell: Ok("exec yes"),
        js: Ok("for (;;) console.log('y')"),
        wasm: Ok(ENDLESS),
        guest: Err(NO_CODE),
        ..LOOP
    },
    Abuse {
        name: "double fork",
        seconds: 20.0,
        needs: Needs::Nothing,
        wanted: Wanted::Goes,
        shell: Ok(
            "(setsid sh -c 'trap \"\" TERM HUP; setsid sleep 1000' >/dev/null 2>&1 &); exit 0",
        ),
        js: Ok("globalThis.setTimeout?.(() => { for (;;); }); 1"),
        wasm: Err(NO_PROCESSES),
        guest: Err(NO_CODE),
    },
];

const FLOOD: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 17)
  (func (export "_start") (local $left i32)
    (local.set $left (i32.const 1000))
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 1000000))
    (loop $more
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left)))))"#;

const ENDLESS: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 1000))
    (loop $more
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $more))))"#;

//! What one look at this machine costs.

use std::time::Instant;

use isomon::model::root::Roots;
use isomon::probe::Probe;
use isomon::probe::node::NodeProbe;
use isomon::probe::process::ProcessProbe;
use isomon::procfs::redact::redact;

fn main() {
    divan::main();
}

/// Each sample a second after the other, as the loop takes them; the slow parts come at their turn.
fn bench_probe<P: Probe>(bencher: divan::Bencher<'_, '_>, mut probe: P) {
    let mut now = Instant::now();
    bencher.bench_local(|| {
        now += std::time::Duration::from_secs(1);
        probe.sample(now).map(drop).is_ok()
    });
}

#[divan::bench]
fn node(bencher: divan::Bencher<'_, '_>) {
    bench_probe(bencher, NodeProbe::new(&Roots::default()));
}

#[divan::bench]
fn processes(bencher: divan::Bencher<'_, '_>) {
    bench_probe(bencher, ProcessProbe::new(&Roots::default()));
}

#[divan::bench]
fn command_line() -> String {
    let arguments = "vllm serve model --api-key x --tensor-parallel-size 8 --port 8000 --host ::";
    redact(divan::black_box(arguments).split(' '))
}

//! The command line of `isomon bench`, and the plan it makes.

use clap::Parser;

use super::*;
use crate::model::load::Load;

#[derive(Parser)]
struct Whole {
    #[command(flatten)]
    bench: BenchArgs,
}

fn planned(line: &str) -> Result<Plan, String> {
    let words = std::iter::once("bench").chain(line.split_whitespace());
    let whole = Whole::try_parse_from(words).map_err(|error| error.to_string())?;
    let plan = whole.bench.plan(&Bench::default(), 7);
    plan.map_err(|error| error.to_string())
}

#[test]
fn nothing_said_is_every_backend_with_the_preset() {
    let plan = planned("").unwrap();
    assert_eq!(plan.backends, BackendId::ALL);
    assert_eq!((plan.seed, plan.limits), (7, Limits::default()));
}

#[test]
fn what_is_said_goes_before_the_preset() {
    let plan =
        planned("gvisor process --seed 3 -r 5 -w 1 --memory 64MiB --cpus 0.5 --target 2%").unwrap();
    let gvisor = [
        BackendId::Process,
        BackendId::GvisorSystrap,
        BackendId::GvisorPtrace,
        BackendId::GvisorKvm,
    ];
    assert_eq!(plan.backends, gvisor);
    assert_eq!((plan.effort.min_rounds, plan.effort.max_rounds), (5, 5));
    assert_eq!(plan.limits.memory_bytes, Bytes(64 << 20));
    assert_eq!(plan.effort.target, Ratio::new(0.02).unwrap());
    assert_eq!(plan.seed, 3);
}

#[test]
fn starts_are_named_with_commas_or_again_and_choose_the_backends() {
    assert_eq!(planned("").unwrap().starts, Start::ALL);
    let plan = planned("wasm --start warm,cold --start warm").unwrap();
    assert_eq!(plan.starts, [Start::Cold, Start::Warm]);
    let warm = planned("--start warm").unwrap();
    assert_eq!(warm.backends, [BackendId::Deno, BackendId::V8, BackendId::Wasm]);
    assert!(planned("runc --start warm").is_err(), "it starts cold only");
    assert!(planned("v8 --payload syscall").is_err(), "it cannot do it");
    assert!(planned("--start worm").unwrap_err().contains("did you mean warm?"));
}

#[test]
fn own_work_is_the_payload_of_backends_that_can() {
    let plan = planned("process wasm runc --cmd true").unwrap();
    assert_eq!(plan.payloads, [Payload::Job]);
    let job = plan.job.clone().unwrap();
    assert_eq!(job.what, crate::model::job::What::Command(vec!["true".into()]));
    let able: Vec<BackendId> = plan.cells().iter().map(|cell| cell.backend).collect();
    assert_eq!(able, [BackendId::Process, BackendId::Runc]);
    assert_eq!(plan.limits, Limits::default());
    let both = planned("runc --cmd true --payload noop").unwrap();
    assert_eq!(both.payloads, [Payload::Noop, Payload::Job]);
    let machine = planned("qemu-tcg --cmd true").unwrap();
    assert_eq!(machine.limits.memory_bytes, kernel::MEMORY);
    assert!(planned("wasm --cmd true").is_err(), "it runs no commands");
    for wrong in ["--cmd x --code y", "--shell", "--runtime js", "--code /none.js"] {
        assert!(planned(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_load_alone_has_few_rounds() {
    let seconds = Seconds(2.0);
    let plan = planned("process -C 4 -z 2s").unwrap();
    assert_eq!(plan.loads, [Load::Throughput { least: 4, most: 4, seconds }]);
    assert_eq!((plan.effort.min_rounds, plan.effort.max_rounds), (6, 6));
    let plan = planned("process -q 50 -C 4 -z 2s").unwrap();
    assert_eq!(plan.loads, [Load::Latency { per_second: Some(50.0), most: 4, seconds }]);
    let plan = planned("process --measure start,memory=7").unwrap();
    assert_eq!((plan.loads, plan.effort.min_rounds), (vec![Load::Memory { count: 7 }], 10));
    assert_eq!(planned("process").unwrap().loads, [], "quick has none");
    assert_eq!(planned("process --preset full").unwrap().loads.len(), Load::NAMES.len());
    assert_eq!(planned("process --preset full --measure start").unwrap().loads, []);
    assert!(planned("process --measure memory,memory").is_err());
}

#[test]
fn what_repeats_a_run_makes_the_same_plan() {
    for line in [
        "process runc",
        "wasm --start warm,cold --payload cpu=7 --payload noop --measure memory",
        "process --preset standard",
        "process --preset full --payload cpu",
        "process --measure throughput=3..17/1.5s,latency=@12.5/7/900ms,density=99",
        "process -q 0.25 -z 90s -n it's",
    ] {
        let mut plan = planned(line).unwrap();
        let repeated = crate::bench::repeat::repeat(&plan);
        let words = crate::cli::bench::tests::shell_words(&repeated);
        let words = std::iter::once("bench").chain(words.iter().skip(2).map(String::as_str));
        let again = Whole::try_parse_from(words).unwrap();
        let again = again.bench.plan(&Bench::default(), 99).unwrap();
        // There is no flag for the shortest time.
        plan.effort.min_seconds = again.effort.min_seconds;
        assert_eq!(again, plan, "{repeated}");
    }
}

#[test]
fn one_bound_of_rounds_moves_the_other() {
    let rounds = |line| {
        let effort = planned(line).unwrap().effort;
        effort.min_rounds <= effort.max_rounds
    };
    assert!(rounds("-M 1") && rounds("-m 100000"));
    assert!(planned("-m 5 -M 2").is_err());
    assert!(planned("-r 0").is_err());
}

#[test]
fn wrong_words_are_told_with_the_right_ones() {
    assert!(planned("gvizor").unwrap_err().contains("gvisor-systrap"));
    assert!(planned("--payload sleep").unwrap_err().contains("noop, cpu"));
    for line in ["--target 0", "--target 200%", "--cpus nan", "--payload cpu=0"] {
        assert!(planned(line).is_err(), "{line}");
    }
    let memory = planned("--payload memory=8 --payload noop").unwrap();
    assert_eq!(memory.payloads, [Payload::Memory { mib: 8 }, Payload::Noop]);
}

#[test]
fn no_round_at_all_is_refused_with_what_is_needed() {
    for line in ["process -r 0", "process -m 0 -M 0"] {
        assert_eq!(planned(line).unwrap_err(), "set --runs, or --max-runs, to 1 or more", "{line}");
    }
    let crossed = planned("process -m 5 -M 4").unwrap_err();
    assert_eq!(crossed, "set --min-runs and --max-runs together, or --runs alone");
}

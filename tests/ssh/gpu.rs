//! GPUs of a host by SSH: whichever generation of `nvidia-smi` is there.

use std::time::{Duration, Instant};

use isomon::model::gpu::{GpuReaderState, GpuSample, throttle};
use isomon::model::reading::{Reading, Why};
use isomon::model::update::What;
use isomon::source::open;

use super::ask;
use super::server::Server;

/// A tool that knows every field but `unknown`, a pattern of the shell.
fn tool(unknown: &str) -> String {
    r#"#!/bin/sh
asked=${1#--query-gpu=}
[ "$asked" = "$1" ] && exit
echo "$asked" >>"$HOME/asked"
IFS=,
for field in $asked; do
    case $field in
    UNKNOWN) echo "Field \"$field\" is not a valid field to query."; exit 2 ;;
    uuid) cell=GPU-a ;;
    mig.mode.current) cell=Disabled ;;
    *_reasons.active) cell=0x0000000000000044 ;;
    *) cell=7 ;;
    esac
    row="$row, $cell"
done
echo "${row#, }"
"#
    .replace("UNKNOWN", unknown)
}

/// What is told of a host with `tool`, and how often it was asked for its GPUs.
async fn told(server: &Server, tool: &str) -> (GpuSample, usize) {
    let asked = server.at("home").join("asked");
    std::fs::write(&asked, "").unwrap();
    server.install("nvidia-smi", tool);
    let mut source = open(server.spec()).unwrap();
    let told = ask(source.as_mut(), false).await.unwrap();
    let gpus = told.into_iter().find_map(|told| match told.what {
        What::Gpus(gpus) => Some(*gpus),
        _ => None,
    });
    (gpus.unwrap(), std::fs::read_to_string(asked).unwrap().lines().count())
}

#[tokio::test]
async fn each_generation_of_the_tool_tells_what_it_knows() {
    let Some(server) = Server::start("ed25519") else { return };
    let slowed = Reading::Known(throttle::words(0x44));
    let none = Reading::Missing(Why::NotSupported);
    let generations = [
        ("clocks_throttle_reasons.active", &slowed, 1),
        ("clocks_event_reasons.active", &slowed, 2),
        ("clocks_*_reasons.active", &none, 3),
        ("clocks_*_reasons.active|temperature.memory", &none, 4),
        ("clocks_*_reasons.active|temperature.memory|mig.mode.current", &none, 5),
    ];
    for (unknown, throttle, questions) in generations {
        let (sample, asked) = told(&server, &tool(unknown)).await;
        assert_eq!(sample.gpus.len(), 1, "{unknown}: {:?}", sample.readers);
        let gpu = &sample.gpus[0];
        assert_eq!((&gpu.throttle, asked), (throttle, questions), "{unknown}");
        assert_eq!(gpu.detail.ecc_corrected.get(), (questions < 4).then_some(7), "{unknown}");
        assert_eq!(gpu.mig.get(), (questions < 5).then_some(false), "{unknown}");
        assert_eq!(gpu.ecc_uncorrected.get(), Some(7), "{unknown}");
    }
}

#[tokio::test]
async fn a_tool_that_hangs_is_asked_once() {
    let Some(server) = Server::start("ed25519") else { return };
    let hangs =
        "#!/bin/sh\ncase $1 in --query-gpu=*) echo >>\"$HOME/asked\"; exec sleep 300 ;; esac\n";
    let began = Instant::now();
    let (sample, asked) = told(&server, hangs).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let GpuReaderState::Broken { reason, .. } = &sample.readers[0].state else { panic!() };
    assert_eq!((reason.as_str(), asked), ("no answer within 3 s", 1));
}

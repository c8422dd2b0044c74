//! NVIDIA's DCGM exporter, asked by itself.

use isomon::model::origin::{Kind, Offer};
use isomon::model::unit::{Bytes, Celsius, Joules, Ratio, Watts};
use isomon::source::Error;

use crate::server::{CHI, FAST_API, Server, ask, later, offer, origin, told};

/// A row of a page: `name` of GPU `gpu`.
fn row(name: &str, gpu: u32, value: &str) -> String {
    format!(
        "DCGM_FI_{name}{{gpu=\"{gpu}\",UUID=\"GPU-{gpu}\",pci_bus_id=\"00000000:0{gpu}:00.0\",\
         device=\"nvidia{gpu}\",modelName=\"NVIDIA H100 80GB HBM3\",Hostname=\"dgx-7\",\
         DCGM_FI_DRIVER_VERSION=\"550.90.07\"}} {value}\n"
    )
}

fn page() -> String {
    let mut page = "# HELP DCGM_FI_DEV_GPU_TEMP GPU temperature (in C).\n\
                    # TYPE DCGM_FI_DEV_GPU_TEMP gauge\n"
        .to_owned();
    for gpu in 0..2 {
        page += &row("DEV_GPU_TEMP", gpu, "61");
        page += &row("DEV_POWER_USAGE", gpu, "412.5");
        page += &row("DEV_TOTAL_ENERGY_CONSUMPTION", gpu, "980000000");
        page += &row("DEV_FB_USED", gpu, "1024");
        page += &row("DEV_FB_FREE", gpu, "3072");
        page += &row("PROF_SM_ACTIVE", gpu, "0.91");
    }
    page
}

async fn exporter(page: String) -> Server {
    let server = Server::start(CHI).await;
    server.route("/metrics", move |_| (200, "text/plain; version=0.0.4", page.clone().into()));
    server
}

#[tokio::test]
async fn its_gpus_are_told_and_it_is_found_by_asking() {
    let server = exporter(page()).await;
    for scheme in ["dcgm+http", "http"] {
        let told = ask(&mut server.source(scheme)).await.unwrap();
        assert_eq!(origin(&told).unwrap().kind, Kind::Dcgm);
        assert_eq!(told!(told, Info).unwrap().hostname.as_str(), "dgx-7");
        let sample = told!(told, Gpus).unwrap();
        assert_eq!(sample.gpus.len(), 2);
        let gpu = &sample.gpus[1];
        assert_eq!((gpu.index, gpu.name.as_str()), (1, "NVIDIA H100 80GB HBM3"));
        assert_eq!(
            (gpu.celsius.get(), gpu.power_watts.get()),
            (Some(Celsius(61.0)), Some(Watts(412.5)))
        );
        assert_eq!(gpu.memory_total_bytes.get(), Some(Bytes(4 << 30)));
        assert_eq!(gpu.detail.activity.sm.get().map(Ratio::fraction), Some(0.91));
        assert_eq!(gpu.detail.energy_joules.get(), Some(Joules(980_000.0)));
        assert_eq!(sample.driver(gpu).unwrap().as_str(), "550.90.07");
        let why = gpu.utilization.why().unwrap().to_string();
        assert_eq!(why, "DCGM_FI_DEV_GPU_UTIL is not there");
    }
}

#[tokio::test]
async fn what_is_no_page_of_it_is_said() {
    for (odd, wanted) in [("up 1\n", "it tells of no GPU"), ("<html>", "line 1: ")] {
        let server = exporter(odd.to_owned()).await;
        let mut source = server.source("dcgm+http");
        let told = ask(&mut source).await.unwrap();
        assert!(told!(told, Gpus).is_none());
        let Offer::Failed(why) = offer(&told, "/metrics") else { panic!("{odd}") };
        assert!(why.as_str().contains(wanted), "{why}");
        later(11).await;
        server.route("/metrics", |_| (200, "text/plain", page().into()));
        let told = ask(&mut source).await.unwrap();
        assert!(told!(told, Gpus).is_some(), "it is well again");
    }
}

#[tokio::test]
async fn each_is_called_by_name_where_another_is_meant() {
    let error = ask(&mut exporter(page()).await.source("prom+http")).await.unwrap_err();
    let words = "this is no store that is asked in PromQL: a DCGM exporter answers there";
    assert_eq!(error.to_string(), words);
    let server = Server::start(FAST_API).await;
    let error = ask(&mut server.source("dcgm+http")).await.unwrap_err();
    let Error::Another { wanted, found } = error else { panic!("{error}") };
    assert_eq!(wanted, "DCGM exporter");
    assert!(found.as_str().contains("a FastAPI server"), "{found}");
}

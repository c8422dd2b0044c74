//! Pages of DCGM, read.

use super::*;

#[test]
fn blanks_are_gaps() {
    let mut gpus = Gpus::default();
    let metric = |name: &'static str| Labels {
        name: name.into(),
        gpu: "0".into(),
        uuid: "GPU-a".into(),
        gpu_model: "Tesla T4".into(),
        ..Labels::default()
    };
    let rows = [
        ("DCGM_FI_DEV_GPU_UTIL", 35.0),
        ("DCGM_FI_DEV_FB_USED", 1024.0),
        ("DCGM_FI_DEV_FB_FREE", 3072.0),
        ("DCGM_FI_DEV_GPU_TEMP", 2_147_483_634.0),
        ("DCGM_FI_DEV_POWER_USAGE", 140_737_488_355_331.0),
        ("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", 9_223_372_036_854_775_794.0),
        ("DCGM_FI_DEV_ODD", 1.0),
        ("DCGM_FI_PROF_SM_ACTIVE", 0.625),
        ("DCGM_FI_PROF_DRAM_ACTIVE", 140_737_488_355_328.0),
        ("DCGM_FI_PROF_NVLINK_RX_BYTES", 4e11),
        ("DCGM_FI_PROF_NVLINK_TX_BYTES", 9_223_372_036_854_775_794.0),
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 7.2e12),
        ("DCGM_FI_DEV_XID_ERRORS", 79.0),
        ("DCGM_FI_DEV_MEMORY_TEMP", 2_147_483_632.0),
    ];
    for (name, value) in rows {
        gpus.take(&metric(name), Some(value), 9);
    }
    let gpu = gpus.sample().gpus.remove(0);
    assert_eq!(gpu.utilization.get().unwrap().to_string(), "35 %");
    assert_eq!(gpu.memory_total_bytes.get(), Some(Bytes(4 << 30)));
    assert_eq!(gpu.celsius, Reading::Missing(Why::NotSupported));
    assert_eq!(gpu.power_watts, Reading::Missing(Why::NoPermission));
    assert_eq!(gpu.ecc_uncorrected, Reading::Missing(Why::NotSupported));
    assert_eq!(gpu.fan.why().unwrap().to_string(), "DCGM_FI_DEV_FAN_SPEED is not there");
    let detail = &gpu.detail;
    assert_eq!(detail.activity.sm.get().map(Ratio::fraction), Some(0.625));
    assert_eq!(detail.activity.dram, Reading::Missing(Why::NotSupported));
    let absent = "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE is not there";
    assert_eq!(detail.activity.tensor.why().unwrap().to_string(), absent);
    assert_eq!(detail.nvlink.receive_bytes_per_second.get(), Some(BytesPerSecond(4e11)));
    assert_eq!(detail.nvlink.transmit_bytes_per_second, Reading::Missing(Why::NotSupported));
    assert_eq!(detail.energy_joules.get(), Some(Joules(7.2e9)));
    assert_eq!(detail.memory_celsius, Reading::Missing(Why::NotSupported));
    assert_eq!(detail.xids.known().unwrap()[0].code, 79);
    assert!(last_xid(0.0).is_empty());
}

#[test]
fn a_page_tells_of_a_whole_gpu_and_of_the_parts_of_another() {
    let page = r#"# TYPE DCGM_FI_DEV_GPU_TEMP gauge
DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-a",modelName="NVIDIA H100",Hostname="dgx-7",DCGM_FI_DRIVER_VERSION="550.90.07"} 61
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-a",modelName="NVIDIA H100",Hostname="dgx-7"} 1024
DCGM_FI_DEV_GPU_TEMP{gpu="1",UUID="GPU-b",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"} 55
DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-b",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"} 3000
DCGM_FI_DEV_FB_FREE{gpu="1",UUID="GPU-b",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"} 7000
DCGM_FI_PROF_SM_ACTIVE{gpu="1",UUID="GPU-b",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"} 0.9
DCGM_FI_DEV_CLOCK_THROTTLE_REASONS{gpu="1",UUID="GPU-b",GPU_I_PROFILE="1g.10gb",GPU_I_ID="7"} 4
DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-b",GPU_I_PROFILE="2g.20gb",GPU_I_ID="9"} NaN
"#;
    let gpus = Gpus::of_page(page.as_bytes(), 9).unwrap();
    assert_eq!(gpus.hostname(), Some("dgx-7"));
    let sample = gpus.sample();
    let [one, split] = &sample.gpus[..] else { panic!("{sample:?}") };
    assert_eq!(sample.driver(one).map(SafeText::as_str), Some("550.90.07"));
    assert_eq!((one.celsius.get(), one.mig.get()), (Some(Celsius(61.0)), None));
    assert_eq!((split.celsius.get(), split.mig.get()), (Some(Celsius(55.0)), Some(true)));
    let why = |why: Option<&Why>| why.unwrap().to_string();
    let words = "the GPU is split: only its parts are told of";
    assert_eq!(why(split.memory_used_bytes.why()), words);
    assert_eq!(why(split.detail.activity.sm.why()), words, "that is of a part");
    assert_eq!(split.throttle, Reading::Known(vec!["power limit".into()]), "by its older name");
    let parts = split.detail.mig_instances.known().unwrap();
    assert_eq!((parts[0].index, parts[0].profile.as_str()), (7, "1g.10gb"));
    assert_eq!(parts[0].memory_total_bytes.get(), Some(Bytes(10_000 << 20)));
    assert_eq!(parts[1].memory_used_bytes.get(), None);
    assert!(Gpus::of_page(b"<html>", 9).is_err());
}

fn slowed(rows: &[(&'static str, Option<f64>)]) -> Reading<Vec<SafeText>> {
    let mut gpus = Gpus::default();
    for (name, value) in rows {
        let name = format!("DCGM_FI_DEV_{name}").into();
        gpus.take(&Labels { name, gpu: "0".into(), ..Labels::default() }, *value, 9);
    }
    gpus.sample().gpus.remove(0).throttle
}

#[test]
fn what_slows_it_is_told_as_nvml_tells_it() {
    for name in ["CLOCKS_EVENT_REASONS", "CLOCK_THROTTLE_REASONS"] {
        for bits in [0x0_u32, 0x1, 0x5, 0x1ff, 0x1000] {
            let told = slowed(&[(name, Some(f64::from(bits)))]);
            assert_eq!(told, Reading::Known(throttle::words(bits.into())), "{name} {bits:#x}");
        }
        assert_eq!(
            slowed(&[(name, Some(9_223_372_036_854_775_794.0))]).why(),
            Some(&Why::NotSupported)
        );
        for odd in [Some(0.5), Some(-4.0), None] {
            assert!(matches!(slowed(&[(name, odd)]).why(), Some(Why::Failed(_))), "{odd:?}");
        }
    }
    let blank = ("CLOCKS_EVENT_REASONS", Some(9_223_372_036_854_775_794.0));
    let both = slowed(&[blank, ("CLOCK_THROTTLE_REASONS", Some(4.0))]);
    assert_eq!(both, Reading::Known(vec!["power limit".into()]));
    let neither = slowed(&[("GPU_UTIL", Some(1.0))]).why().unwrap().to_string();
    assert_eq!(neither, "DCGM_FI_DEV_CLOCKS_EVENT_REASONS is not there");
}

#[test]
fn every_name_that_is_read_is_asked_for() {
    let text = crate::source::prom::query::ALL
        .iter()
        .map(|query| query.text(crate::source::prom::query::Window::of(None)))
        .find(|text| text.contains("DCGM_FI"))
        .unwrap();
    for name in NAMES {
        let around = [format!("({name}|"), format!("|{name}|"), format!("|{name})")];
        assert!(around.iter().any(|form| text.contains(form.as_str())), "{name}");
    }
    assert!(PROFILED.contains(&"SM_ACTIVE") && !PROFILED.contains(&"PCIE_LINK_WIDTH"));
}

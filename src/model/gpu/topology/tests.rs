//! Drawings of real machines, drawings with odd padding, and no drawings at all.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Topology {
    Topology::parse(text).expect("a topology")
}

fn drawn(topology: &Topology) -> Vec<String> {
    let row = |device: &Device| {
        let links: Vec<String> = device.links.iter().map(ToString::to_string).collect();
        format!("{} {}", device.name, links.join(" "))
    };
    topology.devices.iter().map(row).collect()
}

#[test]
fn one_gpu_alone_is_a_drawing_too() {
    let one = read(include_str!("../../../../tests/fixture/gpu/topo_1gpu_pcie.txt"));
    assert_eq!(drawn(&one), ["GPU0 X"]);
    assert_eq!(one.devices[0].cpus, Some(SafeText::from("0-7")));
    assert_eq!(one.devices[0].numa, None);
}

#[test]
fn an_old_driver_calls_the_slowest_way_by_another_name() {
    let four = read(include_str!("../../../../tests/fixture/gpu/topo_4gpus_soc.txt"));
    let wanted =
        ["GPU0 X PHB SYS SYS", "GPU1 PHB X SYS SYS", "GPU2 SYS SYS X PHB", "GPU3 SYS SYS PHB X"];
    assert_eq!(drawn(&four), wanted);
}

#[test]
fn network_cards_are_devices_and_have_no_processors_of_their_own() {
    let mixed = read(include_str!("../../../../tests/fixture/gpu/topo_5gpus_nv12_with_mlx5.txt"));
    assert_eq!(drawn(&mixed)[0], "GPU0 X NV12 SYS SYS NODE");
    assert_eq!(drawn(&mixed)[4], "mlx5_2 NODE NODE SYS SYS X");
    let near = |at: usize| (mixed.devices[at].cpus.clone(), mixed.devices[at].numa.clone());
    assert_eq!(near(0), (Some("64-127,192-255".into()), Some("1".into())));
    assert_eq!(near(4), (None, None));
}

#[test]
fn eight_gpus_in_a_mesh() {
    let eight = read(include_str!("../../../../tests/fixture/gpu/topo_8gpus_nv12_full_mesh.txt"));
    assert_eq!(eight.devices.len(), 10);
    for (at, device) in eight.devices.iter().take(8).enumerate() {
        let bonds = device.links.iter().filter(|link| **link == Link::NvLink(12)).count();
        assert_eq!((device.links[at].clone(), bonds), (Link::Own, 7));
    }
}

#[test]
fn underlining_double_tabs_and_a_legend_of_cards_are_seen_through() {
    let text = "\x1b[4m\tGPU0\tGPU1\tNIC0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\x1b[0m\n\
        GPU0\t X \tNV18\tPIX\t0-55,112-167\t0\t\tN/A\n\
        GPU1\tNV18\t X \tSYS\t56-111\tN/A\t\tN/A\n\
        NIC0\tPIX\tSYS\t X \t\t\t\t\n\n\
        Legend:\n\n  X    = Self\n\nNIC Legend:\n\n  NIC0: mlx5_bond_0\n";
    let read = read(text);
    assert_eq!(drawn(&read), ["GPU0 X NV18 PIX", "GPU1 NV18 X SYS", "NIC0 PIX SYS X"]);
    assert_eq!(read.devices[0].numa, Some("0".into()));
    assert_eq!(read.devices[1].numa, None);
    assert_eq!(read.devices[2].stands_for, Some("mlx5_bond_0".into()));
}

#[test]
fn spaces_do_instead_of_tabs_and_an_unknown_cell_is_kept() {
    let text = "        GPU0    GPU1    CPU Affinity\nGPU0     X      ERR!    0-3\nGPU1    C2C     X       0-3\n";
    assert_eq!(drawn(&read(text)), ["GPU0 X ERR!", "GPU1 C2C X"]);
    assert_eq!(read(text).devices[1].cpus, Some("0-3".into()));
}

#[test]
fn what_is_said_before_the_drawing_is_passed_over() {
    let text = "GPU access is slow today\nGPU0\tGPU1\nGPU0\t X \tPIX\nGPU1\tPIX\t X \n";
    assert_eq!(drawn(&read(text)), ["GPU0 X PIX", "GPU1 PIX X"], "and its first tab may be lost");
}

#[test]
fn a_row_that_is_cut_short_is_padded_and_a_missing_one_has_told_nothing() {
    let text = "\tGPU0\tGPU1\nGPU0\t X \n";
    assert_eq!(drawn(&read(text)), ["GPU0 X ", "GPU1  "]);
}

#[test]
fn a_drawing_travels_as_it_is_written() {
    let text = "\tGPU0\tGPU1\nGPU0\t X \tNV4\nGPU1\tNV4\t X \n";
    let json = serde_json::to_string(&read(text)).unwrap();
    assert!(json.contains(r#"["X","NV4"]"#), "{json}");
    assert_eq!(serde_json::from_str::<Topology>(&json).unwrap(), read(text));
}

#[test]
fn what_is_no_drawing_is_none() {
    for text in
        ["", "NVIDIA-SMI has failed", "\tGPU0\tGPU1\n", "\tCPU Affinity\nGPU0\t X\n", "GPU0\t X \n"]
    {
        assert_eq!(Topology::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text: String, rows: String) {
        drop(Topology::parse(&text));
        drop(Topology::parse(&format!("\tGPU0\tGPU1\tCPU Affinity\nGPU0\t{rows}\n{text}")));
    }
}

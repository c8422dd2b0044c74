//! The GPUs tab as a user sees it.

#[path = "fixture/scene.rs"]
mod scene;

use std::time::Duration;

use insta::assert_snapshot;
use isomon::model::gpu::{
    GpuDetail, GpuProcess, GpuReader, GpuReaderState, GpuSample, MemoryOwner,
};
use isomon::model::reading::{Reading, Why};
use isomon::model::update::What;
use isomon::tui::action::Action;
use isomon::tui::app::{App, Setup};
use isomon::tui::reply::Reply;
use isomon::tui::tab::gpus::View;
use isomon::tui::view;
use scene::{BIG, SMALL, Scene, Size};

fn picture(scene: &Scene, view: &View, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    })
}

#[test]
fn eight() {
    let (scene, view) = (Scene::local(BIG), View::default());
    for (width, height) in [(40, 8), (80, 21), (120, 37), (200, 57)] {
        let name = format!("gpus_{width}x{height}");
        assert_snapshot!(name, picture(&scene, &view, width, height));
    }
}

#[test]
fn one_alone() {
    let scene = Scene::local(Size { gpus: 1, ..SMALL });
    let view = View::default();
    assert_snapshot!("gpu_40x8", picture(&scene, &view, 40, 8));
    assert_snapshot!("gpu_80x21", picture(&scene, &view, 80, 21));
}

#[test]
fn the_past_is_looked_at_with_a_cursor() {
    let (mut scene, view) = (Scene::local(Size { gpus: 1, ..SMALL }), View::default());
    scene.point(&[Action::View, Action::View, Action::Left]);
    assert_snapshot!("gpu_cursor", picture(&scene, &view, 80, 21));
    assert!(scene.when.back());
    assert!(picture(&scene, &view, 80, 21).contains("Last 5 minutes"));
}

#[test]
fn each_beside_the_others_and_all_as_one() {
    let (scene, mut view) = (Scene::local(BIG), View::default());
    for name in ["compared", "together"] {
        assert_eq!(view.act(Action::Compare, &scene.state), Reply::Done);
        for (width, height) in [(80, 21), (120, 37), (200, 57)] {
            let name = format!("gpus_{name}_{width}x{height}");
            assert_snapshot!(name, picture(&scene, &view, width, height));
        }
    }
    assert_eq!(view.act(Action::Back, &scene.state), Reply::Done);
    assert!(picture(&scene, &view, 120, 37).contains("time busy"));
}

#[test]
fn more_than_have_a_colour_are_compared_around_the_cursor() {
    let (mut scene, mut view) = (Scene::default(), View::default());
    for name in ["first", "other"] {
        scene.watch(name, Size { gpus: 5, ..SMALL }, 0..10, 0..0);
    }
    view.act(Action::Compare, &scene.state);
    let page = picture(&scene, &view, 200, 57);
    assert!(page.contains("1 to 8 of 10") && page.contains("━first/4 "), "{page}");
    assert!(!page.contains("━other/4 "), "{page}");
    view.act(Action::Last, &scene.state);
    let page = picture(&scene, &view, 80, 21);
    assert!(page.contains("9 to 10 of 10") && page.contains("━other/4 "), "{page}");
    assert!(!page.contains("━first/"), "{page}");
}

#[test]
fn names_and_reasons_are_whole_where_there_is_room() {
    let (mut scene, name) = (Scene::default(), "gpu-node-of-the-north-01");
    scene.watch(name, Size { gpus: 2, ..SMALL }, 0..10, 0..0);
    let mut sample = scene::gpus(9, 2);
    sample.gpus[1].name = "Intel GPU 8086:56A0".into();
    let reasons = ["power limit (PL1)", "voltage regulator too hot"];
    sample.gpus[1].throttle = Reading::Known(reasons.map(Into::into).into());
    scene.tell(name, What::Gpus(Box::new(sample)));
    let (narrow, wide) = [80, 200].map(|width| picture(&scene, &View::default(), width, 57)).into();
    assert!(wide.contains(name) && wide.contains(&reasons.join(", ")), "{wide}");
    assert!(narrow.contains("1 Intel 8086:56A0 "), "its number is seen: {narrow}");
}

#[test]
fn rows_of_several_nodes_name_them_however_small_the_screen() {
    let mut scene = Scene::default();
    for name in ["gpu-rack-north-01", "gpu-rack-north-02"] {
        scene.watch(name, Size { gpus: 2, ..SMALL }, 0..10, 0..0);
    }
    let narrow = picture(&scene, &View::default(), 80, 21);
    assert!(narrow.contains(" gpu…h-01 ") && narrow.contains(" gpu…h-02 "), "{narrow}");
    let middling = picture(&scene, &View::default(), 120, 21);
    assert!(middling.contains(" gpu-r…rth-01 ") && middling.contains("SLOWED BY"), "{middling}");
}

#[test]
fn a_reason_is_said_once_for_all_that_lack_by_it() {
    let mut scene = Scene::local(Size { gpus: 1, ..SMALL });
    let mut sample = scene::gpus(450, 1);
    let asleep = || Why::Failed("the GPU sleeps".into());
    sample.gpus[0].utilization = Reading::Missing(asleep());
    sample.gpus[0].celsius = Reading::Missing(asleep());
    scene.tell("local", What::Gpus(Box::new(sample)));
    let Reply::Say(why) = View::default().act(Action::Why, &scene.state) else { panic!("silent") };
    assert!(why.as_str().contains("time busy, temperature: the GPU sleeps"), "{why}");
}

/// The top line on a screen `width` columns wide, where `nodes` have so many GPUs each.
fn strip(nodes: &[(&str, u32)], width: u16) -> String {
    let mut scene = Scene::default();
    for (name, gpus) in nodes {
        scene.watch(name, Size { gpus: *gpus, ..SMALL }, 0..10, 0..0);
    }
    let app = App::new(Setup::default(), Duration::from_secs(2), true);
    let seen = scene.picture(width, 24, &|frame, _, state, look| {
        view::draw(frame, &app, state, look.now);
    });
    seen.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_strip_names_the_node_of_each_where_several_have_some() {
    let two = [("gpu-rack-01", 1), ("gpu-rack-02", 1)];
    let seen = strip(&two, 80);
    assert!(seen.contains(" gpu…-01 ") && seen.contains(" gpu…-02 "), "{seen}");
    for width in [100, 120, 200] {
        let seen = strip(&two, width);
        assert!(seen.contains("-01 ") && seen.contains("-02 "), "{width}: {seen}");
    }
    let seen = strip(&[("one", 2), ("other", 4), ("none", 0)], 200);
    let (_, seen) = seen.split_once("  one  0 ").expect(&seen);
    let (one, other) = seen.split_once("  other  0 ").expect(seen);
    assert!(one.contains("  1 ") && !one.contains("  2 "), "{one}");
    assert!(other.contains("  3 ") && !other.contains("none"), "{other}");
    let seen = strip(&[("10.0.0.1:9400", 1), ("10.0.0.2:9400", 1)], 80);
    assert!(seen.contains("  10.0.0.1 ") && seen.contains("  10.0.0.2 "), "{seen}");
    let seen = strip(&[("gpu-rack-north-01", 2), ("gpu-rack-north-02", 2), ("none", 0)], 80);
    assert!(seen.contains("  gpu…-01 ×2 ") && seen.contains("  gpu…-02 ×2 "), "{seen}");
    let seen = strip(&[("one", 2), ("other", 4)], 80);
    assert!(seen.contains("  one ×2 ") && seen.contains("  other ×4 "), "{seen}");
}

#[test]
fn the_strip_is_one_sum_where_names_are_no_help() {
    let seen = strip(&[("one", 2), ("none", 0)], 200);
    assert!(seen.contains("  0 ") && seen.contains("  1 ") && !seen.contains("one"), "{seen}");
    let alike =
        [("the-northern-rack-1-upper-node-01", 1), ("the-northern-rack-2-upper-node-01", 1)];
    let seen = strip(&alike, 200);
    assert!(seen.contains("2 GPUs ") && !seen.contains("rack"), "{seen}");
}

#[test]
fn the_model_of_a_process_is_named_on_a_small_screen_too() {
    let mut scene = Scene::local(Size { gpus: 1, ..SMALL });
    let mut sample = scene::gpus(450, 1);
    let one = GpuProcess { pid: 4_001, name: "vllm".into(), ..GpuProcess::default() };
    let of_model = GpuProcess { model: Some("Qwen3-32B".into()), ..one.clone() };
    for (process, is_named) in [(one, false), (of_model, true)] {
        sample.gpus[0].processes = Reading::Known(vec![process]);
        scene.tell("local", What::Gpus(Box::new(sample.clone())));
        let page = picture(&scene, &View::default(), 80, 21);
        assert_eq!(page.contains("MODEL"), is_named, "{page}");
        assert_eq!(page.contains("Qwen3-32B"), is_named, "{page}");
    }
}

#[test]
fn how_they_are_connected_is_drawn_with_what_the_letters_mean() {
    let (scene, mut view) = (Scene::local(BIG), View::default());
    for _ in 0..2 {
        view.act(Action::Compare, &scene.state);
    }
    let page = picture(&scene, &view, 200, 57);
    assert!(page.contains("NV12") && page.contains("NV NVLink") && page.contains("CPU 48-63"));
}

#[test]
fn a_gpu_without_memory_of_its_own_says_whose_it_shows() {
    let mut scene = Scene::local(Size { gpus: 1, ..SMALL });
    let mut sample = scene::gpus(450, 1);
    sample.gpus[0].memory_owner = MemoryOwner::Machine;
    sample.gpus[0].detail = GpuDetail::default();
    scene.tell("local", What::Gpus(Box::new(sample)));
    let page = picture(&scene, &View::default(), 120, 37);
    assert!(page.contains("the machine's: this GPU has none of its own"), "{page}");
    assert!(page.contains("SM, tensor, DRAM: not offered by this machine"), "{page}");
}

#[test]
fn an_error_in_the_kernels_log_says_what_mends_it() {
    let mut scene = Scene::local(Size { gpus: 2, ..SMALL });
    scene.tell("local", What::Gpus(Box::new(scene::lost(2))));
    let page = picture(&scene, &View::default(), 120, 37);
    assert!(page.contains("Xid 79: the GPU fell off the bus"), "{page}");
    assert!(page.contains("restart the machine"), "{page}");
}

#[test]
fn letters_below_0x80() {
    let (scene, view) = (Scene::local(Size { gpus: 2, ..SMALL }), View::default());
    let plain = scene.plain(120, 37, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(plain.is_ascii());
    assert_snapshot!("gpus_ascii", plain);
}

#[test]
fn a_lost_one_says_so() {
    let mut scene = Scene::local(Size { gpus: 2, ..SMALL });
    scene.tell("local", What::Gpus(Box::new(scene::lost(2))));
    assert_snapshot!("gpus_lost", picture(&scene, &View::default(), 80, 21));
}

#[test]
fn none_says_what_was_looked_for() {
    let scene = Scene::local(SMALL);
    assert_snapshot!("gpus_none", picture(&scene, &View::default(), 80, 21));
    let silent = Scene::default();
    assert_snapshot!("gpus_loading", picture(&silent, &View::default(), 80, 21));
}

#[test]
fn a_broken_reader_names_its_remedy() {
    let mut scene = Scene::local(SMALL);
    let reader = GpuReader {
        name: "NVML".into(),
        version: Reading::Missing(Why::NotSupported),
        state: GpuReaderState::Broken {
            reason: "driver 550.54 and library 550.90 do not match".into(),
            remedy: "restart, or reload the nvidia kernel modules".into(),
        },
    };
    let sample = GpuSample { gpus: Vec::new(), readers: vec![reader], ..GpuSample::default() };
    scene.tell("local", What::Gpus(Box::new(sample)));
    assert_snapshot!("gpus_broken", picture(&scene, &View::default(), 80, 21));
}

#[test]
fn keys_walk_zoom_and_explain() {
    let scene = Scene::local(BIG);
    let mut view = View::default();
    for action in [Action::Down, Action::Down, Action::Enter] {
        assert_eq!(view.act(action, &scene.state), Reply::Done);
    }
    assert_snapshot!("gpu_zoomed", picture(&scene, &view, 80, 21));
    let why = view.act(Action::Why, &scene.state);
    assert_eq!(why, Reply::Say("fan: not offered by this machine".into()));
    assert_eq!(view.act(Action::Back, &scene.state), Reply::Done);
    view.filter("busy>101");
    assert!(picture(&scene, &view, 80, 21).contains("0 of 8"));
}

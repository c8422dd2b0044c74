//! Whatever is measured and whatever is pressed, on a screen of whatever size: nothing panics.

#![allow(clippy::unwrap_used, reason = "a wrong number here is a mistake in this file")]

#[path = "fixture/scene.rs"]
mod scene;

use isomon::model::gpu::{Gpu, GpuSample};
use isomon::model::node::{Core, CpuUse, Disk, Memory, Mount, Network, NodeSample, Temperature};
use isomon::model::process::{Engine, Process, Sandbox};
use isomon::model::reading::{Reading, Why};
use isomon::model::unit::{Bytes, BytesPerSecond, Celsius, Hertz, Ratio, Seconds, Watts};
use isomon::model::update::{Health, What};
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::tab::{gpus, nodes, overview};
use proptest::prelude::*;
use ratatui::layout::Rect;
use scene::Scene;

/// Numbers from which values of every kind are made, the wild ones among them.
#[derive(Clone, Debug)]
struct Dice(Vec<u64>, usize);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.1 += 1;
        self.0[self.1 % self.0.len()].rotate_left(u32::try_from(self.1 % 61).unwrap())
    }

    fn number(&mut self) -> f64 {
        let wild = [f64::NAN, f64::INFINITY, -1.0, f64::MAX, 0.0, 1e-300, 12.5, 99.0];
        wild[usize::try_from(self.roll() % 8).unwrap()]
    }

    fn share(&mut self) -> Ratio {
        Ratio::new(self.number()).unwrap_or_default()
    }

    fn reading<T>(&mut self, value: T) -> Reading<T> {
        if self.roll().is_multiple_of(3) {
            Reading::Missing(Why::TimedOut)
        } else {
            Reading::Known(value)
        }
    }

    fn few(&mut self, most: u64) -> u32 {
        u32::try_from(self.roll() % (most + 1)).unwrap()
    }

    fn name(&mut self) -> &'static str {
        let names = [
            "",
            "web",
            "東京東京東京東京東京",
            "a\u{301}\u{301}",
            "\u{1b}[2J",
            "long name ".repeat(9).leak(),
        ];
        names[usize::try_from(self.roll() % 6).unwrap()]
    }

    fn cpu(&mut self) -> Reading<CpuUse> {
        let [busy, user, system, iowait, steal] = [(); 5].map(|()| self.share());
        self.reading(CpuUse { busy, user, system, iowait, steal })
    }

    fn node(&mut self) -> NodeSample {
        let (cores, disks, mounts) = (self.few(300), self.few(9), self.few(9));
        let (networks, sensors) = (self.few(9), self.few(9));
        let load = [self.number(), self.number(), self.number()];
        NodeSample {
            cpu: self.cpu(),
            cores: (0..cores).map(|id| self.core(id)).collect(),
            load: self.reading(load),
            memory: self.memory(),
            disks: (0..disks).map(|_| self.disk()).collect(),
            mounts: (0..mounts).map(|_| self.mount()).collect(),
            networks: (0..networks).map(|_| self.network()).collect(),
            temperatures: (0..sensors).map(|_| self.sensor()).collect(),
            uptime_seconds: Reading::Known(Seconds(self.number())),
            ..NodeSample::default()
        }
    }

    fn core(&mut self, id: u32) -> Core {
        let frequency_hertz = Reading::Known(Hertz(self.roll()));
        Core { id, usage: self.cpu(), frequency_hertz }
    }

    fn memory(&mut self) -> Reading<Memory> {
        let [total, available, cached, swap, used] = [(); 5].map(|()| Bytes(self.roll()));
        let swap_total_bytes = if self.roll().is_multiple_of(2) { Bytes(0) } else { swap };
        self.reading(Memory {
            total_bytes: total,
            available_bytes: available,
            cached_bytes: cached,
            swap_total_bytes,
            swap_used_bytes: used,
        })
    }

    fn disk(&mut self) -> Disk {
        let rate = BytesPerSecond(self.number());
        let busy = self.share();
        Disk {
            name: self.name().into(),
            read_bytes_per_second: self.reading(rate),
            busy: self.reading(busy),
            ..Disk::default()
        }
    }

    fn mount(&mut self) -> Mount {
        let (total, used, free) = (Bytes(self.roll()), Bytes(self.roll()), Bytes(self.roll()));
        Mount {
            path: self.name().into(),
            total_bytes: self.reading(total),
            used_bytes: self.reading(used),
            free_bytes: self.reading(free),
            ..Mount::default()
        }
    }

    fn network(&mut self) -> Network {
        let rate = BytesPerSecond(self.number());
        Network {
            name: self.name().into(),
            up: self.roll().is_multiple_of(2),
            receive_bytes_per_second: self.reading(rate),
            ..Network::default()
        }
    }

    fn sensor(&mut self) -> Temperature {
        let celsius = Celsius(self.number());
        let label = self.name().into();
        Temperature { label, celsius: self.reading(celsius), ..Temperature::default() }
    }

    fn process(&mut self) -> Process {
        let cores = self.number();
        let name = self.name();
        Process {
            pid: self.few(40),
            parent: self.few(40),
            name: name.into(),
            command: self.name().into(),
            cpu_cores: self.reading(cores),
            memory_bytes: Bytes(self.roll()),
            sandbox: (self.roll().is_multiple_of(2))
                .then(|| Sandbox { engine: Engine::Gvisor, name: name.into() }),
            ..Process::default()
        }
    }

    fn gpu(&mut self, index: u32) -> Gpu {
        let (busy, heat) = (self.share(), Celsius(self.number()));
        let (used, total) = (Bytes(self.roll()), Bytes(self.roll()));
        let power = Watts(self.number());
        Gpu {
            index,
            id: format!("{}", index / 2).into(),
            name: self.name().into(),
            utilization: self.reading(busy),
            celsius: self.reading(heat),
            memory_used_bytes: self.reading(used),
            memory_total_bytes: self.reading(total),
            power_watts: self.reading(power),
            ..Gpu::default()
        }
    }

    fn scene(&mut self) -> Scene {
        let mut scene = Scene::default();
        for _ in 0..self.few(6) {
            scene.now_ms += self.roll() % 400_000;
            let name = self.name();
            let what = match self.roll() % 4 {
                0 => What::Processes((0..self.few(60)).map(|_| self.process()).collect()),
                1 => {
                    let gpus = (0..self.few(9)).map(|index| self.gpu(index)).collect();
                    What::Gpus(Box::new(GpuSample {
                        gpus,
                        readers: Vec::new(),
                        ..GpuSample::default()
                    }))
                }
                2 => What::Health(Health::Down { since: scene::at(0), why: name.into() }),
                _ => What::Node(Box::new(self.node())),
            };
            scene.tell(name, what);
        }
        scene
    }
}

fn side(most: u16) -> impl Strategy<Value = u16> {
    prop_oneof![0..=12_u16, 30..=60_u16, 0..=most]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(
        numbers in prop::collection::vec(any::<u64>(), 8..32),
        (width, height) in (side(500), side(200)),
        pressed in prop::collection::vec(0..Action::ALL.len(), 0..24),
        clicks in prop::collection::vec((0..500_u16, 0..200_u16), 4),
        filter in "(cpu|name|sandbox|mem)?[<>=~]?[a-z0-9]{0,3}",
        ascii: bool,
    ) {
        let mut scene = Dice(numbers, 0).scene();
        let mut overview = overview::View::default();
        let mut nodes = nodes::View::default();
        let mut gpus = gpus::View::default();
        nodes.act(Action::Enter, &scene.state);
        nodes.filter(&filter);
        gpus.filter(&filter);
        let area = Rect::new(0, 0, width, height);
        for (action, (x, y)) in pressed.iter().map(|index| Action::ALL[*index]).zip(clicks.iter().cycle()) {
            overview.act(action, &scene.state);
            nodes.act(action, &scene.state);
            gpus.act(action, &scene.state);
            nodes.click(*x, *y, area, &scene.state);
            gpus.click(*x, *y, area, &scene.state);
        }
        scene.now_ms += 1_000;
        let glyph = if ascii { Glyph::Ascii } else { Glyph::Unicode };
        scene.buffer(width, height, glyph, &|f, area, state, look| overview.draw(f, area, state, look));
        scene.buffer(width, height, glyph, &|f, area, state, look| nodes.draw(f, area, state, look));
        scene.buffer(width, height, glyph, &|f, area, state, look| gpus.draw(f, area, state, look));
    }
}

//! The facts of one GPU, the most important first.
//!
//! What works in a GPU stands right below the time it was busy: 100 % of that time says nothing of it.
//! Where no reader tells it, that is said in its place.

use std::fmt::Display;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::entry::{Entry, memory, throttle};
use crate::model::gpu::{Gpu, MemoryOwner};
use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::unit::{Celsius, Ratio};
use crate::state::history::energy;
use crate::tui::look::Look;
use crate::tui::widget::{fixed, meter, value};

/// Width of a fact's name.
const NAME: usize = 10;
/// Width of a first value beside which there is a second.
const VALUE: usize = 11;
/// Width of the second's name.
const SECOND: usize = 7;
/// Width of the words behind a bar.
const WORDS: usize = 22;

/// Every fact, for a panel `width` columns wide.
pub(super) fn lines(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let mut lines = shares(entry.gpu, width, look);
    lines.push(Line::from(vec![label("slowed by", look), throttle(entry.gpu, look)]));
    lines.extend(warmth(entry.gpu, look));
    lines.extend(links(entry.gpu, look));
    lines.push(spent(entry, look));
    lines.extend(troubles(entry.gpu, look));
    lines.extend(identity(entry, width, look));
    lines.extend(rest(entry.gpu, look));
    lines.extend(parts(entry.gpu, look));
    lines
}

/// How busy it is, what of it works, how full it is, what it draws.
pub(super) fn shares(gpu: &Gpu, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let series = look.theme.series;
    let memory = memory(gpu);
    let owner = match gpu.memory_owner {
        MemoryOwner::Gpu => "",
        MemoryOwner::Machine => " *",
    };
    let used = format!("{} of {}{owner}", gpu.memory_used_bytes, gpu.memory_total_bytes);
    let load = memory.map_or(look.theme.muted, |memory| look.load(memory));
    let busy = gpu.utilization.get();
    let mut lines = vec![share("time busy", busy, "", series[0], width, look)];
    lines.extend(activity(gpu, width, look));
    lines.push(share("memory", memory, &used, load, width, look));
    if gpu.memory_owner == MemoryOwner::Machine {
        lines.push(Line::styled("* the machine's: this GPU has none of its own", look.theme.muted));
    }
    lines.push(power(gpu, width, look));
    lines
}

/// What it draws of what it may; where that is not told, what it draws.
fn power(gpu: &Gpu, width: usize, look: &Look<'_>) -> Line<'static> {
    let known = gpu.power_watts.get().zip(gpu.power_limit_watts.get());
    let of_limit = known.and_then(|(draw, limit)| Ratio::of(draw.0, limit.0));
    if of_limit.is_none() && gpu.power_watts.get().is_some() {
        return Line::from(vec![label("power", look), text(&gpu.power_watts, look)]);
    }
    let watts = format!("{} of {}", gpu.power_watts, gpu.power_limit_watts);
    share("power", of_limit, &watts, look.theme.series[2], width, look)
}

/// What works while it is busy.
fn activity(gpu: &Gpu, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let activity = &gpu.detail.activity;
    let rows = [
        ("SM active", &activity.sm, "multiprocessors"),
        ("tensor", &activity.tensor, "tensor cores"),
        ("DRAM", &activity.dram, "memory bandwidth"),
    ];
    if let (None, Some(why)) = (activity.sm.known(), activity.sm.why())
        && rows.iter().all(|(_, reading, _)| reading.known().is_none())
    {
        let words = format!("SM, tensor, DRAM: {why}");
        return vec![Line::from(vec![
            label("of that", look),
            Span::styled(words, look.theme.muted),
        ])];
    }
    let style = look.theme.series[3];
    rows.map(|(name, reading, words)| share(name, reading.get(), words, style, width, look)).into()
}

/// A temperature, the warmer the louder.
pub(super) fn heat(reading: &Reading<Celsius>, look: &Look<'_>) -> Span<'static> {
    let style = reading.get().map(|celsius| look.heat(celsius.0));
    value::span(reading, style.unwrap_or(look.theme.text), look)
}

fn warmth(gpu: &Gpu, look: &Look<'_>) -> [Line<'static>; 4] {
    let detail = &gpu.detail;
    let most = |reading: &Reading<crate::model::unit::Hertz>| text(reading, look);
    [
        pair("heat", &heat(&gpu.celsius, look), "slows", text(&gpu.slowdown_celsius, look), look),
        pair("mem heat", &heat(&detail.memory_celsius, look), "fan", text(&gpu.fan, look), look),
        pair(
            "clock",
            &most(&gpu.core_clock_hertz),
            "up to",
            most(&detail.core_clock_max_hertz),
            look,
        ),
        pair(
            "mem clk",
            &most(&gpu.memory_clock_hertz),
            "up to",
            most(&detail.memory_clock_max_hertz),
            look,
        ),
    ]
}

fn links(gpu: &Gpu, look: &Look<'_>) -> Vec<Line<'static>> {
    let (pcie, nvlink) = (&gpu.detail.pcie, &gpu.detail.nvlink);
    let speed = |generation: &Reading<u32>, width: &Reading<u32>| {
        Some(format!("{}.0 x{}", generation.get()?, width.get()?))
    };
    let now = speed(&pcie.generation, &pcie.width);
    let style = if pcie.is_narrow() { look.theme.warn } else { look.theme.text };
    let most = speed(&pcie.generation_max, &pcie.width_max);
    let mut lines = vec![
        pair(
            "PCIe",
            &value::maybe(now, style, look),
            "up to",
            value::maybe(most, look.theme.text, look),
            look,
        ),
        pair(
            "  in",
            &text(&pcie.receive_bytes_per_second, look),
            "out",
            text(&pcie.transmit_bytes_per_second, look),
            look,
        ),
    ];
    let Some((up, all)) = nvlink.up() else { return lines };
    let style = if up < all { look.theme.warn } else { look.theme.text };
    let words = Span::styled(format!("{up} of {all} up"), style);
    lines.push(Line::from(vec![label("NVLink", look), words]));
    lines.push(pair(
        "  in",
        &text(&nvlink.receive_bytes_per_second, look),
        "out",
        text(&nvlink.transmit_bytes_per_second, look),
        look,
    ));
    lines
}

/// Energy over the time that charts show, and at what mean power.
pub(super) fn spent(entry: &Entry<'_>, look: &Look<'_>) -> Line<'static> {
    let window = look.window();
    let span = window.end_ms.saturating_sub(window.span_ms)..window.end_ms.saturating_add(1);
    let history = look.gpu_history(entry.id, entry.node, &entry.gpu.id);
    let Some(spent) = history.and_then(|history| energy(history, span)) else {
        let missing = value::maybe(None::<&str>, look.theme.text, look);
        return Line::from(vec![label("energy", look), missing]);
    };
    let sign = if spent.is_counted { "" } else { "about " };
    let length = crate::model::unit::Seconds(spent.seconds);
    let words = format!("{sign}{} in {length}, mean {}", spent.joules, spent.mean());
    Line::from(vec![label("energy", look), Span::styled(words, look.theme.text)])
}

fn troubles(gpu: &Gpu, look: &Look<'_>) -> [Line<'static>; 2] {
    let detail = &gpu.detail;
    let (bad, text_of) = (gpu.ecc_uncorrected.get(), look.theme.text);
    let style = if bad.is_some_and(|bad| bad > 0) { look.theme.bad } else { text_of };
    let errors = value::span(&gpu.ecc_uncorrected, style, look);
    let mig = gpu.mig.get().map(|on| if on { "on" } else { "off" });
    [
        pair("ECC lost", &errors, "mended", text(&detail.ecc_corrected, look), look),
        pair(
            "mem busy",
            &text(&gpu.memory_utilization, look),
            "MIG",
            value::maybe(mig, text_of, look),
            look,
        ),
    ]
}

/// Which one it is, and what runs it.
fn identity(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let gpu = entry.gpu;
    let sample = entry.node.gpus.as_ref().map(|(_, sample)| sample);
    let told = |version: Option<&SafeText>| value::maybe(version, look.theme.text, look);
    let driver = told(sample.and_then(|sample| sample.driver(gpu)));
    let cuda = told(sample.and_then(|sample| sample.cuda(gpu)));
    let mut lines = vec![pair("driver", &driver, "CUDA", cuda, look)];
    let uuid = gpu.uuid().map_or(value::MISSING, SafeText::as_str);
    let style = if gpu.uuid().is_some() { look.theme.text } else { look.theme.muted };
    let parts = fixed::wrap(uuid, width.saturating_sub(NAME));
    let names = std::iter::once("UUID").chain(std::iter::repeat(""));
    let line = |(name, part)| Line::from(vec![label(name, look), Span::styled(part, style)]);
    lines.extend(names.zip(parts).map(line));
    lines
}

fn rest(gpu: &Gpu, look: &Look<'_>) -> [Line<'static>; 2] {
    let detail = &gpu.detail;
    let window = detail.bar1_used_bytes.get().zip(detail.bar1_total_bytes.get());
    let window = window.map(|(used, all)| format!("{used} of {all}"));
    [
        pair("encoder", &text(&gpu.encoder, look), "decode", text(&gpu.decoder, look), look),
        Line::from(vec![label("BAR1", look), value::maybe(window, look.theme.text, look)]),
    ]
}

/// The parts it is split into.
fn parts(gpu: &Gpu, look: &Look<'_>) -> Vec<Line<'static>> {
    let parts = gpu.detail.mig_instances.known().map_or(&[][..], Vec::as_slice);
    let line = |part: &crate::model::gpu::MigInstance| {
        let used = format!("{} of {}", part.memory_used_bytes, part.memory_total_bytes);
        let name = format!("MIG {}", part.index);
        let words = format!("{}  {used}", fixed::left(part.profile.as_str(), VALUE));
        Line::from(vec![label(&name, look), Span::styled(words, look.theme.text)])
    };
    parts.iter().map(line).collect()
}

/// A value in plain letters, or the dash.
pub(super) fn text<T: Display>(reading: &Reading<T>, look: &Look<'_>) -> Span<'static> {
    value::span(reading, look.theme.text, look)
}

/// The name of a fact.
pub(super) fn label(name: &str, look: &Look<'_>) -> Span<'static> {
    Span::styled(fixed::fit(name, NAME, false), look.theme.muted)
}

/// A share as a number, a bar, and words about it where there is room.
pub(super) fn share(
    name: &str,
    share: Option<Ratio>,
    words: &str,
    style: Style,
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let number = value::maybe(share, style, look);
    let words = if width < 50 { String::new() } else { fixed::fit(words, WORDS, true) };
    let room = width.saturating_sub(NAME + 8 + words.chars().count());
    let mut spans = vec![label(name, look)];
    spans.push(Span::styled(fixed::fit(&number.content, 6, true) + "  ", number.style));
    spans.extend(meter::plain(share, room, style, look));
    spans.push(Span::styled(words, look.theme.muted));
    spans.into()
}

/// Two facts in one line.
pub(super) fn pair(
    name: &str,
    value: &Span<'static>,
    other: &str,
    second: Span<'static>,
    look: &Look<'_>,
) -> Line<'static> {
    Line::from(vec![
        label(name, look),
        Span::styled(fixed::fit(&value.content, VALUE, false), value.style),
        Span::styled(fixed::fit(other, SECOND, false), look.theme.muted),
        second,
    ])
}

//! One model in depth: facts, latencies, how requests ended, and an hour at most as charts.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::chart;
use super::entry::{Entry, number, rate, told, written};
use crate::model::serving::Latency;
use crate::model::unit::Ratio;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::table::{Cell, Column, Table};
use crate::tui::widget::{fixed, meter, value};

/// Width of a fact's name.
const NAME: usize = 10;
/// Rows of facts, frame included.
const FACTS: u16 = 10;
/// Rows a chart needs to say anything.
const CHART: u16 = 5;

/// Draws facts, latencies and charts, as many as there is room for; chart number `first` before the
/// others.
pub(super) fn draw(
    entry: &Entry<'_>,
    first: usize,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    if area.height < 3 {
        return;
    }
    let upper = if area.height >= FACTS + CHART { FACTS } else { area.height };
    let [upper, lower] =
        Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area);
    let side = if area.width >= 76 { area.width / 2 } else { 0 };
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(side)]).areas(upper);
    facts(entry, left, buffer, look);
    if side > 0 {
        latencies(entry, right, buffer, look);
    }
    chart::draw(entry, first, lower, buffer, look);
}

fn facts(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let served = &entry.served;
    let live = entry.is_true(look);
    let age = value::age(look.age(entry.at));
    let title = served.model.to_string();
    let aside = if live { entry.id.to_string() } else { format!("stale, {age} ago") };
    let frame = Panel::new(&title).aside(aside).of_then(look.past_words());
    let area = frame.open(area, buffer, look);
    let mut lines = Vec::new();
    if served.is_stalled() {
        let sign = look.glyph.pick("✗", "!");
        let words =
            format!("{sign} no token for {}, and requests are at work", served.still_seconds);
        lines.push(Line::styled(words, look.theme.bad));
    }
    lines.extend(rows(entry, usize::from(area.width), look));
    panel::lines(lines, area, buffer);
    if !live {
        buffer.set_style(area, look.theme.muted);
    }
}

fn rows(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let (served, text) = (&entry.served, look.theme.text);
    let total = |total: Option<f64>| {
        total.map_or_else(String::new, |total| format!(", {} in all", grouped(total)))
    };
    let tokens = rate(&served.tokens_per_second, look.theme.accent, look);
    let prompt = rate(&served.prompt_tokens_per_second, text, look);
    let estimated = if served.estimated { " (its own mean)" } else { "" };
    let who = fixed::cut(&server(entry), width.saturating_sub(NAME));
    let who = line("server", vec![Span::styled(who, text)], look);
    let mut lines = vec![
        line(
            "tokens/s",
            vec![tokens, muted(total(served.tokens_total.get()) + estimated, look)],
            look,
        ),
        line("prompt/s", vec![prompt, muted(total(served.prompt_tokens_total.get()), look)], look),
        line("requests", requests(entry, look), look),
        share("KV cache", served.kv_cache.get(), width, true, look),
    ];
    if entry.is_then() {
        let gone = look.not_kept("totals, prefix hits, how requests ended, processes");
        let gone = gone.iter().flat_map(|words| fixed::wrap(words, width));
        lines.push(who);
        lines.extend(gone.map(|words| muted(words, look).into()));
        return lines;
    }
    lines.extend([
        share("hits", served.prefix_hits.get(), width, false, look),
        line("ended", vec![ended(entry, look)], look),
        who,
        line("also", vec![muted(also(entry), look)], look),
    ]);
    lines
}

fn line(name: &str, mut rest: Vec<Span<'static>>, look: &Look<'_>) -> Line<'static> {
    rest.insert(0, Span::styled(fixed::fit(name, NAME, false), look.theme.muted));
    Line::from(rest)
}

fn muted(words: String, look: &Look<'_>) -> Span<'static> {
    Span::styled(words, look.theme.muted)
}

fn requests(entry: &Entry<'_>, look: &Look<'_>) -> Vec<Span<'static>> {
    let (served, text) = (&entry.served, look.theme.text);
    let waits = served.waiting.get().is_some_and(|waiting| waiting > 0.0);
    let waiting = if waits { look.theme.warn } else { text };
    vec![
        number(served.running.get(), text, look),
        muted(" at work, ".to_owned(), look),
        number(served.waiting.get(), waiting, look),
        muted(" wait, ".to_owned(), look),
        rate(&served.requests_per_second, text, look),
        muted("/s".to_owned(), look),
    ]
}

fn share(
    name: &str,
    share: Option<Ratio>,
    width: usize,
    load: bool,
    look: &Look<'_>,
) -> Line<'static> {
    let style = match share.filter(|_| load) {
        Some(share) => look.load(share),
        None => look.theme.series[1],
    };
    let number = value::maybe(share, look.theme.text, look);
    let mut spans = vec![Span::styled(fixed::fit(&number.content, 7, false), number.style)];
    spans.extend(meter::plain(share, width.saturating_sub(NAME + 8), style, look));
    line(name, spans, look)
}

/// How requests ended since the server began, and how many failed or were put back.
fn ended(entry: &Entry<'_>, look: &Look<'_>) -> Span<'static> {
    let served = &entry.served;
    let reason = |finish: &crate::model::serving::Finish| {
        format!("{} {}", finish.reason, grouped(finish.total))
    };
    let mut words: Vec<String> = served.finished.iter().map(reason).collect();
    let failed = served.failures_total.get();
    words.extend(failed.map(|failed| format!("failed {}", grouped(failed))));
    let put_back = served.preemptions_total.get();
    words.extend(put_back.map(|total| format!("preempted {}", grouped(total))));
    let bad = failed.is_some_and(|failed| failed > 0.0);
    let style = if bad { look.theme.warn } else { look.theme.text };
    let known = (!words.is_empty()).then(|| words.join(" · "));
    value::maybe(known, style, look)
}

/// Engine, version, address, process, GPUs.
fn server(entry: &Entry<'_>) -> String {
    let served = &entry.served;
    let engine = served.engine.map(|engine| match &served.version {
        Some(version) => format!("{} {version}", engine.name()),
        None => engine.name().to_owned(),
    });
    let engines = (served.engines > 1).then(|| format!("{} engines", served.engines));
    let gpus = (!entry.gpus.is_empty()).then(|| format!("GPU {}", entry.gpus.join(" ")));
    let words = [
        engine,
        engines,
        served.address.as_ref().map(ToString::to_string),
        served.pid.map(|pid| format!("pid {pid}")),
        gpus,
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Context, memory, other names and adapters.
fn also(entry: &Entry<'_>) -> String {
    let served = &entry.served;
    let context = served.context_tokens.get().map(|most| format!("context {}", grouped(most)));
    let memory = served.memory_bytes.get().map(|memory| format!("{memory} of GPU memory"));
    let names = served.also.iter().map(ToString::to_string);
    context.into_iter().chain(memory).chain(names).collect::<Vec<_>>().join(" · ")
}

/// A count with a blank between thousands.
fn grouped(count: f64) -> String {
    let digits = format!("{count:.0}");
    let mut written = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && left.is_multiple_of(3) && !written.ends_with('-') {
            written.push(' ');
        }
        written.push(digit);
    }
    written
}

/// The columns of latencies, under the name of the time they are of.
const fn columns(time: &'static str) -> [Column; 6] {
    [
        Column::words(time, 12, 0).grows(),
        Column::numbers("p50", 7, 0),
        Column::numbers("p95", 7, 1),
        Column::numbers("p99", 7, 0),
        Column::numbers("mean", 7, 2),
        Column::numbers("count", 6, 3),
    ]
}

/// The columns of now, of a minute of then, and of then where what is kept of it is coarser.
const COLUMNS: [[Column; 6]; 3] =
    [columns("LAST MINUTE"), columns("THAT MINUTE"), columns("THAT TIME")];

/// The longest step of what is kept whose figures are still of a minute.
const MINUTE_MS: u64 = 60_000;

fn latencies(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let area = Panel::new("Latency").of_then(look.past_words()).open(area, buffer, look);
    let served = &entry.served;
    let rows = [
        ("first token", &served.first_token),
        ("inter-token", &served.inter_token),
        ("end to end", &served.end_to_end),
        ("in the queue", &served.queued),
    ];
    let is_coarse = look.window().interval_ms > MINUTE_MS;
    let time = if entry.is_then() { 1 + usize::from(is_coarse) } else { 0 };
    let table = Table {
        columns: &COLUMNS[time],
        hidden: &[],
        sort: None,
        rows: rows.len(),
        cursor: None,
        focused: false,
    };
    table.draw(area, buffer, look, &|row, column, _| {
        let (name, latency) = rows[row];
        cell(name, latency, column, look)
    });
    let none = !entry.is_then() && rows.iter().all(|(_, latency)| latency.mean.get().is_none());
    if let Some(why) = served.first_token.p50.why().filter(|_| none && area.height > 6) {
        let below = Rect { y: area.y + 6, height: area.height - 6, ..area };
        panel::lines(
            [Line::styled(format!("{} {}", value::MISSING, told(why)), look.theme.muted)],
            below,
            buffer,
        );
    }
}

fn cell(name: &str, latency: &Latency, column: usize, look: &Look<'_>) -> Cell {
    let text = look.theme.text;
    vec![match column {
        0 => Span::styled(name.to_owned(), look.theme.muted),
        1 => value::span(&latency.p50, text, look),
        2 => value::span(&latency.p95, text, look),
        3 => value::span(&latency.p99, text, look),
        4 => value::span(&latency.mean, text, look),
        _ => value::maybe(latency.count.get().map(written), look.theme.muted, look),
    }]
}

//! Processors: all together, then each, as bars or as a heat map when there are many.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::model::node::{Core, CpuUse, NodeSample};
use crate::model::text::counted;
use crate::tui::look::Look;
use crate::tui::widget::meter::{self, Part};
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sparkline::Sparkline;
use crate::tui::widget::{fixed, grid, value};

/// Least width of a core with a bar: number, percentage, a short bar.
const LEAST: usize = 12;
/// From this width on a core shows its clock.
const WITH_CLOCK: usize = 26;
/// Room the legend takes.
const LEGEND: usize = 55;
/// A share of stolen time worth a mark, in percent.
const STOLEN: f64 = 5.0;

/// Draws the panel; `cpus`: how many there are, where `sample` does not tell of each.
pub(super) fn draw(
    (sample, cpus): (&NodeSample, Option<u32>),
    frame: Panel<'_>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let cores = &sample.cores;
    let aside = aside(cores.len() as u64, cpus, sample.load.get().map(|[one, ..]| one));
    let area = frame.aside(aside).open(area, buffer, look);
    let width = usize::from(area.width);
    let total = sample.cpu.get();
    let heads = if width >= LEGEND && area.height > 3 { 2 } else { 1 };
    panel::lines(
        [whole(total, width, look), legend(total, look)].into_iter().take(heads),
        area,
        buffer,
    );
    let heads = grid::narrow(heads);
    let rest = Rect {
        y: area.y + heads.min(area.height),
        height: area.height.saturating_sub(heads),
        ..area
    };
    each(cores, rest, buffer, look);
}

/// How many CPUs there are, and the load of a minute; what is not known is left out.
fn aside(told: u64, cpus: Option<u32>, load: Option<f64>) -> String {
    let count = if told > 0 { told } else { cpus.map_or(0, u64::from) };
    let count = (count > 0).then(|| counted(count, "CPU"));
    let load = load.map(|load| format!("load {load:.2}"));
    count.into_iter().chain(load).collect::<Vec<_>>().join(" · ")
}

fn parts(cpu: CpuUse, look: &Look<'_>) -> [Part; 4] {
    let theme = look.theme;
    [
        (cpu.user, theme.series[0], "━", "#"),
        (cpu.system, theme.series[1], "━", "="),
        (cpu.iowait, theme.series[2], "╌", "w"),
        (cpu.steal, theme.warn, "▒", "s"),
    ]
}

fn whole(cpu: Option<CpuUse>, width: usize, look: &Look<'_>) -> Line<'static> {
    let number = value::percent(cpu.map(|cpu| cpu.busy));
    let style = cpu.map_or(look.theme.muted, |cpu| look.load(cpu.busy));
    let mut spans = vec![Span::styled(fixed::fit(&number, 6, true) + "  ", style)];
    let bar = width.saturating_sub(8);
    match cpu {
        Some(cpu) => spans.extend(meter::parts(&parts(cpu, look), bar, look)),
        None => spans.extend(meter::meter(None, bar, look)),
    }
    spans.into()
}

fn legend(cpu: Option<CpuUse>, look: &Look<'_>) -> Line<'static> {
    let Some(cpu) = cpu else {
        return Line::default();
    };
    let names = ["user", "system", "wait", "steal"];
    let entry = |(part, name): (Part, &str)| {
        let sign = look.glyph.pick(part.2, part.3);
        [
            Span::styled(format!("{sign} "), part.1),
            Span::styled(format!("{name} {:<5} ", part.0.to_string()), look.theme.muted),
        ]
    };
    parts(cpu, look).into_iter().zip(names).flat_map(entry).collect()
}

fn each(cores: &[Core], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let (rows, width) = (usize::from(area.height), usize::from(area.width));
    if rows == 0 || cores.is_empty() {
        return;
    }
    let columns = cores.len().div_ceil(rows).max(comfortable(cores.len(), rows, width));
    let cell = width / columns;
    if cell < LEAST {
        return heat(cores, area, buffer, look);
    }
    let down = cores.len().div_ceil(columns);
    for (index, core) in cores.iter().enumerate() {
        let x = area.x + grid::narrow(index / down * cell);
        let y = area.y + grid::narrow(index % down);
        let place = Rect { x, y, width: grid::narrow(cell - 2), height: 1 };
        bar(core, cell - 2, look).render(place, buffer);
    }
}

/// Two columns at least where there is room and more than a few cores, so that bars stay short.
const fn comfortable(cores: usize, rows: usize, width: usize) -> usize {
    if cores > 4 && rows > 1 && width >= 2 * (WITH_CLOCK + 2) { 2 } else { 1 }
}

fn bar(core: &Core, width: usize, look: &Look<'_>) -> Line<'static> {
    let usage = core.usage.get();
    let clock = if width >= WITH_CLOCK { 9 } else { 0 };
    let bar = width.saturating_sub(4 + 7 + clock);
    let mut spans = vec![Span::styled(format!("{:>3} ", core.id), look.theme.muted)];
    match usage {
        Some(usage) => spans.extend(meter::parts(&parts(usage, look), bar, look)),
        None => spans.extend(meter::meter(None, bar, look)),
    }
    let number = value::percent(usage.map(|usage| usage.busy));
    let style = usage.map_or(look.theme.muted, |usage| look.load(usage.busy));
    spans.push(Span::styled(fixed::fit(&number, 7, true), style));
    if clock > 0 {
        let text = value::span(&core.frequency_hertz, look.theme.muted, look);
        spans.push(Span::styled(fixed::fit(&text.content, clock, true), text.style));
    }
    spans.into()
}

/// A letter for each core in groups of eight, with the number of the first core before each row.
/// Where there are more cores than letters, a letter stands for the busiest of a few.
fn heat(cores: &[Core], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let width = usize::from(area.width).saturating_sub(4).max(1);
    let rows = usize::from(area.height);
    let grouped = width * 8 / 9 / 8 * 8;
    let fits = grouped > 0 && cores.len().div_ceil(grouped) <= rows;
    let across = if fits { grouped } else { width };
    let each = cores.len().div_ceil(across * rows).max(1);
    let high = (rows / cores.len().div_ceil(across * each).max(1)).clamp(1, 3);
    for (number, cores) in cores.chunks(across * each).enumerate() {
        let y = area.y + grid::narrow(number * high);
        let row = Rect { y, height: grid::narrow(high), ..area }.intersection(area);
        let first = cores.first().map_or(0, |core| core.id);
        let floor = Rect { y: row.bottom().saturating_sub(1), height: row.height.min(1), ..row };
        Line::styled(format!("{first:>3} "), look.theme.muted).render(floor, buffer);
        for (index, few) in cores.chunks(each).enumerate() {
            let gap = if fits { index / 8 } else { 0 };
            let x = row.x.saturating_add(grid::narrow(4 + index + gap));
            let place = Rect { x, width: 1, ..row }.intersection(row);
            if let Some(core) = few.iter().max_by(|a, b| busy(a).total_cmp(&busy(b))) {
                square(core, place, buffer, look);
            }
        }
    }
}

/// How busy a core is, in percent; below 0 where it is not known.
fn busy(core: &Core) -> f64 {
    core.usage.get().map_or(-1.0, |usage| usage.busy.percent())
}

fn square(core: &Core, place: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let Some(usage) = core.usage.get().filter(|_| !place.is_empty()) else {
        return;
    };
    let style = |_| look.load(usage.busy);
    let values = [Some(usage.busy.percent())];
    let spark = Sparkline { values: &values, max: 100.0, style: &style, glyph: look.glyph };
    spark.render(place, buffer);
    if usage.steal.percent() >= STOLEN {
        let floor = (place.x, place.bottom() - 1);
        buffer[floor].set_symbol("s").set_style(look.theme.warn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_that_are_not_told_one_by_one_are_counted_all_the_same() {
        assert_eq!(aside(0, Some(2), Some(3.1)), "2 CPUs · load 3.10");
        assert_eq!(aside(4, Some(2), None), "4 CPUs");
        assert_eq!(aside(0, None, Some(3.1)), "load 3.10");
        assert_eq!(aside(0, Some(0), None), "");
    }
}

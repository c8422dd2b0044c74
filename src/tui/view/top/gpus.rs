//! The GPUs in the top line, on every tab: how busy, how full, how hot.
//!
//! Each by itself where there is room, under its node's name where several nodes have some; else each node's
//! as one, else all as one. Only of now: nothing is said while the past is shown.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ratatui::text::Span;

use super::Part;
use crate::model::gpu::{Gpu, GpuState, Total};
use crate::model::id::SourceId;
use crate::model::unit::Ratio;
use crate::state::{Node, Part as Told, State};
use crate::tui::look::Look;
use crate::tui::widget::status::{Status, are_gpus_fresh};
use crate::tui::widget::{fixed, value};

/// Most GPUs that are told one by one, and most nodes.
const MOST: usize = 8;
/// Columns that a node's name may take, the most first.
const NAMES: [usize; 3] = [20, 10, 7];

/// The GPUs of one node.
struct Group<'a> {
    node: &'a SourceId,
    gpus: &'a [Gpu],
}

/// Ways to say it, the longest first, all of them as one being `total`; none where there is no GPU.
pub(super) fn part(state: &State, total: &Total, look: &Look<'_>) -> Part {
    if total.count == 0 || look.is_then() {
        return Part::default();
    }
    let mut ways = Vec::new();
    let groups = live(state, look);
    match &groups[..] {
        [group] if group.gpus.len() <= MOST => {
            ways.push(group.gpus.iter().flat_map(|gpu| one(gpu, true, look)).collect());
        }
        [_] => {}
        several => named(several, total.count, &mut ways, look),
    }
    let whole = ways.len();
    ways.push(all(total, true, look));
    ways.push(all(total, false, look));
    let whole = if groups.len() > 1 && whole > 0 { whole } else { ways.len() };
    Part { ways, whole, matters: true }
}

/// The first GPUs whose figures are of now, and those that are lost: of a few more nodes than are told one
/// by one.
fn live<'a>(state: &'a State, look: &Look<'_>) -> Vec<Group<'a>> {
    let nodes = state.telling(Told::Gpus);
    let fresh = nodes.filter(|(_, node)| are_gpus_fresh(node, Status::of(node, look), look));
    let group = |(node, of): (&'a SourceId, &'a Node)| Group { node, gpus: of.all_gpus() };
    fresh.map(group).take(MOST + 1).collect()
}

/// Ways in which each node of `groups`, which have `count` GPUs, is named: its GPUs by themselves, else as
/// one. None in which two nodes have the same name.
fn named(groups: &[Group<'_>], count: usize, ways: &mut Vec<Vec<Span<'static>>>, look: &Look<'_>) {
    if groups.len() > MOST {
        return;
    }
    let full: Vec<&str> = groups.iter().map(|group| group.node.0.as_str()).collect();
    let hosts: Vec<&str> = full.iter().map(|name| host(name)).collect();
    let short = if are_distinct(&hosts) { hosts } else { full };
    let names = NAMES.map(|width| {
        short.iter().map(|name| fixed::cut_middle(name, width)).collect::<Vec<String>>()
    });
    let each: &[bool] = if count <= MOST { &[true, false] } else { &[false] };
    for by_itself in each {
        for long in [true, false] {
            for names in names.iter().filter(|names| are_distinct(names)) {
                let of_node = |(group, name): (&Group<'_>, &String)| {
                    group.spans(name, *by_itself, long, look)
                };
                ways.push(groups.iter().zip(names).flat_map(of_node).collect());
            }
        }
    }
}

fn are_distinct<T: Ord>(names: &[T]) -> bool {
    names.iter().collect::<BTreeSet<&T>>().len() == names.len()
}

/// The name of a machine without who tells of it, its port and its domain; an IP address has none.
fn host(name: &str) -> &str {
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    let is_address = |host: &str| host.parse::<IpAddr>().is_ok();
    let with_port = name.rsplit_once(':').filter(|(_, port)| is_port(port) && !is_address(name));
    let host = with_port.map_or(name, |(host, _)| host);
    if is_address(host) {
        return host;
    }
    host.split_once('.').map(|(first, _)| first).filter(|first| !first.is_empty()).unwrap_or(host)
}

impl Group<'_> {
    /// Its GPUs, by themselves or as one, under the node's `name`.
    fn spans(&self, name: &str, each: bool, long: bool, look: &Look<'_>) -> Vec<Span<'static>> {
        let mut spans = vec![Span::styled(format!("  {name}"), look.theme.text)];
        match self.gpus {
            [gpu] if gpu.state != GpuState::Ok => {
                spans.push(Span::styled(" lost", look.theme.bad));
            }
            [_, _, ..] if each => {
                spans.extend(self.gpus.iter().flat_map(|gpu| one(gpu, long, look)));
            }
            gpus => {
                let count =
                    if gpus.len() > 1 { format!(" ×{}", gpus.len()) } else { String::new() };
                spans.push(Span::styled(format!("{count} "), look.theme.muted));
                spans.extend(sum(&Total::of(gpus), long, look));
            }
        }
        spans
    }
}

fn one(gpu: &Gpu, long: bool, look: &Look<'_>) -> Vec<Span<'static>> {
    let name = Span::styled(format!("  {} ", gpu.index), look.theme.muted);
    if gpu.state != GpuState::Ok {
        return vec![name, Span::styled("lost", look.theme.bad)];
    }
    let total = Total::of(std::iter::once(gpu));
    let mut spans = vec![name];
    spans.extend(figures(&total, long, look));
    spans
}

fn all(total: &Total, long: bool, look: &Look<'_>) -> Vec<Span<'static>> {
    let name = if total.count == 1 { "GPU ".to_owned() } else { format!("{} GPUs ", total.count) };
    let name = if long { name } else { "GPU ".to_owned() };
    let mut spans = vec![Span::styled(name, look.theme.muted)];
    spans.extend(sum(total, long, look));
    spans
}

/// How many are lost, and the figures of the others.
fn sum(total: &Total, long: bool, look: &Look<'_>) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if total.lost > 0 {
        spans.push(Span::styled(format!("{} lost ", total.lost), look.theme.bad));
    }
    spans.extend(figures(total, long, look));
    spans
}

/// Time busy, memory (where `long`), temperature.
fn figures(total: &Total, long: bool, look: &Look<'_>) -> Vec<Span<'static>> {
    let brief = |share: Ratio| format!("{:.0}%", share.percent());
    let busy = value::maybe(total.busy.map(brief), look.theme.series[0], look);
    let full = total.memory_share();
    let style = full.map_or(look.theme.muted, |share| look.load(share));
    let memory = value::maybe(full.map(brief), style, look);
    let style = total.hottest.map_or(look.theme.muted, |heat| look.heat(heat.0));
    let heat = total.hottest.map(|heat| format!("{:.0}°", heat.0));
    let heat = value::maybe(heat, style, look);
    let blank = || Span::raw(" ");
    if long { vec![busy, blank(), memory, blank(), heat] } else { vec![busy, blank(), heat] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_short_name() {
        let all =
            ["gpu-1.lab.example.org:7071", "gpu-1:9400", "10.0.0.7:7071", "10.0.0.7", "a/n:3"];
        assert_eq!(all.map(host), ["gpu-1", "gpu-1", "10.0.0.7", "10.0.0.7", "n"]);
        assert_eq!(host("store/10.0.0.7:9400"), "10.0.0.7");
        assert_eq!(["[::1]:9400", "::1", ".x", ""].map(host), ["[::1]", "::1", ".x", ""]);
    }
}

//! What the kernel's log says of a GPU: each kind of Xid error, its meaning, and what mends it.

use std::time::Duration;

use ratatui::text::Line;

use super::entry::Entry;
use crate::model::gpu::xid::Xid;
use crate::tui::look::Look;
use crate::tui::widget::value;

/// Most kinds shown; the latest.
const MOST: usize = 3;

/// Two lines for each kind, the latest first.
pub(super) fn lines(entry: &Entry<'_>, look: &Look<'_>) -> Vec<Line<'static>> {
    let xids = entry.gpu.detail.xids.known().map_or(&[][..], Vec::as_slice);
    xids.iter().rev().take(MOST).flat_map(|xid| one(xid, entry, look)).collect()
}

fn one(xid: &Xid, entry: &Entry<'_>, look: &Look<'_>) -> [Line<'static>; 2] {
    let meaning = xid.meaning();
    let style = if meaning.is_grave { look.theme.bad } else { look.theme.warn };
    let times = if xid.count > 1 { format!(" ×{}", xid.count) } else { String::new() };
    let when = age(xid, entry, look).map_or_else(String::new, |age| format!(", {age}"));
    let sign = look.glyph.pick("✗", "!");
    [
        Line::styled(format!("{sign} Xid {}{times}{when}: {}", xid.code, meaning.words), style),
        Line::styled(format!("  {}", meaning.remedy), look.theme.muted),
    ]
}

/// How long ago it was, by the node's own time since boot.
fn age(xid: &Xid, entry: &Entry<'_>, look: &Look<'_>) -> Option<String> {
    let (at, sample) = entry.node.sample.as_ref()?;
    let since = sample.uptime_seconds.get()?.0 - xid.last_uptime_seconds.get()?.0;
    let since = Duration::try_from_secs_f64(since.max(0.0)).ok()?;
    Some(value::ago(since.saturating_add(look.now.since(*at))))
}

//! The source itself: who speaks there, since when it is asked, what it offers.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::{Sheet, fact};
use crate::model::origin::{Endpoint, Offer, Origin};
use crate::state::Node;
use crate::tui::look::Look;
use crate::tui::widget::{fixed, panel, value};

/// From this difference of clocks on it is shown, in seconds.
const SKEW: f64 = 2.0;

/// `Vulcan 1.2 · http://host:8080`.
pub(in super::super) fn server(origin: &Origin) -> String {
    let version = origin.version.as_ref().map(|version| format!(" {version}"));
    format!("{}{} · {}", origin.kind, version.unwrap_or_default(), origin.address)
}

pub(super) fn draw(node: &Node, sheet: Sheet<'_>, buffer: &mut Buffer, look: &Look<'_>) {
    let offered = |origin: &Origin| {
        let offered = origin.endpoints.iter().filter(|one| one.offer == Offer::Offered).count();
        format!("{offered} of {} offered", origin.endpoints.len())
    };
    let Some(origin) = node.origin.as_deref() else { return };
    let aside = if origin.endpoints.is_empty() { String::new() } else { offered(origin) };
    let area = sheet.frame.aside(aside).open(sheet.area, buffer, look);
    let width = usize::from(area.width);
    let lines = facts(origin, look).into_iter();
    let lines = lines.chain(origin.endpoints.iter().map(|one| endpoint(one, width, look)));
    panel::lines(lines.skip(sheet.scroll), area, buffer);
}

fn facts(origin: &Origin, look: &Look<'_>) -> Vec<Line<'static>> {
    let theme = look.theme;
    let text = |words: String| vec![Span::styled(words, theme.text)];
    let version = origin.version.as_ref().map(|version| format!(" {version}"));
    let mut lines = vec![
        fact("kind", text(format!("{}{}", origin.kind, version.unwrap_or_default())), look),
        fact("address", text(origin.address.to_string()), look),
    ];
    if origin.unverified {
        let words = "UNVERIFIED: it may be anyone";
        lines.push(fact("identity", vec![Span::styled(words, theme.bad)], look));
    }
    if let Some(group) = &origin.group {
        lines.push(fact("group", text(group.to_string()), look));
    }
    let asked = format!("every {}", origin.interval_seconds);
    lines.push(fact("asked", text(asked), look));
    if let Some(skew) = origin.skew_seconds.filter(|skew| skew.abs() > SKEW) {
        let way = if skew > 0.0 { "ahead of" } else { "behind" };
        let length = std::time::Duration::try_from_secs_f64(skew.abs()).unwrap_or_default();
        let words = format!("{} {way} this machine's", value::age(length));
        lines.push(fact("clock", vec![Span::styled(words, theme.warn)], look));
    }
    let bench = if origin.can_bench { "can be started there" } else { "cannot be started there" };
    lines.push(fact("benchmark", text(bench.to_owned()), look));
    lines
}

fn endpoint(one: &Endpoint, width: usize, look: &Look<'_>) -> Line<'static> {
    let theme = look.theme;
    let (sign, style) = match &one.offer {
        Offer::Offered => (look.glyph.pick("✓", "+"), theme.good),
        Offer::NotOffered | Offer::Unasked => (look.glyph.pick("·", "-"), theme.muted),
        Offer::Failed(_) => (look.glyph.pick("✗", "!"), theme.bad),
    };
    let name = fixed::cut(one.name.as_str(), width.saturating_sub(4));
    let room = width.saturating_sub(name.chars().count() + 4);
    let words = match &one.offer {
        Offer::Offered => String::new(),
        other => fixed::cut(&other.to_string(), room),
    };
    Line::from(vec![
        Span::styled(format!("{sign} "), style),
        Span::styled(format!("{name}  "), theme.text),
        Span::styled(words, if style == theme.bad { style } else { theme.muted }),
    ])
}

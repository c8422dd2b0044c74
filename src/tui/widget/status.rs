//! How a source is doing, with a sign for those who see no colour.
//!
//! Freshness is judged by the time since the last sample, against the interval of that source.

use ratatui::style::Style;
use ratatui::text::Span;

use super::super::look::Look;
use super::super::rest::Present;
use super::super::theme::Theme;
use super::value;
use crate::model::time::Stamp;
use crate::model::update::Health;
use crate::state::Node;

/// How a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Its source says that it does not answer.
    Down,
    /// Its last sample is too old to be called live.
    Stale,
    /// Nothing has been heard yet.
    Waiting,
    /// It answers.
    Up,
}

/// The interval of this machine where it is not at hand: when keys move among rows.
pub const USUAL_MS: u64 = 2_000;

impl Status {
    /// Every status, the best first.
    pub const ALL: [Self; 4] = [Self::Up, Self::Stale, Self::Down, Self::Waiting];

    /// How `node` is doing at `look.now`.
    pub fn of(node: &Node, look: &Look<'_>) -> Self {
        Self::at(node, look.present(), look.interval_ms)
    }

    /// How `node` is doing at `now`; this machine itself is sampled every `own_ms`.
    pub fn at(node: &Node, now: Present, own_ms: u64) -> Self {
        match (&node.health, node.last_heard()) {
            (Some(Health::Down { .. }), _) => Self::Down,
            // A store tells of the nodes below it, and nothing of itself.
            (Some(Health::Up), None) if node.origin.is_some() => Self::Up,
            (_, None) => Self::Waiting,
            (_, Some(at)) if is_late(node, at, now, own_ms) => Self::Stale,
            _ => Self::Up,
        }
    }

    /// One letter wide.
    pub const fn sign(self, look: &Look<'_>) -> &'static str {
        match self {
            Self::Up => look.glyph.pick("●", "+"),
            Self::Stale => look.glyph.pick("◐", "~"),
            Self::Down => look.glyph.pick("✗", "!"),
            Self::Waiting => look.glyph.pick("○", "?"),
        }
    }

    /// Its colour.
    pub const fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Up => theme.good,
            Self::Stale => theme.warn,
            Self::Down => theme.bad,
            Self::Waiting => theme.muted,
        }
    }

    /// One word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Stale => "stale",
            Self::Down => "down",
            Self::Waiting => "waiting",
        }
    }

    /// Whether its values are of now.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Up)
    }
}

/// How long ago `node` was last heard, or the dash.
pub fn age(node: &Node, look: &Look<'_>) -> String {
    node.last_heard().map_or_else(|| value::MISSING.to_owned(), |at| value::age(look.age(at)))
}

/// Whether what `node` told at `at` is too old to be called of now.
pub fn is_old(node: &Node, at: Stamp, look: &Look<'_>) -> bool {
    is_late(node, at, look.present(), look.interval_ms)
}

/// Whether what `node`, which is doing as `status` says, told of its GPUs is of now.
pub fn are_gpus_fresh(node: &Node, status: Status, look: &Look<'_>) -> bool {
    let told = node.gpus.as_ref().filter(|(at, _)| !is_old(node, *at, look));
    told.is_some_and(|(_, sample)| status != Status::Down && !sample.gpus.is_empty())
}

/// The same as [`is_old`] of what is found there: models, agents.
pub fn is_found_old(node: &Node, at: Stamp, look: &Look<'_>) -> bool {
    look.present().age(at).as_millis() > node.found_late_ms(look.interval_ms).into()
}

fn is_late(node: &Node, at: Stamp, now: Present, own_ms: u64) -> bool {
    now.age(at).as_millis() > node.late_ms(own_ms).into()
}

/// How many nodes are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing([usize; Status::ALL.len()]);

impl Standing {
    /// Counts `nodes`.
    pub fn of(statuses: impl IntoIterator<Item = Status>) -> Self {
        let mut standing = Self::default();
        statuses.into_iter().for_each(|status| standing.add(status));
        standing
    }

    /// Counts one more.
    pub const fn add(&mut self, status: Status) {
        self.0[Self::place(status)] += 1;
    }

    /// How many are `status`.
    pub const fn count(&self, status: Status) -> usize {
        self.0[Self::place(status)]
    }

    /// How many there are.
    pub fn all(&self) -> usize {
        self.0.iter().sum()
    }

    const fn place(status: Status) -> usize {
        match status {
            Status::Up => 0,
            Status::Stale => 1,
            Status::Down => 2,
            Status::Waiting => 3,
        }
    }

    /// `● 12 up  ◐ 1 stale  ✗ 2 down`, in `words` or in signs alone; those of which there are none are
    /// left out.
    pub fn spans(&self, words: bool, look: &Look<'_>) -> Vec<Span<'static>> {
        let mut spans = Vec::new();
        for status in Status::ALL.into_iter().filter(|status| self.count(*status) > 0) {
            let (sign, count) = (status.sign(look), self.count(status));
            let text = if words {
                format!("{sign} {count} {}", status.word())
            } else {
                format!("{sign}{count}")
            };
            if !spans.is_empty() {
                spans.push(Span::raw(" "));
            }
            spans.push(Span::styled(text, status.style(look.theme)));
        }
        spans
    }
}

impl Standing {
    /// The same in `width` columns: `8 of 12` where the signs need more.
    pub fn brief(&self, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
        let spans = self.spans(false, look);
        if spans.iter().map(Span::width).sum::<usize>() <= width {
            return spans;
        }
        let (live, all) = (self.count(Status::Up), self.all());
        let lost = self.count(Status::Down) > 0;
        let style = if lost { look.theme.bad } else { look.theme.warn };
        vec![Span::styled(format!("{live}/{all}"), style)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::NodeSample;
    use crate::model::origin::{Kind, Origin};
    use crate::model::serving::Engine;
    use crate::model::unit::Seconds;

    fn status(kind: Kind, interval: f64, silent_ms: u64) -> Status {
        let at = |mono_ms| Stamp { mono_ms, wall_ms: 0 };
        let interval_seconds = Seconds(interval);
        let origin = Origin { kind, interval_seconds, ..Origin::default() };
        let sample = Some((at(1_000), Box::<NodeSample>::default()));
        let node = Node { sample, origin: Some(Box::new(origin)), ..Node::default() };
        let present = Present { now: at(1_000 + silent_ms), ..Present::default() };
        Status::at(&node, present, 1_000)
    }

    #[test]
    fn a_node_is_late_by_its_own_interval_and_never_within_five_seconds() {
        let rows = [
            (Kind::Ssh, 0.5, 4_900, Status::Up),
            (Kind::Ssh, 0.5, 5_100, Status::Stale),
            (Kind::Vulcan, 10.0, 29_000, Status::Up),
            (Kind::Vulcan, 10.0, 30_001, Status::Stale),
            (Kind::Isomon, f64::NAN, 3_000, Status::Up),
            (Kind::Isomon, f64::INFINITY, 6_000, Status::Stale),
            (Kind::Local, 60.0, 3_400, Status::Up),
            (Kind::Local, 60.0, 3_600, Status::Stale),
        ];
        for (kind, interval, silent, wanted) in rows {
            assert_eq!(status(kind, interval, silent), wanted, "{kind} {interval} {silent}");
        }
    }

    #[test]
    fn who_answers_and_tells_nothing_of_itself_is_up() {
        let mut node = Node { health: Some(Health::Up), ..Node::default() };
        let status = |node: &Node| Status::at(node, Present::default(), 1_000);
        assert_eq!(status(&node), Status::Waiting, "who it is was not told yet");
        node.origin = Some(Box::default());
        assert_eq!(status(&node), Status::Up);
        node.health = Some(Health::Down { since: Stamp::default(), why: "refused".into() });
        assert_eq!(status(&node), Status::Down);
        assert_eq!(
            status(&Node { origin: Some(Box::default()), ..Node::default() }),
            Status::Waiting
        );
    }

    #[test]
    fn what_is_found_on_a_machine_is_late_by_the_looks_at_it() {
        let rows = [
            (None, 15_000),
            (Some((Kind::Local, 1.0)), 15_000),
            (Some((Kind::Isomon, 2.0)), 15_000),
            (Some((Kind::Isomon, 60.0)), 180_000),
            (Some((Kind::Model(Engine::Vllm), 1.0)), 5_000),
            (Some((Kind::Prometheus, 10.0)), 30_000),
        ];
        for (origin, wanted) in rows {
            let origin = origin.map(|(kind, interval)| {
                let interval_seconds = Seconds(interval);
                Box::new(Origin { kind, interval_seconds, ..Origin::default() })
            });
            let node = Node { origin, ..Node::default() };
            assert_eq!(node.found_late_ms(1_000), wanted, "{:?}", node.origin);
        }
        assert_eq!(Node::default().found_late_ms(60_000), 180_500, "sampled less often still");
    }

    #[test]
    fn nodes_are_counted() {
        let standing = Standing::of([Status::Up, Status::Down, Status::Up]);
        let counts = Status::ALL.map(|status| standing.count(status));
        assert_eq!((counts, standing.all()), ([2, 0, 1, 0], 3));
    }
}

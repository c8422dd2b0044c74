//! How work stands and what became of it of late, in the same words for agents and for workloads.
//!
//! What several nodes tell is summed; a sum is of those that tell, and is missing where none does.

use ratatui::text::{Line, Span};

use crate::model::done::Done;
use crate::model::reading::Reading;
use crate::model::unit::{Ratio, Seconds};
use crate::tui::look::Look;
use crate::tui::widget::{fixed, value};

/// How work stands, of one node or of several together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Standing {
    active: Option<f64>,
    oldest: Option<f64>,
    queue: Option<f64>,
    errors_1h: Option<f64>,
    timeouts_1h: Option<f64>,
    completed_1h: Option<f64>,
    completed_24h: Option<f64>,
    /// What ended in 24 h, as far as its success is known.
    over_24h: Option<f64>,
    good_24h: Option<f64>,
    /// Seconds that all took together that ended well in 24 h, and how many they are.
    took: Option<(f64, f64)>,
}

impl Standing {
    /// That of one node.
    pub(super) fn of(
        active: Option<f64>,
        oldest: &Reading<Seconds>,
        queue: Option<f64>,
        done: &Done,
    ) -> Self {
        let completed = done.completed_24h.get();
        let success = done.success_24h.get().map(Ratio::fraction);
        let mean = done.mean_24h_seconds.get().map(|mean| mean.0);
        // Of a node where nothing ended well it is not told how much ended.
        let over = completed.zip(success).map(|(completed, success)| match success {
            0.0 => done.errors_1h.get().unwrap_or(1.0).max(1.0),
            success => completed / success,
        });
        Self {
            active,
            oldest: oldest.get().map(|age| age.0),
            queue,
            errors_1h: done.errors_1h.get(),
            timeouts_1h: done.timeouts_1h.get(),
            completed_1h: done.completed_1h.get(),
            completed_24h: completed,
            over_24h: over,
            good_24h: success.and(completed),
            took: mean.zip(completed).map(|(mean, many)| (mean * many, many)),
        }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        let sum = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        Self {
            active: sum(self.active, other.active),
            oldest: self.oldest.into_iter().chain(other.oldest).reduce(f64::max),
            queue: sum(self.queue, other.queue),
            errors_1h: sum(self.errors_1h, other.errors_1h),
            timeouts_1h: sum(self.timeouts_1h, other.timeouts_1h),
            completed_1h: sum(self.completed_1h, other.completed_1h),
            completed_24h: sum(self.completed_24h, other.completed_24h),
            over_24h: sum(self.over_24h, other.over_24h),
            good_24h: sum(self.good_24h, other.good_24h),
            took: match (self.took, other.took) {
                (Some(a), Some(b)) => Some((a.0 + b.0, a.1 + b.1)),
                (a, b) => a.or(b),
            },
        }
    }

    /// Whether anything is known of it.
    pub(super) fn is_known(&self) -> bool {
        *self != Self::default()
    }

    fn success(&self) -> Option<Ratio> {
        Ratio::of(self.good_24h?, self.over_24h?)
    }

    fn mean(&self) -> Option<Seconds> {
        let (sum, many) = self.took.filter(|(_, many)| *many > 0.0)?;
        Some(Seconds(sum / many))
    }

    /// Lines of at most `width` columns: now, the last hour, the last day; those of which nothing is
    /// known are left out.
    pub(super) fn lines(&self, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
        let oldest = self.oldest.map(|age| Seconds(age).to_string());
        let success = self.success().map(|share| share.to_string());
        let mean = self.mean().map(|mean| mean.to_string());
        let bad = |count: Option<f64>| count.is_some_and(|count| count > 0.0);
        let word = if self.errors_1h == Some(1.0) { "error" } else { "errors" };
        let errors = (whole(self.errors_1h), word, bad(self.errors_1h));
        let late = (whole(self.timeouts_1h), "timed out", bad(self.timeouts_1h));
        let poor = self.success().is_some_and(|share| share.fraction() < 0.9);
        let mut now = vec![(whole(self.active), "active", false)];
        if self.active.is_none_or(|active| active > 0.0) {
            now.push((oldest, "oldest", false));
        }
        now.push((whole(self.queue), "queued", false));
        let rows = [
            ("now", now),
            ("1 h", vec![(whole(self.completed_1h), "done", false), errors, late]),
            (
                "24 h",
                vec![
                    (whole(self.completed_24h), "done", false),
                    (success, "good", poor),
                    (mean, "mean", false),
                ],
            ),
        ];
        let told = rows.into_iter().filter(|(_, facts)| facts.iter().any(|fact| fact.0.is_some()));
        told.map(|(when, facts)| row(when, facts, width, look)).collect()
    }

    /// The same in some words for a line among others.
    pub(super) fn words(&self) -> String {
        let known = [
            whole(self.active).map(|active| format!("{active} active")),
            whole(self.queue).map(|queue| format!("{queue} queued")),
            self.errors_1h.map(|errors| match errors {
                1.0 => "1 error in 1 h".to_owned(),
                errors => format!("{errors:.0} errors in 1 h"),
            }),
            whole(self.completed_24h).map(|done| format!("{done} done in 24 h")),
            self.success().map(|share| format!("{share} good")),
        ];
        known.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

/// `when`, then each fact that there is room for; a missing one is a dash.
fn row(
    when: &str,
    facts: Vec<(Option<String>, &'static str, bool)>,
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let mut spans = vec![Span::styled(fixed::left(when, 6), look.theme.muted)];
    let mut used = 6;
    for (at, (told, word, bad)) in facts.into_iter().enumerate() {
        let gap = if at == 0 { "" } else { " · " };
        let style = match &told {
            None => look.theme.muted,
            Some(_) if bad => look.theme.bad,
            Some(_) => look.theme.text,
        };
        let told = told.unwrap_or_else(|| value::MISSING.to_owned());
        used += gap.chars().count() + told.chars().count() + 1 + word.len();
        if used > width {
            break;
        }
        spans.push(Span::styled(gap, look.theme.muted));
        spans.push(Span::styled(told, style));
        spans.push(Span::styled(format!(" {word}"), look.theme.muted));
    }
    spans.into()
}

/// A count without a fraction.
pub(super) fn whole(count: Option<f64>) -> Option<String> {
    count.map(|count| format!("{count:.0}"))
}

/// A count of tokens: `847`, `12.4 k`, `3.10 M`.
pub(super) fn tokens(count: f64) -> String {
    match count {
        ..1e3 => format!("{count:.0}"),
        ..1e6 => format!("{:.1} k", count / 1e3),
        ..1e9 => format!("{:.2} M", count / 1e6),
        _ => format!("{:.2} G", count / 1e9),
    }
}

/// An amount of US dollars; less than a cent is told as such.
pub(super) fn dollars(amount: f64) -> String {
    match amount {
        0.0 => "$0".to_owned(),
        ..0.01 => format!("${amount:.5}"),
        ..1e4 => format!("${amount:.2}"),
        _ => format!("${amount:.0}"),
    }
}

/// A time of today by its clock, any other by its day too.
pub(super) fn clock(at_ms: i64, look: &Look<'_>) -> String {
    let zoned = |ms| Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(look.zone.clone()));
    let (Some(at), Some(now)) = (zoned(at_ms), zoned(look.now.wall_ms)) else {
        return value::MISSING.to_owned();
    };
    let form = if at.date() == now.date() { "%H:%M:%S" } else { "%m-%d %H:%M" };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(good: f64, success: f64, mean: f64) -> Standing {
        let done = Done {
            completed_24h: Reading::Known(good),
            success_24h: Reading::from_option(
                Ratio::new(success),
                crate::model::reading::Why::NotYet,
            ),
            mean_24h_seconds: Reading::Known(Seconds(mean)),
            ..Done::default()
        };
        Standing::of(Some(1.0), &Reading::Known(Seconds(good)), None, &done)
    }

    #[test]
    fn nodes_are_summed_by_what_they_did() {
        let both = standing(90.0, 0.9, 1.0).and(standing(10.0, 0.5, 11.0));
        assert_eq!(both.success(), Ratio::of(100.0, 120.0));
        assert_eq!(both.mean(), Some(Seconds(2.0)));
        assert_eq!((both.active, both.oldest, both.queue), (Some(2.0), Some(90.0), None));
        assert_eq!(both.and(Standing::default()), both);
        assert!(!Standing::default().is_known() && both.is_known());
    }

    #[test]
    fn amounts_are_short() {
        let counts = [0.0, 847.0, 12_400.0, 3_100_000.0, 2e9].map(tokens);
        assert_eq!(counts, ["0", "847", "12.4 k", "3.10 M", "2.00 G"]);
        let amounts = [0.0, 0.000_128, 3.4, 12_345.6].map(dollars);
        assert_eq!(amounts, ["$0", "$0.00013", "$3.40", "$12346"]);
    }
}

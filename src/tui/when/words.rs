//! How times are written: in the user's zone, and no longer than needed.

use jiff::tz::TimeZone;

use super::Standing;
use crate::tui::action::Action;
use crate::tui::look::Look;

/// A day, in minutes.
const DAY: u64 = 1_440;

/// A length of time: `15 min`, `6 h`, `7 d`.
pub fn span(minutes: u64) -> String {
    match minutes {
        0..=60 => format!("{minutes} min"),
        61..DAY => format!("{} h", minutes / 60),
        _ if minutes == DAY => "24 h".to_owned(),
        _ => format!("{} d", minutes / DAY),
    }
}

/// Half a length of time, as it is: `7.5 min`, `1.5 h`, `36 h`, `3.5 d`.
fn half(minutes: u64) -> String {
    let half = minutes as f64 / 2.0;
    match minutes {
        0..=120 => format!("{half} min"),
        121..=5_760 => format!("{} h", half / 60.0),
        _ => format!("{} d", half / DAY as f64),
    }
}

/// An instant in `zone`, in the form of `strftime`; a dash where there is no such instant.
pub fn written(wall_ms: i64, zone: &TimeZone, form: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(wall_ms);
    at.map_or_else(|_| "—".to_owned(), |at| at.to_zoned(zone.clone()).strftime(form).to_string())
}

/// An instant as precisely as a span of so many minutes lets one see it, with its day.
pub fn moment(wall_ms: i64, minutes: u64, zone: &TimeZone) -> String {
    let form = if minutes <= 60 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M" };
    written(wall_ms, zone, form)
}

impl Look<'_> {
    /// What is shown: `Last 15 minutes`, or from when to when.
    pub fn title(&self) -> String {
        let minutes = self.when.minutes();
        if let Some(at) = self.cursor() {
            return format!("At {}", self.clock(at));
        }
        if !self.is_past() {
            return format!("Last {}", length(minutes));
        }
        let end = self.when.end(self.now);
        let begin = end.saturating_sub(self.when.span_ms().cast_signed());
        let form = if minutes >= DAY { "%m-%d %H:%M" } else { "%H:%M" };
        let day = written(end, self.zone, "%Y-%m-%d");
        let [begin, end] = [begin, end].map(|at| written(at, self.zone, form));
        if minutes >= DAY { format!("{begin} to {end}") } else { format!("{day} {begin} to {end}") }
    }

    /// The time at an instant of the axis: `12:03:04 UTC`, with the day where the span is of days.
    pub fn clock(&self, at_ms: u64) -> String {
        let days = self.when.minutes() >= DAY || self.is_past();
        let form = if days { "%m-%d %H:%M:%S %Z" } else { "%H:%M:%S %Z" };
        written(self.wall(at_ms), self.zone, form)
    }

    /// The words below the axis: at its beginning, its middle and its end.
    pub fn axis(&self) -> [String; 3] {
        let minutes = self.when.minutes();
        if !self.is_past() {
            let half = format!("-{}", half(minutes));
            return [format!("-{}", span(minutes)), half, "now".to_owned()];
        }
        let form = match minutes {
            0..=5 => "%H:%M:%S",
            6..DAY => "%H:%M",
            _ => "%m-%d %H:%M",
        };
        let (end, span) = (self.when.end(self.now), self.when.span_ms().cast_signed());
        [span, span / 2, 0].map(|back| written(end.saturating_sub(back), self.zone, form))
    }

    /// Why there is less to see than should be; `None` where there is nothing to say.
    pub fn past_words(&self) -> Option<String> {
        let when = self.when;
        if when.is_near(self.now) {
            return None;
        }
        match when.asker.standing() {
            Standing::Loading => return Some("loading…".to_owned()),
            Standing::Silent => return Some("the history does not answer".to_owned()),
            Standing::Still => {}
        }
        let piece = when.piece.as_ref()?;
        if let Some(gap) = &piece.gap {
            return Some(gap.to_string());
        }
        let begin = when.end(self.now).saturating_sub(when.span_ms().cast_signed());
        let Some(earliest) = piece.earliest_ms else {
            return Some("nothing is kept yet".to_owned());
        };
        let first = || moment(earliest, DAY, self.zone);
        (begin < earliest).then(|| format!("nothing is kept before {}", first()))
    }

    /// That the history does not keep `what`, so that nothing of it is shown of the instant that is looked
    /// at; and the key that shows it of now.
    pub fn not_kept(&self, what: &str) -> [String; 2] {
        let back = if self.is_past() { Action::Now } else { Action::Back };
        [format!("Not kept: {what}."), format!("{} shows them of now.", self.key(back))]
    }

    /// That the past is shown, and how to leave it, the most important first; empty where now is.
    pub fn past_banner(&self) -> Vec<String> {
        if !self.is_then() {
            return Vec::new();
        }
        let at = moment(self.when.instant(self.now), self.when.minutes(), self.zone);
        let mut parts = vec![format!("PAST {at}")];
        parts.push(format!("{} later", self.key(Action::Later)));
        parts.push(format!("{} now", self.key(Action::Now)));
        let place = if self.past_words().is_some() { 1 } else { parts.len() };
        parts.insert(place, self.past_words().unwrap_or_else(|| span(self.when.minutes())));
        parts
    }
}

/// A length of time in full words.
fn length(minutes: u64) -> String {
    match minutes {
        0..=60 => format!("{minutes} minutes"),
        61..=DAY => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::when::SPANS;

    #[test]
    fn the_middle_of_a_chart_is_half_of_what_it_shows() {
        let words =
            ["2.5 min", "7.5 min", "30 min", "1.5 h", "3 h", "12 h", "36 h", "3.5 d", "15 d"];
        assert_eq!(SPANS.map(half), words);
    }
}

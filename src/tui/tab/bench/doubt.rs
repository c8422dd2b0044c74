//! What failed in the steps of a load, and how many of its steps were disturbed: a column each, where any row has
//! one.

use ratatui::text::{Line, Span};

use super::load::LoadRow;
use crate::model::load::LoadSummary;
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// The columns of a list.
pub(super) struct Doubts {
    failed: bool,
    disturbed: bool,
}

/// Headings, as the table of figures has them.
const FAILED: &str = "failed";
const DISTURBED: &str = "disturbed";

/// Sums of a row over its steps: shots that failed, steps that were disturbed.
fn sums(known: &[&LoadSummary]) -> [u64; 2] {
    let sum =
        |of: fn(&LoadSummary) -> u32| known.iter().map(|known| u64::from(of(known))).sum::<u64>();
    [sum(|known| known.failures), sum(|known| known.tainted)]
}

impl Doubts {
    /// Those of `rows`.
    pub(super) fn of(rows: &[LoadRow<'_>]) -> Self {
        Self::over(rows.iter().map(|row| row.known.as_slice()))
    }

    fn over<'a>(rows: impl Iterator<Item = &'a [&'a LoadSummary]>) -> Self {
        let [failed, disturbed] = rows.map(sums).fold([false; 2], |[failed, disturbed], sums| {
            [failed || sums[0] > 0, disturbed || sums[1] > 0]
        });
        Self { failed, disturbed }
    }

    /// Headings of the columns there are.
    fn titles(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let both = [(self.failed, FAILED), (self.disturbed, DISTURBED)];
        both.into_iter().enumerate().filter(|(_, (there, _))| *there).map(|(at, (_, of))| (at, of))
    }

    /// Columns of the screen they take, with the blank before each.
    pub(super) fn width(&self) -> usize {
        self.titles().map(|(_, title)| title.len() + 1).sum()
    }

    /// Their headings.
    pub(super) fn heading(&self) -> String {
        self.titles().flat_map(|(_, title)| [" ", title]).collect()
    }

    /// Those of `row`.
    pub(super) fn cells(&self, row: &LoadRow<'_>, look: &Look<'_>) -> Vec<Span<'static>> {
        self.written(sums(&row.known), look).spans
    }

    fn written(&self, sums: [u64; 2], look: &Look<'_>) -> Line<'static> {
        let cell = |(at, title): (usize, &str)| {
            let style = match sums[at] {
                0 => look.theme.muted,
                _ => [look.theme.bad, look.theme.warn][at],
            };
            Span::styled(fixed::right(&sums[at].to_string(), title.len() + 1), style)
        };
        self.titles().map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::load::Stride;
    use crate::model::time::Stamp;
    use crate::tui::app::{App, Setup};

    #[test]
    fn each_kind_of_doubt_has_its_column_where_any_row_has_one() {
        let app = App::new(Setup::default(), std::time::Duration::from_secs(1), true);
        let look = app.look(Stamp::default());
        let step = |failures, tainted| LoadSummary {
            cell: 0,
            stride: Stride::Throughput { at_once: 1 },
            n: 1,
            failures,
            tainted,
            figure: None,
            energy_each_joules: None,
        };
        let drawn = |rows: &[[(u32, u32); 2]]| {
            let rows: Vec<_> =
                rows.iter().map(|steps| steps.map(|(failed, off)| step(failed, off))).collect();
            let rows: Vec<Vec<&LoadSummary>> =
                rows.iter().map(|steps| steps.iter().collect()).collect();
            let doubts = Doubts::over(rows.iter().map(Vec::as_slice));
            let cells = rows.iter().map(|row| doubts.written(sums(row), &look).to_string());
            let lines: Vec<String> = [doubts.heading()].into_iter().chain(cells).collect();
            assert!(lines.iter().all(|line| line.len() == doubts.width()), "{lines:?}");
            lines
        };
        assert_eq!(drawn(&[[(0, 0); 2]]), ["", ""]);
        assert_eq!(
            drawn(&[[(0, 2), (0, 10)], [(0, 0); 2]]),
            [" disturbed", "        12", "         0"]
        );
        assert_eq!(drawn(&[[(3, 0), (4, 1)]]), [" failed disturbed", "      7         1"]);
    }
}

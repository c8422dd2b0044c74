//! Whether the machine was quiet, in one line that is never out of sight.

use ratatui::text::{Line, Span};

use crate::model::load::{Cause, Verdict};
use crate::state::RunState;
use crate::tui::look::Look;

/// The verdict on `run`: as it was given at its end, else as it stands so far.
pub(super) fn of(run: &RunState) -> &Verdict {
    run.tail.as_ref().and_then(|tail| tail.verdict.as_ref()).unwrap_or(&run.digest.verdict)
}

/// `● quiet: none of 300 disturbed`, `▲ disturbed: steal 4 %, 12 of 300 samples`.
pub(super) fn line(run: &RunState, look: &Look<'_>) -> Line<'static> {
    let verdict = of(run);
    let again = match verdict.repeated {
        0 => String::new(),
        many => format!(" · {many} measured again"),
    };
    let (sign, text, style) = match (verdict.samples, verdict.tainted) {
        (0, _) if run.is_bare() => ("○", "the samples are on disk".to_owned(), look.theme.muted),
        (0, _) if run.is_live() => ("○", "no sample yet".to_owned(), look.theme.muted),
        (0, _) => ("○", "no sample that counts".to_owned(), look.theme.muted),
        (all, 0) => ("●", format!("quiet: none of {all} samples disturbed"), look.theme.good),
        (all, some) => {
            let causes: Vec<String> = verdict.causes.iter().take(3).filter_map(cause).collect();
            let causes = causes.join(", ");
            ("▲", format!("disturbed: {causes}, {some} of {all} samples"), look.theme.warn)
        }
    };
    Line::from(vec![
        Span::styled(format!("{sign} {text}"), style),
        Span::styled(again, look.theme.muted),
    ])
}

/// `steal 4 %`: what disturbed, and the worst of it.
fn cause(cause: &Cause) -> Option<String> {
    let worst = cause.worst.map(|worst| format!(" {:.0} %", worst.percent()));
    let words = cause.taint.words();
    (cause.samples > 0).then(|| format!("{words}{}", worst.unwrap_or_default()))
}

//! Which run `isomon run --resume last` goes on with.

use color_eyre::eyre::{Result, eyre};

use super::super::advice::Advise;
use super::super::list;
use super::super::setting::Setting;
use crate::model::id::RunId;
use crate::model::run::StoredRun;
use crate::store::result::pulled;

/// The latest workflow's run that can go on.
pub(super) fn latest(setting: &Setting) -> Result<RunId> {
    let here = |run: &StoredRun| !pulled::is_one(&setting.local.runs.join(run.id.as_str()));
    let mut found = list::briefs(setting)?.into_iter();
    let found = found.find(|run| list::flow_can_go_on(run) && here(run));
    found.map(|run| run.id).ok_or_else(|| {
        eyre!("no workflow's run can go on: none was cut off, failed or was cancelled")
            .advise("`isomon list` shows those there are; `isomon run FILE` makes a new one")
    })
}

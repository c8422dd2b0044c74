//! `GET /v1/alerts`: what the rules find to be wrong here, what happened, and who is told.

use std::sync::Arc;

use super::{Answer, Ask, Context, Door, Json, Problem};
use crate::model::alert::{AlertState, Alerts};
use crate::model::id::SourceId;
use crate::report::exposition as table;
use crate::state::State;

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/alerts", "What the rules find to be wrong here, and what happened", alerts)
}

async fn alerts(context: Arc<Context>, _: Ask) -> Answer<Json<Alerts>> {
    let state = context.state();
    let alerts = own(&state).cloned();
    drop(state);
    alerts
        .map(Json)
        .ok_or_else(|| Problem::unknown("no rules have been asked here yet; --no-alerts asks none"))
}

fn own(state: &State) -> Option<&Alerts> {
    let node = state.nodes.get(&SourceId::local())?;
    node.alerts.as_ref().map(|(_, alerts)| &**alerts)
}

/// How many alerts are how, and what became of messages.
pub(super) fn expose(page: &mut String, state: &State) {
    let Some(alerts) = own(state) else { return };
    let states = [AlertState::Unsure, AlertState::Pending, AlertState::Firing];
    let counts = alerts.rules.iter().flat_map(|rule| {
        states.map(|state| {
            let labels = [rule.name.to_string(), rule.severity.to_string(), state.to_string()];
            (labels, rule.counts[state as usize])
        })
    });
    table::ALERTS.write(page, counts);
    let messages = alerts.receivers.iter().flat_map(|one| {
        [(one.sent, "sent"), (one.failed, "failed")]
            .map(|(count, what)| ([one.name.to_string(), what.to_owned()], count))
    });
    table::ALERT_MESSAGES.write(page, messages);
}

//! No model to show: what is asked, what came of it, and how a server of models is added.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::id::SourceId;
use crate::model::origin::{Kind, Offer};
use crate::model::update::Health;
use crate::state::{Node, State};
use crate::tui::look::Look;
use crate::tui::widget::notice;

/// Draws the view.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
    let mut words = reasons(state);
    let asked = servers(state).next().is_some();
    let silent = servers(state).any(|(_, node)| matches!(node.health, Some(Health::Down { .. })));
    let headline = match (asked, silent) {
        (_, true) => "A server of models does not answer",
        (true, false) => "No model is loaded",
        (false, false) => "No model is watched",
    };
    if !asked {
        words.push("isomon --source vllm+http://host:8000".to_owned());
        words.push("or sglang+ llamacpp+ tgi+ ollama+ triton+ openai+ before http".to_owned());
        words.push(
            "To find those of this machine: models = true under [watch] of isomon.toml, or \
             ISOMON_WATCH_MODELS=true."
                .to_owned(),
        );
    }
    notice::notice(headline, &words, area, buffer, look);
}

/// Sources that are servers of models.
fn servers(state: &State) -> impl Iterator<Item = (&SourceId, &Node)> {
    let is_server = |node: &Node| {
        matches!(node.origin.as_ref().map(|origin| origin.kind), Some(Kind::Model(_)))
    };
    state.nodes.iter().filter(move |(_, node)| is_server(node))
}

/// A sentence for each server that has nothing to show, and why.
pub(super) fn reasons(state: &State) -> Vec<String> {
    servers(state).map(|(id, node)| sentence(id, node)).collect()
}

fn sentence(id: &SourceId, node: &Node) -> String {
    if let Some(Health::Down { why, .. }) = &node.health {
        return format!("{id}: {why}.");
    }
    let endpoints = node.origin.iter().flat_map(|origin| &origin.endpoints);
    let failed = endpoints.clone().find_map(|one| match &one.offer {
        Offer::Failed(why) => Some(format!("{id}: {}: {why}.", one.name)),
        _ => None,
    });
    failed.unwrap_or_else(|| match node.serving {
        Some(_) => format!("{id}: answers, and serves no model now."),
        None => format!("{id}: is asked for the first time."),
    })
}

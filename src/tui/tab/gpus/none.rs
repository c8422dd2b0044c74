//! No GPU to show: what was looked for, what came of it, what would mend it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::gpu::{GpuReader, GpuReaderState};
use crate::state::{Part, State};
use crate::tui::look::Look;
use crate::tui::widget::notice;

/// Draws the view.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
    let looked = state.telling(Part::Gpus).next().is_some();
    if !looked {
        let words = ["NVIDIA, AMD and Intel are each asked in their own way.".to_owned()];
        notice::notice("Looking for GPUs", &words, area, buffer, look);
        return;
    }
    let broken = readers(state).any(|reader| matches!(reader.state, GpuReaderState::Broken { .. }));
    let headline = if broken { "A GPU reader does not answer" } else { "No GPU here" };
    let mut words = reasons(state);
    if !broken {
        words.push("Nothing is wrong with isomon. A GPU that is added shows up here.".to_owned());
    }
    notice::notice(headline, &words, area, buffer, look);
}

fn readers(state: &State) -> impl Iterator<Item = &GpuReader> {
    let samples = state.telling(Part::Gpus).filter_map(|(_, node)| node.gpus.as_ref());
    samples.flat_map(|(_, sample)| &sample.readers)
}

/// A sentence for each reader, the broken ones first.
pub(super) fn reasons(state: &State) -> Vec<String> {
    let mut readers: Vec<&GpuReader> = readers(state).collect();
    readers.sort_by_key(|reader| match reader.state {
        GpuReaderState::Broken { .. } => 0,
        GpuReaderState::Works => 1,
        GpuReaderState::NotHere(_) => 2,
    });
    readers.into_iter().map(sentence).collect()
}

fn sentence(reader: &GpuReader) -> String {
    let name = &reader.name;
    match &reader.state {
        GpuReaderState::Works => format!("{name}: answers, and names no GPU."),
        GpuReaderState::NotHere(reason) => format!("{name}: {reason}."),
        GpuReaderState::Broken { reason, remedy } => {
            format!("{name}: {reason}. To mend it: {remedy}.")
        }
    }
}

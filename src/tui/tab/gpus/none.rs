//! No GPU to show: what was looked for, what came of it, what would mend it.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::gpu::{GpuReader, GpuReaderState, GpuSample};
use crate::model::id::SourceId;
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
    let said = said(state);
    let broken = said.keys().any(|reason| reason.rank == BROKEN);
    let closing = "Nothing is wrong with isomon. A GPU that is added shows up here.";
    let closing = (!broken).then(|| closing.to_owned());
    let words = notice::fitting(sentences(state, &said), closing, area);
    let headline = match asked(state) {
        _ if broken => "A GPU reader does not answer".to_owned(),
        0 | 1 => "No GPU here".to_owned(),
        nodes => format!("No GPU on these {nodes} nodes"),
    };
    notice::notice(&headline, &words, area, buffer, look);
}

/// How many nodes told of GPUs, or that there is none.
fn asked(state: &State) -> usize {
    samples(state).count()
}

fn samples(state: &State) -> impl Iterator<Item = (&SourceId, &GpuSample)> {
    let told = state.telling(Part::Gpus);
    told.filter_map(|(id, node)| Some((id, node.gpus.as_ref()?.1.as_ref())))
}

/// Rank of a reader that is here and does not answer.
const BROKEN: u8 = 0;

/// What a reader came to, the broken ones first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Reason<'a> {
    rank: u8,
    reader: &'a str,
    words: &'a str,
    remedy: &'a str,
}

impl<'a> Reason<'a> {
    fn of(reader: &'a GpuReader) -> Self {
        let (rank, words, remedy) = match &reader.state {
            GpuReaderState::Broken { reason, remedy } => (BROKEN, reason.as_str(), remedy.as_str()),
            GpuReaderState::Works => (1, "answers, and names no GPU", ""),
            GpuReaderState::NotHere(reason) => (2, reason.as_str(), ""),
        };
        Self { rank, reader: reader.name.as_str(), words, remedy }
    }
}

/// The nodes that say the same.
#[derive(Default)]
struct Whom<'a> {
    first: [Option<&'a SourceId>; 2],
    count: usize,
}

impl<'a> Whom<'a> {
    fn add(&mut self, id: &'a SourceId) {
        if let Some(place) = self.first.get_mut(self.count) {
            *place = Some(id);
        }
        self.count += 1;
    }

    /// ` on local, vm2 and 2 more`; nothing where one node alone was asked.
    fn words(&self, asked: usize) -> String {
        match (self.first, self.count) {
            _ if asked < 2 => String::new(),
            (_, count) if count == asked => format!(" on all {asked} nodes"),
            ([Some(one), Some(other)], 2) => format!(" on {one} and {other}"),
            ([Some(one), Some(other)], count) => {
                format!(" on {one}, {other} and {} more", count.saturating_sub(2))
            }
            ([one, _], _) => one.map(|one| format!(" on {one}")).unwrap_or_default(),
        }
    }
}

/// What readers came to, each thing once with the nodes it is of.
fn said(state: &State) -> BTreeMap<Reason<'_>, Whom<'_>> {
    let mut said: BTreeMap<Reason<'_>, Whom<'_>> = BTreeMap::new();
    for (id, sample) in samples(state) {
        for reader in &sample.readers {
            said.entry(Reason::of(reader)).or_default().add(id);
        }
    }
    said
}

/// A sentence for each thing that readers came to.
pub(super) fn reasons(state: &State) -> Vec<String> {
    sentences(state, &said(state))
}

fn sentences(state: &State, said: &BTreeMap<Reason<'_>, Whom<'_>>) -> Vec<String> {
    let asked = asked(state);
    let sentence = |(reason, whom): (&Reason<'_>, &Whom<'_>)| {
        let Reason { reader, words, remedy, .. } = reason;
        let mend =
            if remedy.is_empty() { String::new() } else { format!(" To mend it: {remedy}.") };
        format!("{reader}{}: {words}.{mend}", whom.words(asked))
    };
    said.iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reading::Reading;
    use crate::model::text::SafeText;
    use crate::model::update::{Update, What};

    fn told(nodes: &[(&str, &[(&str, GpuReaderState)])]) -> State {
        let mut state = State::default();
        for (node, readers) in nodes {
            let reader = |(name, state): &(&str, GpuReaderState)| GpuReader {
                name: SafeText::new(name),
                version: Reading::default(),
                state: state.clone(),
            };
            let readers = readers.iter().map(reader).collect();
            let sample = GpuSample { readers, ..GpuSample::default() };
            let from = SourceId(SafeText::new(node));
            let at = crate::model::time::Stamp::default();
            state.apply(&Update { at, from, what: What::Gpus(Box::new(sample)) });
        }
        state
    }

    #[test]
    fn what_several_nodes_say_is_said_once_with_their_names() {
        let none = GpuReaderState::NotHere("no NVIDIA library".into());
        let bare = GpuReaderState::NotHere("no AMD card".into());
        let broken =
            GpuReaderState::Broken { reason: "too old".into(), remedy: "update it".into() };
        let two: &[_] = &[("NVML", none), ("amdgpu", bare.clone())];
        assert_eq!(
            reasons(&told(&[("local", two)])),
            ["NVML: no NVIDIA library.", "amdgpu: no AMD card."]
        );
        let odd: &[_] = &[("NVML", broken), ("amdgpu", bare)];
        let state = told(&[("a", two), ("b", two), ("c", odd), ("d", two), ("e", two)]);
        assert_eq!(
            reasons(&state),
            [
                "NVML on c: too old. To mend it: update it.",
                "NVML on a, b and 2 more: no NVIDIA library.",
                "amdgpu on all 5 nodes: no AMD card.",
            ]
        );
    }
}

//! Which rows belong together: a value of the column that parts groups, and what parts boxes.

use super::super::Row;
use super::{BOXES, GROUPS};
use crate::model::workflow::plot::PlotKind;

/// Bytes of a group's name.
const NAME: usize = 200;

/// What tells the rows of a series from others.
#[derive(PartialEq, Eq)]
pub(super) struct Key {
    category: Vec<u8>,
    group: Vec<u8>,
}

impl Key {
    pub(super) fn category(&self) -> String {
        text(&self.category)
    }

    pub(super) fn group(&self) -> String {
        text(&self.group)
    }
}

/// The keys in the order in which they first come.
pub(super) struct Keys {
    categories: Vec<usize>,
    group: Option<usize>,
    found: Vec<Key>,
    groups: usize,
    most: usize,
    /// The category of the present row, where several columns make it.
    joined: Vec<u8>,
}

impl Keys {
    pub(super) fn new(kind: PlotKind, categories: Vec<usize>, group: Option<usize>) -> Self {
        let most = if kind == PlotKind::Boxplot { BOXES } else { GROUPS };
        Self { categories, group, found: Vec::new(), groups: 0, most, joined: Vec::new() }
    }

    /// The number of a row's key, and whether it is new; `None` where there is no room for another.
    pub(super) fn of(&mut self, row: &Row<'_>) -> Option<(usize, bool)> {
        let cell = |at: usize| cut(row.cells.get(at).unwrap_or_default());
        let group = self.group.map(cell).unwrap_or_default();
        let category = match self.categories.as_slice() {
            [] => &[],
            [only] => cell(*only),
            many => {
                self.joined = many.iter().map(|at| cell(*at)).collect::<Vec<_>>().join(&b", "[..]);
                cut(&self.joined)
            }
        };
        let known = |key: &Key| same(&key.group, group) && same(&key.category, category);
        if let Some(at) = self.found.iter().position(known) {
            return Some((at, false));
        }
        if self.found.len() >= self.most {
            return None;
        }
        let new = self.found.iter().all(|key| !same(&key.group, group));
        if new && self.groups >= GROUPS {
            return None;
        }
        self.groups += usize::from(new);
        self.found.push(Key { category: category.to_vec(), group: group.to_vec() });
        Some((self.found.len() - 1, true))
    }

    pub(super) fn at(&self, key: usize) -> &Key {
        &self.found[key]
    }
}

/// Whether two names are one. Names of no letters are not looked into: they lie nowhere, and some
/// processors take longer to find that out than to read the whole row.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && (left.is_empty() || left == right)
}

fn cut(name: &[u8]) -> &[u8] {
    name.get(..NAME).unwrap_or(name).trim_ascii()
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

//! The row of a list that is looked at: it stays with what stands there when rows come or are sorted
//! anew.

/// A row, and what stood there when it was chosen.
#[derive(Debug)]
pub(super) struct Anchor<K> {
    row: usize,
    key: Option<K>,
}

impl<K> Default for Anchor<K> {
    fn default() -> Self {
        Self { row: 0, key: None }
    }
}

impl<K: Clone + PartialEq> Anchor<K> {
    /// Its row in a list of `keys`; where what it stood on is gone, its place.
    pub(super) fn row(&self, keys: &[&K]) -> usize {
        let place = self.row.min(keys.len().saturating_sub(1));
        let Some(key) = &self.key else { return place };
        // Most often it stands where it stood.
        if keys.get(place).is_some_and(|here| *here == key) {
            return place;
        }
        keys.iter().position(|one| *one == key).unwrap_or(place)
    }

    /// Puts it on row `row` of `keys`.
    pub(super) fn set(&mut self, row: usize, keys: &[&K]) {
        self.row = row;
        self.key = keys.get(row).map(|key| (*key).clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_with_what_it_stands_on_and_else_where_it_stood() {
        let mut anchor = Anchor::<char>::default();
        assert_eq!(anchor.row(&[]), 0);
        anchor.set(1, &[&'a', &'b', &'c']);
        assert_eq!(anchor.row(&[&'a', &'b', &'c']), 1);
        assert_eq!(anchor.row(&[&'c', &'a', &'d', &'b']), 3);
        assert_eq!(anchor.row(&[&'c', &'a', &'d']), 1, "its place, where it is gone");
        assert_eq!(anchor.row(&[&'c']), 0, "the last, where its place is gone, too");
        anchor.set(1, &[&'a', &'b', &'b']);
        anchor.set(2, &[&'a', &'b', &'b']);
        assert_eq!(anchor.row(&[&'a', &'b', &'b']), 2, "two alike are told apart by place");
    }
}

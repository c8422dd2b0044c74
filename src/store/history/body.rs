//! How rows stand in the file: bytes with a seal.
//!
//! `SQLite` finds damage of its own structure, not of what is kept in it. So each piece ends with a sum
//! over the file's own number, its key and its bytes: a flipped bit, a piece in another's place and a
//! piece out of another file are all found, and left out. What is read is bounded by its own length.

use flate2::Crc;

/// What is sealed: the same bytes do not pass for something else.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Tag {
    Tail = 1,
    Chunk = 2,
    Track = 3,
    Shape = 4,
    Segment = 5,
}

/// Makes and checks seals of one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seal {
    /// The file's number, drawn when it was begun.
    pub(super) store: i64,
}

impl Seal {
    /// The sum over what stands under `key`.
    pub(super) fn sum(self, tag: Tag, key: i64, body: &[u8]) -> u32 {
        let mut sum = Crc::new();
        sum.update(&self.store.to_le_bytes());
        sum.update(&[tag as u8]);
        sum.update(&key.to_le_bytes());
        sum.update(body);
        sum.sum()
    }

    /// Ends `body` with its seal.
    pub(super) fn close(self, tag: Tag, key: i64, body: &mut Vec<u8>) {
        let sum = self.sum(tag, key, body);
        body.extend_from_slice(&sum.to_le_bytes());
    }

    /// What is before the seal; `None` where it does not fit.
    pub(super) fn open(self, tag: Tag, key: i64, sealed: &[u8]) -> Option<&[u8]> {
        let (body, sum) = sealed.split_last_chunk::<4>()?;
        (self.sum(tag, key, body) == u32::from_le_bytes(*sum)).then_some(body)
    }
}

/// Takes numbers off the front of bytes.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first)
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// The values of one track at one moment, as the tail has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry<'a> {
    pub(super) track: u32,
    pub(super) shape: u32,
    /// When, on the store's own clock.
    pub(super) own: i64,
    values: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The values in the order of the shape; NaN is missing.
    pub(super) fn values(&self) -> impl Iterator<Item = f32> + use<'a> {
        floats(self.values)
    }
}

/// Rows that were committed together, being put together.
#[derive(Debug)]
pub(super) struct Batch {
    base: i64,
    body: Vec<u8>,
}

impl Batch {
    /// An empty one; none of its rows is earlier than `base`.
    pub(super) fn new(base: i64) -> Self {
        Self { base, body: base.to_le_bytes().to_vec() }
    }

    /// Adds a row; false if it is too long after the first, or too wide.
    pub(super) fn push(
        &mut self,
        track: u32,
        shape: u32,
        own: i64,
        values: &[Option<f32>],
    ) -> bool {
        let after = u32::try_from(own - self.base);
        let (Ok(after), Ok(count)) = (after, u16::try_from(values.len())) else {
            return false;
        };
        for number in [track, shape, after] {
            self.body.extend_from_slice(&number.to_le_bytes());
        }
        self.body.extend_from_slice(&count.to_le_bytes());
        for value in values {
            self.body.extend_from_slice(&value.unwrap_or(f32::NAN).to_le_bytes());
        }
        true
    }

    /// The bytes, to be sealed.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.body
    }
}

/// The rows in the bytes of a [`Batch`]; ends where they make no sense.
pub(super) fn entries(body: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let mut front = Front(body);
    let base = front.i64();
    std::iter::from_fn(move || {
        let (track, shape) = (front.u32()?, front.u32()?);
        let own = base?.checked_add(i64::from(front.u32()?))?;
        let count = usize::from(front.u16()?);
        Some(Entry { track, shape, own, values: front.bytes(count * 4)? })
    })
}

/// The rows of one track over a while, by column; columns that are missing throughout take no room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Chunk {
    pub(super) shape: u32,
    /// Milliseconds from the start of the chunk, ascending.
    pub(super) after: Vec<u32>,
    /// By column of the shape; empty is missing throughout, NaN is missing.
    pub(super) columns: Vec<Vec<f32>>,
}

impl Chunk {
    /// The bytes, to be sealed.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let known = |column: &Vec<f32>| column.iter().any(|value| !value.is_nan());
        let kept: Vec<bool> = self.columns.iter().map(known).collect();
        let columns = kept.iter().filter(|kept| **kept).count();
        let mut body =
            Vec::with_capacity(16 + kept.len() / 8 + self.after.len() * 4 * (columns + 1));
        body.extend_from_slice(&self.shape.to_le_bytes());
        body.extend_from_slice(&u32::try_from(self.after.len()).unwrap_or(u32::MAX).to_le_bytes());
        body.extend_from_slice(&u16::try_from(kept.len()).unwrap_or(u16::MAX).to_le_bytes());
        for eight in kept.chunks(8) {
            body.push(eight.iter().rev().fold(0, |bits, kept| (bits << 1) | u8::from(*kept)));
        }
        for after in &self.after {
            body.extend_from_slice(&after.to_le_bytes());
        }
        for (column, _) in self.columns.iter().zip(&kept).filter(|(_, kept)| **kept) {
            for value in column {
                body.extend_from_slice(&value.to_le_bytes());
            }
        }
        body
    }

    /// Reads [`bytes`](Self::bytes) back; `None` where they make no sense.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut front = Front(body);
        let shape = front.u32()?;
        let count = usize::try_from(front.u32()?).ok()?;
        let width = usize::from(front.u16()?);
        let kept = front.bytes(width.div_ceil(8))?;
        let after = front.bytes(count.checked_mul(4)?)?;
        let after = after.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let after: Vec<u32> = after.collect();
        let column = |index: usize| {
            let is_kept = kept.get(index / 8).is_some_and(|bits| bits >> (index % 8) & 1 == 1);
            if is_kept { Some(floats(front.bytes(count * 4)?).collect()) } else { Some(Vec::new()) }
        };
        let columns = (0..width).map(column).collect::<Option<_>>()?;
        after.is_sorted().then_some(Self { shape, after, columns })
    }

    /// The values of row `index`; NaN is missing.
    pub(super) fn row(&self, index: usize) -> impl Iterator<Item = f32> + '_ {
        self.columns.iter().map(move |column| column.get(index).copied().unwrap_or(f32::NAN))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEAL: Seal = Seal { store: 42 };

    #[test]
    fn a_seal_holds_for_its_bytes_in_their_place_alone() {
        let mut body = b"values".to_vec();
        SEAL.close(Tag::Chunk, 7, &mut body);
        assert_eq!(SEAL.open(Tag::Chunk, 7, &body), Some(&b"values"[..]));
        assert_eq!(SEAL.open(Tag::Chunk, 8, &body), None, "another's place");
        assert_eq!(SEAL.open(Tag::Tail, 7, &body), None, "another kind");
        assert_eq!(Seal { store: 43 }.open(Tag::Chunk, 7, &body), None, "another file");
        for bit in 0..body.len() * 8 {
            let mut flipped = body.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SEAL.open(Tag::Chunk, 7, &flipped), None, "bit {bit}");
        }
        assert_eq!(SEAL.open(Tag::Chunk, 7, &[]), None);
    }

    #[test]
    fn rows_come_out_of_a_batch_as_they_went_in() {
        let mut batch = Batch::new(1_000);
        assert!(batch.push(3, 1, 1_000, &[Some(1.5), None]));
        assert!(batch.push(4, 2, 1_900, &[]));
        assert!(!batch.push(4, 2, 999, &[]), "before the first");
        let bytes = batch.into_bytes();
        let entries: Vec<_> = entries(&bytes).collect();
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].track, entries[0].shape, entries[0].own), (3, 1, 1_000));
        let values: Vec<f32> = entries[0].values().collect();
        assert_eq!(values[..1], [1.5]);
        assert!(values[1].is_nan(), "{values:?}");
        assert_eq!((entries[1].track, entries[1].own), (4, 1_900));
    }

    #[test]
    fn a_column_without_a_value_takes_no_room() {
        let of = |second: f32| Chunk {
            shape: 1,
            after: vec![0, 10],
            columns: vec![vec![1.0, 2.0], vec![f32::NAN, second]],
        };
        let (without, with) = (of(f32::NAN).bytes(), of(3.0).bytes());
        assert_eq!(with.len() - without.len(), 8);
        let read = Chunk::read(&without).expect("a chunk");
        assert!(read.row(1).nth(1).expect("a column").is_nan());
        let read = Chunk::read(&with).expect("a chunk");
        assert_eq!(read.row(1).collect::<Vec<_>>(), [2.0, 3.0]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(entries(&bytes).count() <= 200);
            if let Some(chunk) = Chunk::read(&bytes) {
                prop_assert!(chunk.after.len() <= 50);
            }
        }

        #[test]
        fn a_chunk_is_read_back(
            rows in proptest::collection::vec((0_u32..1_000, proptest::collection::vec(-1e9_f32..1e9, 11)), 0..40)
        ) {
            let mut after: Vec<u32> = rows.iter().map(|row| row.0).collect();
            after.sort_unstable();
            let column = |index: usize| rows.iter().map(|row| row.1[index]).collect::<Vec<f32>>();
            let columns: Vec<Vec<f32>> = (0..11).map(column).collect();
            let chunk = Chunk { shape: 9, after, columns };
            prop_assert_eq!(Chunk::read(&chunk.bytes()), Some(chunk));
        }
    }
}

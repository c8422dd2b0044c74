//! A page of metrics as a request of remote write: protobuf, compressed with snappy.
//!
//! The message is small enough to be written by hand: a list of series, each with labels in the order
//! of their names and one sample. A series that was sent and is gone is ended with the marker for that,
//! so that its last value does not stand for five minutes more.

use std::collections::BTreeSet;

use crate::metric::Bounds;
use crate::metric::page::Page;

/// The value that says that a series has ended: a NaN of its own.
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Labels of a series, the name among them, in their order.
type Labels = Vec<(String, String)>;

/// What makes requests, and knows what was sent last.
#[derive(Debug, Default)]
pub struct Sender {
    labels: Vec<(String, String)>,
    sent: BTreeSet<Labels>,
}

impl Sender {
    /// One that adds `labels` to every series that has no such label itself.
    pub const fn new(labels: Vec<(String, String)>) -> Self {
        Self { labels, sent: BTreeSet::new() }
    }

    /// The request for `page` as it was at `at_ms`, and how many samples are in it; `None` where there
    /// are none.
    pub fn batch(&mut self, page: &str, at_ms: i64) -> Option<(Vec<u8>, u64)> {
        let page = Page::parse(page, &Bounds::default()).ok()?;
        let (mut message, mut now, mut samples) = (Vec::new(), BTreeSet::new(), 0);
        for series in page.series() {
            let own =
                series.labels.iter().map(|label| (label.name.to_string(), label.value.to_string()));
            let mut labels: Labels = own.filter(|(_, value)| !value.is_empty()).collect();
            for (name, value) in &self.labels {
                if labels.iter().all(|(own, _)| own != name) {
                    labels.push((name.clone(), value.clone()));
                }
            }
            labels.push(("__name__".to_owned(), series.name.to_owned()));
            labels.sort();
            write_series(&mut message, &labels, series.value.to_bits(), at_ms);
            samples += 1;
            now.insert(labels);
        }
        for gone in self.sent.difference(&now) {
            write_series(&mut message, gone, STALE, at_ms);
        }
        self.sent = now;
        if message.is_empty() {
            return None;
        }
        let body = snap::raw::Encoder::new().compress_vec(&message).ok()?;
        Some((body, samples))
    }
}

/// `timeseries`, field 1 of the request.
fn write_series(message: &mut Vec<u8>, labels: &Labels, bits: u64, at_ms: i64) {
    let mut series = Vec::new();
    for (name, value) in labels {
        let mut label = Vec::new();
        write_bytes(&mut label, 1, name.as_bytes());
        write_bytes(&mut label, 2, value.as_bytes());
        write_bytes(&mut series, 1, &label);
    }
    let mut sample = Vec::new();
    // Field 1, eight bytes; field 2, a number of its own length.
    sample.push(1 << 3 | 1);
    sample.extend_from_slice(&bits.to_le_bytes());
    sample.push(2 << 3);
    write_number(&mut sample, at_ms.cast_unsigned());
    write_bytes(&mut series, 2, &sample);
    write_bytes(message, 1, &series);
}

/// Field number `field` with `bytes` in it.
fn write_bytes(to: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    to.push(field << 3 | 2);
    write_number(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// The lowest seven bits.
const fn low(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

/// A number in groups of seven bits, the lowest first.
fn write_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(low(number) | 0x80);
        number >>= 7;
    }
    to.push(low(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(body: &[u8]) -> Vec<u8> {
        snap::raw::Decoder::new().decompress_vec(body).unwrap()
    }

    #[test]
    fn a_message_is_what_the_protocol_says() {
        let mut sender = Sender::new(Vec::new());
        let (body, samples) = sender.batch("up{b=\"2\",a=\"1\"} 1\n", 300).unwrap();
        let mut wanted = vec![0x0a, 47];
        for (name, value) in [("__name__", "up"), ("a", "1"), ("b", "2")] {
            wanted.extend([0x0a, u8::try_from(name.len() + value.len() + 4).unwrap()]);
            wanted.extend([0x0a, u8::try_from(name.len()).unwrap()]);
            wanted.extend(name.bytes());
            wanted.extend([0x12, u8::try_from(value.len()).unwrap()]);
            wanted.extend(value.bytes());
        }
        wanted.extend([0x12, 12, 0x09]);
        wanted.extend(1.0_f64.to_le_bytes());
        wanted.extend([0x10, 0xac, 0x02]);
        wanted[1] = u8::try_from(wanted.len() - 2).unwrap();
        assert_eq!((plain(&body), samples), (wanted, 1));
    }

    #[test]
    fn labels_are_added_and_what_is_gone_is_ended() {
        let labels = vec![("instance".to_owned(), "web-1".to_owned())];
        let mut sender = Sender::new(labels);
        let (body, samples) = sender.batch("a{instance=\"own\"} 1\nb 2\n", 1).unwrap();
        let text = String::from_utf8_lossy(&plain(&body)).into_owned();
        assert!(samples == 2 && text.contains("own") && text.contains("web-1"), "{text}");
        let (body, samples) = sender.batch("b 3\n", 2).unwrap();
        let bytes = plain(&body);
        assert!(bytes.windows(8).any(|window| window == STALE.to_le_bytes()) && samples == 1);
        let (body, _) = sender.batch("b 3\n", 3).unwrap();
        assert!(!plain(&body).windows(8).any(|window| window == STALE.to_le_bytes()));
        assert!(Sender::default().batch("", 1).is_none());
    }
}

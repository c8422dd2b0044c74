//! Reads the lines of another isomon, from whatever way they came: HTTP, or the other end of SSH.
//!
//! A line that is not understood is one lost line and no more: a newer isomon says things this one has
//! no word for. A line whose lists would take more than twice its own length in memory is not understood
//! either ([`list::bounded`]), so that a hostile answer does not grow there without end.

use serde::Deserialize;

use crate::model::id::SourceId;
use crate::model::list;
use crate::model::live::Hello;
use crate::model::text::SafeText;
use crate::model::update::What;
use crate::source::{Error, Told};

/// Longest line that is read; the processes of a large machine are one line.
const LONGEST: usize = 4 << 20;
/// What a line of a kept run has near its beginning.
const KEPT: &[u8] = br#""from":"stored""#;
/// Most lines of an answer; more are said to be too many.
const LINES: usize = 20_000;

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    /// Its first line.
    pub hello: Hello,
    /// What its other lines told.
    pub told: Vec<Told>,
    /// The number of the last of them; 0 where there was none.
    pub last: u64,
    /// Lines that were not understood.
    pub strange: u64,
}

/// A line as it is needed here: when it happened there is passed over.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    from: SourceId,
    what: What,
}

/// The number alone, for a line that tells something unknown.
#[derive(Deserialize)]
struct Number {
    seq: u64,
}

impl Answer {
    /// Reads a whole answer.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let hello = hello(lines.next().unwrap_or_default())?;
        let mut answer = Self { hello, told: Vec::new(), last: 0, strange: 0 };
        for (count, line) in lines.enumerate() {
            if count == LINES {
                return Err(Error::Limit { what: "an answer", most: "20,000 lines" });
            }
            answer.take(line)?;
        }
        Ok(answer)
    }

    /// Takes in one further line.
    pub fn take(&mut self, line: &[u8]) -> Result<(), Error> {
        if line.len() > LONGEST {
            return Err(Error::Limit { what: "a line", most: "4 MiB" });
        }
        let number = match list::bounded::<Line>(line) {
            Ok(line) => {
                self.told.extend(told(&line.from, line.what));
                Some(line.seq)
            }
            Err(error) if error.is_eof() => {
                let why = SafeText::new("it ends in the middle of a line");
                return Err(Error::Shape { path: "/v1/live".into(), why });
            }
            Err(_) => {
                self.strange += 1;
                serde_json::from_slice::<Number>(line).ok().map(|line| line.seq)
            }
        };
        self.last = self.last.max(number.unwrap_or_default());
        Ok(())
    }
}

/// What is said there of that machine; nothing of what it keeps on disk, nor of other nodes: no isomon
/// tells those on.
fn told(from: &SourceId, what: What) -> Option<Told> {
    (*from == SourceId::local()).then(|| Told::own(what))
}

/// What a line tells of a run that is kept there, of either kind; `None` of any other.
pub fn kept_run(line: &[u8]) -> Option<What> {
    let is_kept = line.windows(KEPT.len()).take(160).any(|part| part == KEPT);
    if !is_kept || line.len() > LONGEST {
        return None;
    }
    let Line { from, what, .. } = list::bounded(line).ok()?;
    let is_run = matches!(what, What::Run { .. } | What::Workflow { .. });
    (is_run && from == SourceId::stored()).then_some(what)
}

/// The first line; who does not begin with it is no isomon.
pub fn hello(line: &[u8]) -> Result<Hello, Error> {
    let another = |found: &str| Error::Another { wanted: "isomon", found: found.into() };
    if line.len() > LONGEST {
        return Err(Error::Limit { what: "a line", most: "4 MiB" });
    }
    if line.first().is_some_and(|byte| *byte != b'{') {
        return Err(another("it does not answer with lines of JSON"));
    }
    let hello: Hello = serde_json::from_slice(line).map_err(|error| match error.is_eof() {
        true if line.is_empty() => another("it answers with nothing"),
        true => {
            let why = SafeText::new("it ends in the middle of its first line");
            Error::Shape { path: "/v1/live".into(), why }
        }
        false => another(&format!("its first line is no greeting ({error})")),
    })?;
    if hello.isomon_live == 0 {
        return Err(another("its first line names no format"));
    }
    Ok(hello)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::live::{self, FORMAT};
    use crate::model::node::NodeSample;
    use crate::model::time::Stamp;
    use crate::model::update::Update;

    fn greeting() -> Hello {
        Hello { isomon_live: FORMAT, instance: "a".into(), seq: 2, ..Hello::default() }
    }

    fn line(seq: u64, from: &str, what: What) -> String {
        let update = Update { at: Stamp::default(), from: SourceId(from.into()), what };
        serde_json::to_string(&live::Line { seq, update }).unwrap()
    }

    fn answer() -> String {
        let hello = serde_json::to_string(&greeting()).unwrap();
        let sample = || What::Node(Box::<NodeSample>::default());
        let own = line(1, "local", sample());
        let other = line(2, "rack/b", sample());
        let kept = line(3, "stored", sample());
        format!("{hello}\n{own}\n{other}\n{kept}\n")
    }

    #[test]
    fn what_one_isomon_writes_another_reads() {
        let answer = Answer::read(answer().as_bytes()).unwrap();
        assert_eq!(answer.hello, greeting());
        let nodes: Vec<_> = answer.told.iter().map(|told| told.node.clone()).collect();
        assert_eq!(nodes, [None], "neither what is kept, nor another node");
        assert_eq!((answer.last, answer.strange), (3, 0));
    }

    #[test]
    fn a_newer_isomon_is_understood_as_far_as_possible() {
        let newer = "{\"isomon_live\":9,\"version\":\"9\",\"instance\":\"x\",\"hostname\":\"h\",\
            \"now\":{\"mono_ms\":1,\"wall_ms\":1},\"seq\":5,\"resumed\":false,\"skipped\":0,\
            \"interval_seconds\":1.0,\"can_bench\":true,\"mood\":\"good\"}\n\
            {\"seq\":4,\"at\":{\"mono_ms\":1,\"wall_ms\":1},\"from\":\"local\",\"what\":{\"dream\":{}}}\n\
            {\"seq\":5,\"from\":\"local\",\"mood\":1,\"what\":{\"lost\":3}}\n";
        let answer = Answer::read(newer.as_bytes()).unwrap();
        assert_eq!((answer.last, answer.strange, answer.told.len()), (5, 1, 1));
    }

    #[test]
    fn a_line_that_would_grow_in_memory_is_one_lost_line() {
        let jobs = |count: usize| {
            let jobs = vec!["{}"; count].join(",");
            let what = format!("{{\"pipelines\":{{\"jobs\":[{jobs}],\"gaps\":[]}}}}");
            format!("{{\"seq\":4,\"from\":\"local\",\"what\":{what}}}\n")
        };
        let read = |more: &str| Answer::read((answer() + more).as_bytes()).unwrap();
        let (few, many) = (read(&jobs(2)), read(&(jobs(1_000) + &jobs(2))));
        assert_eq!((few.told.len(), few.strange), (2, 0));
        assert_eq!((many.told.len(), many.strange, many.last), (2, 1, 4));
    }

    #[test]
    fn an_answer_cut_at_any_byte_is_an_error_or_an_earlier_answer() {
        let whole = answer();
        for end in 0..whole.len() {
            if let Ok(part) = Answer::read(&whole.as_bytes()[..end]) {
                assert!(part.told.len() <= 1 && part.strange == 0, "{end}");
            }
        }
    }

    #[test]
    fn what_is_no_isomon_is_said_to_be_none() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let rows = ["", "\n\n", "<html>hello</html>", "{}", "[1]", "null", "\u{feff}{}", &deep];
        for text in rows {
            let error = Answer::read(text.as_bytes()).expect_err(text);
            assert!(matches!(error, Error::Another { .. } | Error::Shape { .. }), "{error}");
        }
        assert!(Answer::read(&[0xff, 0xfe, 0x00]).is_err());
        let deep = format!("{}\n{{\"seq\":1,\"what\":{deep}}}\n", answer().lines().next().unwrap());
        assert_eq!(Answer::read(deep.as_bytes()).unwrap().strange, 1);
    }
}

//! Some of the samples of a run: those of a page, without what stands before and after them in memory.

use std::path::Path;

use super::{Error, RunDir, SAMPLES, file};
use crate::model::bench::Sample;

/// Samples in a row, and how many there are in all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// These.
    pub samples: Vec<Sample>,
    /// How many the run has, those of warm-up too.
    pub total: usize,
}

impl RunDir {
    /// At most `most` samples of the run in `path`, from the one at `offset` on. A last line that is torn
    /// is left out; one of a run that still goes on may be that.
    pub fn page(path: &Path, offset: usize, most: usize) -> Result<Page, Error> {
        let at = path.join(SAMPLES);
        if !at.is_file() {
            // Somebody kept the whole run alone.
            let run = Self::read(path)?;
            let total = run.samples.len();
            return Ok(Page {
                samples: run.samples.into_iter().skip(offset).take(most).collect(),
                total,
            });
        }
        let bytes = file::read(&at)?;
        let whole =
            bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let mut page = Page::default();
        for (number, line) in whole.enumerate() {
            if number >= offset && page.samples.len() < most {
                let read = serde_json::from_slice(line);
                let corrupt =
                    |source| Error::Corrupt { path: at.clone(), line: number + 1, source };
                page.samples.push(read.map_err(corrupt)?);
            }
            page.total = number + 1;
        }
        Ok(page)
    }
}

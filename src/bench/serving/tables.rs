//! The tables of a load, on the disk row by row as they come: who is killed keeps what was there.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Error;
use crate::model::request::{Gap, HostRow, Request, ServerRow, Table};
use crate::model::text::SafeText;

/// Rows of gaps that are kept; what comes after is left out, and said.
const GAPS: u64 = 2_000_000;
/// Rows that may wait to be written.
const ROWS: usize = 1_024;

/// Rows of one of the tables.
#[derive(Debug)]
pub(super) enum Row {
    /// A request and its gaps.
    Request(Box<Request>, Vec<Gap>),
    /// Of the server.
    Server(Box<ServerRow>),
    /// Of this machine.
    Host(Vec<HostRow>),
}

/// Where the table is, if `pattern` says where all are.
pub(super) fn path(pattern: &str, table: Table) -> PathBuf {
    PathBuf::from(pattern.replace("{}", table.name()))
}

/// A table that grows.
struct Grown {
    path: PathBuf,
    file: File,
    rows: u64,
}

impl Grown {
    /// An empty one, with its header.
    fn begin(pattern: &str, table: Table) -> Result<Self, Error> {
        let path = path(pattern, table);
        let fault = |why| Error::Table { path: path.clone(), why };
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            std::fs::create_dir_all(above).map_err(fault)?;
        }
        let mut file = File::create(&path).map_err(fault)?;
        let names: Vec<String> = table.columns().into_iter().map(|column| column.name).collect();
        file.write_all((names.join(",") + "\n").as_bytes()).map_err(fault)?;
        Ok(Self { path, file, rows: 0 })
    }

    /// Writes `rows` behind it, at once.
    fn push<T: Serialize>(&mut self, rows: &[T]) -> Result<(), Error> {
        let fault = |why: std::io::Error| Error::Table { path: self.path.clone(), why };
        let mut to = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for row in rows {
            to.serialize(row).map_err(|why| fault(why.into()))?;
        }
        let bytes = to.into_inner().map_err(|why| fault(why.into_error()))?;
        self.file.write_all(&bytes).map_err(fault)?;
        self.rows += rows.len() as u64;
        Ok(())
    }
}

/// Who writes the tables.
#[derive(Debug)]
pub(super) struct Writer {
    /// Where rows go; it ends when all of these are dropped.
    pub(super) rows: mpsc::Sender<Row>,
    done: JoinHandle<Result<bool, Error>>,
}

impl Writer {
    /// Begins all tables where `pattern` says.
    pub(super) fn begin(pattern: &str) -> Result<Self, Error> {
        let begin = |table| Grown::begin(pattern, table);
        let tables = [
            begin(Table::Requests)?,
            begin(Table::Gaps)?,
            begin(Table::Server)?,
            begin(Table::Host)?,
        ];
        let (rows, taken) = mpsc::channel(ROWS);
        let done = tokio::task::spawn_blocking(move || write(tables, taken));
        Ok(Self { rows, done })
    }

    /// Waits until all is on the disk; whether gaps were left out.
    pub(super) async fn end(self) -> Result<bool, Error> {
        drop(self.rows);
        self.done.await.map_err(|why| Error::Fault(SafeText::new(&why.to_string())))?
    }
}

fn write(tables: [Grown; 4], mut rows: mpsc::Receiver<Row>) -> Result<bool, Error> {
    let [mut requests, mut gaps, mut server, mut host] = tables;
    let mut left_out = false;
    while let Some(row) = rows.blocking_recv() {
        match row {
            Row::Request(row, its) => {
                requests.push(&[row])?;
                let fits = gaps.rows + its.len() as u64 <= GAPS;
                left_out |= !fits;
                if fits {
                    gaps.push(&its)?;
                }
            }
            Row::Server(row) => server.push(&[row])?,
            Row::Host(rows) => host.push(&rows)?,
        }
    }
    for table in [&requests, &gaps, &server, &host] {
        let fault = |why| Error::Table { path: table.path.clone(), why };
        table.file.sync_all().map_err(fault)?;
    }
    Ok(left_out)
}

/// The rows of the table at `path`, up to the first that is torn.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    let fault = |why| Error::Table { path: path.to_owned(), why };
    let file = File::open(path).map_err(fault)?;
    Ok(rows(file))
}

fn rows<T: DeserializeOwned>(from: impl Read) -> Vec<T> {
    let rows = csv::Reader::from_reader(from).into_deserialize();
    rows.map_while(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::{Counted, Fate};

    #[tokio::test]
    async fn what_is_written_is_read_again() {
        let home = tempfile::tempdir().unwrap();
        let pattern = home.path().join("{}__x.csv").to_string_lossy().into_owned();
        let writer = Writer::begin(&pattern).unwrap();
        let request = Request {
            at: 1_763_764_453.125,
            number: 1,
            e2e_ms: Some(2.5),
            outcome: Fate::Malformed,
            counted_by: Counted::Chunks,
            status: Some(200),
            message: "a \"b\", c\nd".into(),
            ..Request::default()
        };
        let gap = Gap { at: 1.5, number: 1, gap_ms: 0.25 };
        let row = Row::Request(Box::new(request.clone()), vec![gap, gap]);
        writer.rows.send(row).await.unwrap();
        let host = HostRow { device: "cpu".into(), use_percent: Some(5.0), ..HostRow::default() };
        writer.rows.send(Row::Host(vec![host.clone()])).await.unwrap();
        assert!(!writer.end().await.unwrap());
        assert_eq!(read::<Request>(&path(&pattern, Table::Requests)).unwrap(), [request]);
        assert_eq!(read::<Gap>(&path(&pattern, Table::Gaps)).unwrap(), [gap, gap]);
        assert_eq!(read::<HostRow>(&path(&pattern, Table::Host)).unwrap(), [host]);
        assert_eq!(read::<ServerRow>(&path(&pattern, Table::Server)).unwrap(), []);
    }

    #[test]
    fn a_torn_last_line_is_dropped() {
        let text = "at,number,gap_ms\n1.5,1,0.25\n2.5,1";
        assert_eq!(rows::<Gap>(text.as_bytes()).len(), 1);
        assert_eq!(rows::<Gap>(b"".as_slice()).len(), 0);
        assert_eq!(rows::<Gap>(b"x\ny\n".as_slice()).len(), 0);
    }
}

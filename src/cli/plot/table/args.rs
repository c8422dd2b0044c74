//! What flags say of a picture of a table.

use clap::ValueEnum;
use color_eyre::eyre::{Result, eyre};

use super::super::super::advice::Advise;
use super::Found;
use crate::config::Span;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::plot::{Aggregation, PlotKind, PlotOptions, PlotSpec};
use crate::table::nearest;

/// A picture made by flags.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Of a workflow's run")]
pub(in crate::cli::plot) struct TableArgs {
    /// The output that is drawn, in place of the plots its file wishes
    #[arg(long, value_name = "OUTPUT")]
    source: Option<String>,
    /// One of the plots its file wishes, by name; repeat for more
    #[arg(long, value_name = "NAME", conflicts_with = "source")]
    plot: Vec<String>,
    /// What it shows: time_series, histogram, boxplot
    #[arg(
        long = "type",
        value_enum,
        value_name = "TYPE",
        requires = "source",
        hide_possible_values = true
    )]
    shape: Option<Type>,
    /// Column along the horizontal axis; with commas, those that part boxes
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "source")]
    x: Vec<String>,
    /// Column along the vertical axis; with commas for more
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "source")]
    y: Vec<String>,
    /// What becomes of the values of a window: avg, median, p95, p99
    #[arg(long, value_enum, value_name = "WHAT", hide_possible_values = true)]
    aggregation: Option<Aggregate>,
    /// The length of a window: 500ms, 1s, 1m; chosen by the span if none
    #[arg(long, value_name = "TIME", requires = "aggregation")]
    window: Option<Span>,
    /// Column whose values part the rows into groups
    #[arg(long, value_name = "COLUMN")]
    groupby: Option<String>,
    /// What stands above it
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// How it looks, by a workflow file's names: width_px=1600, style=ticks, bins=40; repeat for more
    #[arg(long = "option", value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// Draw it in the terminal
    #[arg(long, conflicts_with_all = ["output", "format"])]
    pub(in crate::cli::plot) terminal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Type {
    #[value(name = "time_series", alias = "time-series")]
    TimeSeries,
    Histogram,
    Boxplot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Aggregate {
    Avg,
    Median,
    P95,
    P99,
}

impl From<Type> for PlotKind {
    fn from(kind: Type) -> Self {
        match kind {
            Type::TimeSeries => Self::TimeSeries,
            Type::Histogram => Self::Histogram,
            Type::Boxplot => Self::Boxplot,
        }
    }
}

impl From<Aggregate> for Aggregation {
    fn from(of: Aggregate) -> Self {
        match of {
            Aggregate::Avg => Self::Avg,
            Aggregate::Median => Self::Median,
            Aggregate::P95 => Self::P95,
            Aggregate::P99 => Self::P99,
        }
    }
}

impl TableArgs {
    /// Whether flags make a picture that no file wishes.
    pub(super) const fn is_set(&self) -> bool {
        self.source.is_some()
    }

    /// Whether one of its flags means that a workflow's run is drawn.
    pub(in crate::cli::plot) fn is_meant(&self) -> bool {
        self.source.is_some() || !self.plot.is_empty() || self.terminal
    }

    /// The pictures to be drawn of `found`.
    pub(super) fn specs(&self, found: &[Found]) -> Result<Vec<PlotSpec>> {
        let mut specs = match &self.source {
            Some(source) => vec![self.made(source, found)?],
            None => self.wished(found)?,
        };
        for spec in &mut specs {
            self.change(spec)?;
        }
        Ok(specs)
    }

    /// The plots that the file of the first run wishes.
    fn wished(&self, found: &[Found]) -> Result<Vec<PlotSpec>> {
        let Some(first) = found.first() else { return Ok(Vec::new()) };
        let plots = &first.wish.plots;
        if plots.is_empty() {
            return Err(eyre!("the file of run {} wishes no plots", first.dir.number()).advise(
                &format!("name what to draw: --source {} --y COLUMN", first.wish.names()),
            ));
        }
        let mut chosen = Vec::new();
        for name in &self.plot {
            let names = || plots.iter().map(|plot| plot.name.as_str());
            let Some(plot) = plots.iter().find(|plot| plot.name == *name) else {
                let like = nearest(name, names()).or_else(|| names().next()).unwrap_or_default();
                return Err(eyre!("the file wishes no plot {}", SafeText::new(name))
                    .advise(&format!("--plot {}", SafeText::new(like))));
            };
            chosen.push(plot.clone());
        }
        Ok(if chosen.is_empty() { plots.clone() } else { chosen })
    }

    /// The picture that flags make.
    fn made(&self, source: &str, found: &[Found]) -> Result<PlotSpec> {
        let kind = self.shape.map_or_else(|| self.guess(), PlotKind::from);
        let wanted =
            if kind == PlotKind::Histogram { self.x.len() + self.y.len() } else { self.y.len() };
        if wanted == 0 {
            let numbers =
                found.first().map(|run| run.wish.numbers(&run.dir, source)).transpose()?;
            let flag = if kind == PlotKind::Histogram { "--x" } else { "--y" };
            let named = numbers.filter(|names| !names.is_empty());
            let named = named.map_or_else(|| "COLUMN".to_owned(), |names| names.join(","));
            return Err(eyre!("no column of {} is named", SafeText::new(source))
                .advise(&format!("say which: {flag} {named}")));
        }
        let columns =
            if kind == PlotKind::Histogram && !self.x.is_empty() { &self.x } else { &self.y };
        let columns = columns.join(", ");
        let across = if kind == PlotKind::Histogram { String::new() } else { self.x.join(", ") };
        let title = match (kind, across.as_str()) {
            (PlotKind::Histogram, _) => format!("How {columns} is spread"),
            (_, "") => columns.clone(),
            (PlotKind::Boxplot, by) => format!("{columns} by {by}"),
            (_, over) => format!("{columns} over {over}"),
        };
        Ok(PlotSpec {
            name: [source, &columns].join("-").replace(", ", "-"),
            title,
            source: source.to_owned(),
            kind,
            x: self.x.clone(),
            y: self.y.clone(),
            format: crate::model::workflow::plot::PlotFormat::Svg,
            ..PlotSpec::default()
        })
    }

    /// Without a type: values alone are spread, values over a column are a curve.
    const fn guess(&self) -> PlotKind {
        if self.y.is_empty() && !self.x.is_empty() {
            PlotKind::Histogram
        } else {
            PlotKind::TimeSeries
        }
    }

    /// What flags change of any picture.
    fn change(&self, spec: &mut PlotSpec) -> Result<()> {
        if let Some(of) = self.aggregation {
            spec.aggregation = Some(of.into());
            spec.window = self.window.map(|window| Seconds(window.0.as_secs_f64()));
        }
        if self.groupby.is_some() {
            spec.groupby.clone_from(&self.groupby);
        }
        if let Some(title) = &self.title {
            spec.title.clone_from(title);
        }
        if !self.options.is_empty() {
            spec.options = self.options(&spec.options)?;
        }
        Ok(())
    }

    fn options(&self, present: &PlotOptions) -> Result<PlotOptions> {
        let mut all = serde_json::to_value(present)?;
        for words in &self.options {
            let (name, value) = words.split_once('=').unwrap_or((words, ""));
            let names: Vec<String> =
                all.as_object().into_iter().flat_map(|all| all.keys().cloned()).collect();
            if !names.iter().any(|known| known == name) {
                let like = nearest(name, names.iter().map(String::as_str)).unwrap_or("width_px");
                return Err(eyre!("there is no option {}", SafeText::new(name))
                    .advise(&format!("--option {like}=VALUE; there are {}", names.join(", "))));
            }
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            if let Some(place) = all.get_mut(name) {
                *place = value;
            }
            // One at a time, so that what is wrong is known.
            serde_json::from_value::<PlotOptions>(all.clone()).map_err(|why| {
                eyre!("--option {}: {why}", SafeText::new(words))
                    .advise("give it a value of that kind")
            })?;
        }
        Ok(serde_json::from_value(all)?)
    }
}

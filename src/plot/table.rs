//! Pictures of tables: curves over time, histograms and box plots, of one run or of several.
//!
//! What is drawn is a [`Panel`] like that of any picture, so that paper and terminal show the same. It
//! is made of [`Digest`]s; what was thinned, left out or could not be read stands below as a note.

mod axis;
mod boxes;
mod curve;
mod histogram;
mod name;

use super::{Ink, Panel};
use crate::model::workflow::Column;
use crate::model::workflow::plot::{Aggregation, PlotFormat, PlotKind, PlotOptions, PlotSpec};
use crate::table::digest::{Data, Digest, digest};

/// Series that colours and dashes tell apart.
const SERIES: usize = 16;
/// Colours among them; from here on they come again, with dashes.
pub const COLOURS: usize = 8;
/// Sizes of a picture in pixels, and pixels an inch.
const PIXELS: std::ops::RangeInclusive<u32> = 200..=8_000;
const DPI: std::ops::RangeInclusive<u32> = 40..=1_200;

/// A picture of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What stands above it.
    pub title: String,
    /// What is drawn.
    pub panel: Panel,
    /// What must be known to read it, and what is not on it.
    pub notes: Vec<String>,
    /// Pixels across and down, and how many make an inch.
    pub size: Size,
    /// Which grid and ground.
    pub style: Style,
    /// Where the legend is within the field; `None` puts it above.
    pub legend_at: Option<(Side, Side)>,
    /// Degrees that words along the horizontal axis are turned.
    pub angle: f64,
}

/// How large a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Pixels an inch.
    pub dpi: u32,
}

/// Grid and ground, by seaborn's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// A grid on white.
    #[default]
    WhiteGrid,
    /// A white grid on grey.
    DarkGrid,
    /// White.
    White,
    /// Grey.
    Dark,
    /// White, with strokes at the axes.
    Ticks,
}

/// The beginning, the middle or the end of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Left, or above.
    Begin,
    /// The middle.
    Middle,
    /// Right, or below.
    End,
}

/// A table of a run.
#[derive(Clone, Debug)]
pub struct Source {
    /// The run, for the legend.
    pub run: String,
    /// What is in it.
    pub digest: Digest,
}

/// The picture `spec` of `sources`; runs that are several start at zero. Fails where an option says
/// what there is not.
pub fn figure(spec: &PlotSpec, sources: Vec<Source>) -> Result<Figure, String> {
    let options = &spec.options;
    let (size, style) = (size(options)?, style(options)?);
    let legend_at = legend_at(options)?;
    let mut notes = Vec::new();
    for source in &sources {
        notes.extend(notes_of(spec, source, sources.len() > 1));
    }
    let mut panel = match spec.kind {
        PlotKind::TimeSeries => curve::panel(spec, sources, &mut notes),
        PlotKind::Histogram => histogram::panel(spec, sources, &mut notes)?,
        PlotKind::Boxplot => boxes::panel(spec, sources, &mut notes),
    };
    if !options.legend.unwrap_or(panel.legend.len() > 1) {
        panel.legend.clear();
    }
    let angle = options.x_label_angle.filter(|angle| angle.is_finite()).unwrap_or(0.0);
    let title = title(spec);
    Ok(Figure { title, panel, notes, size, style, legend_at, angle: angle.clamp(-90.0, 90.0) })
}

/// The bytes of the picture `spec` of one table, in the format that it wishes: what a run does at its end.
/// The error says what is missing.
pub fn drawn(
    spec: &PlotSpec,
    from: impl std::io::Read,
    columns: &[Column],
) -> Result<Vec<u8>, String> {
    let digest = digest(from, spec, columns).map_err(|error| error.to_string())?;
    let figure = figure(spec, vec![Source { run: String::new(), digest }])?;
    written(&figure, spec.format)
}

/// The bytes of `figure` on white.
#[cfg(feature = "plot")]
pub fn written(figure: &Figure, format: PlotFormat) -> Result<Vec<u8>, String> {
    use super::draw::{Theme, figure_pdf, figure_png, figure_svg};

    match format {
        PlotFormat::Png => figure_png(figure, Theme::Light),
        PlotFormat::Svg => Ok(figure_svg(figure, Theme::Light).into_bytes()),
        PlotFormat::Pdf => figure_pdf(std::slice::from_ref(figure), Theme::Light),
    }
}

/// The bytes of a picture, which this isomon cannot make.
#[cfg(not(feature = "plot"))]
pub fn written(_figure: &Figure, format: PlotFormat) -> Result<Vec<u8>, String> {
    Err(format!("this isomon was built without pictures, {} among them", format.ending()))
}

fn title(spec: &PlotSpec) -> String {
    [&spec.title, &spec.name, &spec.source]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or_else(String::new, Clone::clone)
}

fn size(options: &PlotOptions) -> Result<Size, String> {
    let within = |name: &str, value: u32, range: std::ops::RangeInclusive<u32>| {
        let wrong = || {
            format!("{name} is {value}, and has to be within {} and {}", range.start(), range.end())
        };
        if range.contains(&value) { Ok(value) } else { Err(wrong()) }
    };
    Ok(Size {
        width: within("width_px", options.width_px.unwrap_or(1_200), PIXELS)?,
        height: within("height_px", options.height_px.unwrap_or(600), PIXELS)?,
        dpi: within("dpi", options.dpi.unwrap_or(150), DPI)?,
    })
}

fn style(options: &PlotOptions) -> Result<Style, String> {
    Ok(match options.style.as_deref() {
        None | Some("" | "whitegrid") => Style::WhiteGrid,
        Some("darkgrid") => Style::DarkGrid,
        Some("white") => Style::White,
        Some("dark") => Style::Dark,
        Some("ticks") => Style::Ticks,
        Some(other) => {
            return Err(format!(
                "there is no style {other}; there are whitegrid, darkgrid, white, dark and ticks"
            ));
        }
    })
}

/// Matplotlib's words for a place; `best` is above, where nothing is covered.
fn legend_at(options: &PlotOptions) -> Result<Option<(Side, Side)>, String> {
    let Some(words) = options.legend_loc.as_deref().map(str::trim) else { return Ok(None) };
    Ok(match words {
        "" | "best" | "outside" => None,
        "upper right" => Some((Side::End, Side::Begin)),
        "upper left" => Some((Side::Begin, Side::Begin)),
        "upper center" => Some((Side::Middle, Side::Begin)),
        "lower right" => Some((Side::End, Side::End)),
        "lower left" => Some((Side::Begin, Side::End)),
        "lower center" => Some((Side::Middle, Side::End)),
        "right" | "center right" => Some((Side::End, Side::Middle)),
        "center left" => Some((Side::Begin, Side::Middle)),
        "center" => Some((Side::Middle, Side::Middle)),
        other => {
            return Err(format!(
                "there is no legend_loc `{other}`; say best, upper right, lower left and so on"
            ));
        }
    })
}

/// What is not on a picture, or not as it was.
fn notes_of(spec: &PlotSpec, source: &Source, several: bool) -> Vec<String> {
    let Digest { rows, cut, without, unplaced, beyond, .. } = &source.digest;
    let of = if several { format!("{}: ", source.run) } else { String::new() };
    let mut notes = Vec::new();
    if *cut {
        notes.push(format!("{of}the first {} rows alone, as max_rows says", count(*rows)));
    }
    if *without > 0 {
        notes.push(format!("{of}{} without a number passed over", counted(*without, "cell")));
    }
    if *unplaced > 0 {
        let x = spec.x.join(", ");
        notes.push(format!("{of}{} without a place on {x} passed over", counted(*unplaced, "row")));
    }
    if *beyond > 0 {
        let by =
            spec.groupby.as_ref().or_else(|| spec.x.first()).map_or("the group", String::as_str);
        notes.push(format!("{of}{} of further values of {by} left out", counted(*beyond, "row")));
    }
    notes.extend(thinned(&source.digest).map(|words| format!("{of}{words}")));
    notes
}

/// How many points stand for how many.
fn thinned(digest: &Digest) -> Option<String> {
    let points = digest.series.iter().filter_map(|series| match &series.data {
        Data::Points(points, of) => Some((points.len() as u64, *of)),
        Data::Spread(_) => None,
    });
    let (drawn, of) = points.fold((0, 0), |(drawn, all), (points, of)| (drawn + points, all + of));
    let fewer = drawn < of && digest.window.is_none();
    fewer.then(|| {
        format!(
            "{} of {} points are drawn, the lowest and highest among them",
            count(drawn),
            count(of)
        )
    })
}

/// The word for an aggregation.
const fn word(of: Aggregation) -> &'static str {
    match of {
        Aggregation::Avg => "mean",
        Aggregation::Median => "median",
        Aggregation::P95 => "95th percentile",
        Aggregation::P99 => "99th percentile",
    }
}

fn counted(n: u64, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A whole number with a comma between each three digits.
fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Keeps as many series as can be told apart.
fn tell_apart<T>(series: &mut Vec<T>, notes: &mut Vec<String>) {
    let beyond = series.len().saturating_sub(SERIES);
    if beyond > 0 {
        series.truncate(SERIES);
        notes.push(format!(
            "{} more left out: colours tell no more apart",
            counted(beyond as u64, "series")
        ));
    }
}

/// The colour of a series, and whether it has dashes.
const fn ink(at: usize) -> (Ink, bool) {
    (Ink::Series(at), at >= COLOURS)
}

#[cfg(test)]
mod tests;

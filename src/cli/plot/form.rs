//! The forms a picture has, as far as this isomon was built with them.

use clap::ValueEnum;
use color_eyre::eyre::{Result, eyre};

use super::super::advice::Advise;
use crate::plot::Picture;

/// How pictures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Form {
    /// Drawn by lines; its font is in it
    #[cfg_attr(not(feature = "plot"), value(hide = true))]
    Svg,
    /// Dots, two to a point
    #[cfg_attr(not(feature = "plot"), value(hide = true))]
    Png,
    /// One file, drawn by lines, with a page for each picture
    #[cfg_attr(not(feature = "plot"), value(hide = true))]
    Pdf,
    /// One page with everything that is known of the run
    Html,
}

/// The ground of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Theme {
    /// Dark on white
    #[default]
    Light,
    /// Light on nearly black
    Dark,
}

impl Form {
    /// The ending of its files.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
            Self::Html => "html",
        }
    }

    /// Refuses a form that this isomon cannot write.
    pub(super) fn check(self) -> Result<()> {
        if self == Self::Html || cfg!(feature = "plot") {
            return Ok(());
        }
        Err(eyre!("this isomon was built without pictures").advise(
            "`cargo install --locked --path . --features plot` in its sources builds it with them; \
             --format html goes without",
        ))
    }
}

/// One picture in a form that was checked before.
#[cfg(feature = "plot")]
pub(super) fn written(picture: &Picture, form: Form, theme: Theme) -> Result<Vec<u8>> {
    use crate::plot::draw;

    match form {
        Form::Png => {
            draw::png(picture, theme.ground()).map_err(|why| wrong(picture.kind.name(), &why))
        }
        _ => Ok(draw::svg(picture, theme.ground()).into_bytes()),
    }
}

/// All pictures as one PDF, a page for each.
#[cfg(feature = "plot")]
pub(super) fn pages(pictures: &[Picture], theme: Theme) -> Result<Vec<u8>> {
    crate::plot::draw::pdf(pictures, theme.ground()).map_err(|why| wrong("as PDF", &why))
}

#[cfg(feature = "plot")]
fn wrong(what: &str, why: &str) -> color_eyre::Report {
    eyre!("the picture {what} could not be written: {why}").advise("--format svg draws the same")
}

#[cfg(feature = "plot")]
impl Theme {
    const fn ground(self) -> crate::plot::draw::Theme {
        match self {
            Self::Light => crate::plot::draw::Theme::Light,
            Self::Dark => crate::plot::draw::Theme::Dark,
        }
    }
}

/// Without the feature there is no picture, which [`Form::check`] says before.
#[cfg(not(feature = "plot"))]
pub(super) fn written(picture: &Picture, form: Form, _theme: Theme) -> Result<Vec<u8>> {
    form.check()?;
    Err(eyre!("the picture {} has no form here", picture.kind.name()))
}

/// Nor a page.
#[cfg(not(feature = "plot"))]
pub(super) fn pages(pictures: &[Picture], _theme: Theme) -> Result<Vec<u8>> {
    Form::Pdf.check()?;
    Err(eyre!("{} pictures have no pages here", pictures.len()))
}

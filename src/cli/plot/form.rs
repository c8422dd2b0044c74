//! The forms a picture has, as far as this isomon was built with them.

use clap::ValueEnum;
use color_eyre::eyre::{Result, eyre};

use super::super::advice::Advise;
use crate::plot::Picture;

/// How pictures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Form {
    /// Drawn by lines; its font is in it
    Svg,
    /// Dots, two to a point
    Png,
    /// One page for each picture
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
        match self {
            Self::Html => Ok(()),
            _ if !cfg!(feature = "plot") => Err(eyre!("this isomon was built without pictures")
                .advise("build it with the feature `plot`, or use --format html without them")),
            Self::Pdf if !cfg!(feature = "plot-pdf") => {
                Err(eyre!("this isomon was built without PDF")
                    .advise("--format svg, or build it with the feature `plot-pdf`"))
            }
            _ => Ok(()),
        }
    }
}

/// The picture in a form that was checked before.
#[cfg(feature = "plot")]
pub(super) fn written(picture: &Picture, form: Form, theme: Theme) -> Result<Vec<u8>> {
    use crate::plot::draw;

    let theme = match theme {
        Theme::Light => draw::Theme::Light,
        Theme::Dark => draw::Theme::Dark,
    };
    let wrong = |why: String| {
        eyre!("the picture {} could not be written: {why}", picture.kind.name())
            .advise("--format svg draws the same")
    };
    match form {
        Form::Png => draw::png(picture, theme).map_err(wrong),
        #[cfg(feature = "plot-pdf")]
        Form::Pdf => draw::pdf(picture, theme).map_err(wrong),
        _ => Ok(draw::svg(picture, theme).into_bytes()),
    }
}

/// Without the feature there is no picture, which [`Form::check`] says before.
#[cfg(not(feature = "plot"))]
pub(super) fn written(picture: &Picture, form: Form, _theme: Theme) -> Result<Vec<u8>> {
    form.check()?;
    Err(eyre!("the picture {} has no form here", picture.kind.name()))
}

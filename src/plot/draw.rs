//! A picture as SVG, PNG or PDF.
//!
//! The places of all marks and words are computed here; kuva writes them in each form, with a font of
//! its own, so that a picture looks the same where no font is installed.

use kuva::PngBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;

use super::Picture;
use super::table::Figure;

mod colour;
mod figure;
mod page;
mod panel;
mod word;

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on nearly black.
    Dark,
}

/// Pixels a picture may be high: a longer one has fewer pixels to a point.
const HIGHEST: f64 = 16_000.0;

/// The picture as an SVG that needs nothing else: the font is in it.
pub fn svg(picture: &Picture, theme: Theme) -> String {
    SvgBackend::new().with_embedded_font(true).render_scene(&scene(picture, theme))
}

/// The same for a page that has many pictures: with a font of the reader's, and as wide as there is
/// room.
pub fn inline_svg(picture: &Picture, theme: Theme) -> String {
    let scene = scene(picture, theme);
    let head = format!("<svg viewBox=\"0 0 {} {}\" ", scene.width, scene.height);
    SvgBackend::new().render_scene(&scene).replacen("<svg ", &head, 1)
}

/// The picture as a PNG with two pixels to a point; an error in kuva's words.
pub fn png(picture: &Picture, theme: Theme) -> Result<Vec<u8>, String> {
    let scene = scene(picture, theme);
    #[expect(clippy::cast_possible_truncation, reason = "a small number")]
    let scale = (HIGHEST / scene.height.max(1.0)).min(2.0) as f32;
    PngBackend::new().with_scale(scale).render_scene(&scene)
}

/// The pictures as one PDF, a page of its own size for each; an error in kuva's words.
pub fn pdf(pictures: &[Picture], theme: Theme) -> Result<Vec<u8>, String> {
    let scenes: Vec<Scene> = pictures.iter().map(|picture| scene(picture, theme)).collect();
    kuva::PdfBackend::new().render_scenes(&scenes)
}

/// The picture of a table as an SVG that needs nothing else.
pub fn figure_svg(figure: &Figure, theme: Theme) -> String {
    let (scene, _) = figure::scene(figure, theme);
    SvgBackend::new().with_embedded_font(true).render_scene(&scene)
}

/// The same as a PNG of exactly its pixels; an error in kuva's words.
pub fn figure_png(figure: &Figure, theme: Theme) -> Result<Vec<u8>, String> {
    let (scene, scale) = figure::scene(figure, theme);
    #[expect(clippy::cast_possible_truncation, reason = "a small number")]
    PngBackend::new().with_scale(scale as f32).render_scene(&scene)
}

/// The pictures as one PDF, a page of its own size for each; an error in kuva's words.
pub fn figure_pdf(figures: &[Figure], theme: Theme) -> Result<Vec<u8>, String> {
    let scenes: Vec<Scene> = figures.iter().map(|of| figure::scene(of, theme).0).collect();
    kuva::PdfBackend::new().render_scenes(&scenes)
}

fn scene(picture: &Picture, theme: Theme) -> Scene {
    page::page(picture, theme)
}

//! A drawing as pixels.

use std::collections::BTreeMap;

use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, StrokeDash, Transform,
};

use crate::Error;
use crate::drawing::{Color, Drawing, Item, RIM, Segment, Shape, Text};
use crate::font::Font;

/// Rows of pixels, from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// How many are in a row.
    pub width: u32,
    /// How many rows there are.
    pub height: u32,
    /// Red, green and blue of each.
    pub rgb: Vec<u8>,
}

/// Pixels for a point: 96 to an inch, as Graphviz has it.
const SCALE: f64 = 96.0 / 72.0;
/// Larger pictures are scaled down, for the sake of memory and of what viewers can open.
const MOST_PIXELS: f64 = 64e6;
const LONGEST_SIDE: f64 = 32_000.0;

/// Paints the drawing on white.
pub fn paint(drawing: &Drawing) -> Result<Pixels, Error> {
    let (width, height) = drawing.size()?;
    let fitting = (MOST_PIXELS / (width * height)).sqrt();
    let scale = SCALE.min(fitting).min(LONGEST_SIDE / width.max(height));
    let side = |points: f64| ((points * scale).ceil() as u32).max(1);
    let pixmap = Pixmap::new(side(width), side(height)).ok_or(Error::NoSize)?;
    let mut canvas = Canvas {
        pixmap,
        transform: Transform::from_scale(scale as f32, scale as f32),
        font: Font::new()?,
        glyphs: BTreeMap::new(),
    };
    canvas.pixmap.fill(tiny_skia::Color::WHITE);
    for item in &drawing.items {
        match item {
            Item::Shape(shape) => canvas.shape(shape),
            Item::Text(text) => canvas.text(text),
        }
    }
    let pixels = canvas.pixmap.data().chunks_exact(4);
    Ok(Pixels {
        width: canvas.pixmap.width(),
        height: canvas.pixmap.height(),
        // White is behind everything, so nothing is transparent.
        rgb: pixels.flat_map(|p| [p[0], p[1], p[2]]).collect(),
    })
}

struct Canvas {
    pixmap: Pixmap,
    transform: Transform,
    font: Font,
    glyphs: BTreeMap<u16, Vec<Segment>>,
}

impl Canvas {
    fn shape(&mut self, shape: &Shape) {
        let mut builder = PathBuilder::new();
        append(&mut builder, &shape.path, |x, y| (x, y));
        let Some(path) = builder.finish() else { return };
        if let Some(color) = shape.fill {
            self.fill(&path, color);
        }
        if let Some(stroke) = shape.stroke {
            let dots = |(on, off): (f64, f64)| StrokeDash::new(vec![on as f32, off as f32], 0.0);
            self.stroke(
                &path,
                stroke.color,
                tiny_skia::Stroke {
                    width: stroke.width as f32,
                    dash: stroke.dots.and_then(dots),
                    ..Default::default()
                },
            );
        }
    }

    fn text(&mut self, text: &Text) {
        let mut builder = PathBuilder::new();
        for glyph in self.font.line(&text.text) {
            let font = &self.font;
            let outline = self.glyphs.entry(glyph.id);
            let outline = outline.or_insert_with(|| font.outline(glyph.id));
            append(&mut builder, outline, |x, y| {
                (text.x + (glyph.x + x) * text.size, text.y - y * text.size)
            });
        }
        let Some(path) = builder.finish() else { return };
        if let Some(rim) = text.rim {
            self.stroke(
                &path,
                rim,
                tiny_skia::Stroke {
                    width: 2.0 * RIM as f32,
                    line_cap: LineCap::Round,
                    line_join: LineJoin::Round,
                    ..Default::default()
                },
            );
        }
        self.fill(&path, text.color);
    }

    fn fill(&mut self, path: &Path, color: Color) {
        let paint = ink(color);
        self.pixmap
            .fill_path(path, &paint, FillRule::Winding, self.transform, None);
    }

    fn stroke(&mut self, path: &Path, color: Color, stroke: tiny_skia::Stroke) {
        let paint = ink(color);
        self.pixmap
            .stroke_path(path, &paint, &stroke, self.transform, None);
    }
}

fn ink(Color(red, green, blue): Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint.anti_alias = true;
    paint
}

fn append(builder: &mut PathBuilder, path: &[Segment], at: impl Fn(f64, f64) -> (f64, f64)) {
    let at = |x, y| {
        let (x, y) = at(x, y);
        (x as f32, y as f32)
    };
    for segment in path {
        match *segment {
            Segment::Move(x, y) => {
                let (x, y) = at(x, y);
                builder.move_to(x, y);
            }
            Segment::Line(x, y) => {
                let (x, y) = at(x, y);
                builder.line_to(x, y);
            }
            Segment::Curve(points) => {
                let [(x1, y1), (x2, y2), (x, y)] = points.map(|(x, y)| at(x, y));
                builder.cubic_to(x1, y1, x2, y2, x, y);
            }
            Segment::Close => builder.close(),
        }
    }
}

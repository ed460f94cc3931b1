//! PostScript. Letters are outlines that the file defines itself, so no font is needed to show it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

use crate::Error;
use crate::drawing::{Color, Drawing, Item, RIM, Segment, Shape, Text};
use crate::font::Font;

/// The drawing as PostScript of one page.
pub fn ps(drawing: &Drawing) -> Result<String, Error> {
    let (width, height) = drawing.size()?;
    let mut body = Body {
        out: String::new(),
        font: Font::new()?,
        glyphs: BTreeMap::new(),
    };
    for item in &drawing.items {
        // A string takes any text.
        let _ = match item {
            Item::Shape(shape) => body.shape(shape),
            Item::Text(text) => body.text(text),
        };
    }
    let (w, h) = (width.ceil(), height.ceil());
    let plain = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    let title: String = drawing.title.chars().map(plain).take(200).collect();
    let glyphs: String = body.glyphs.into_values().collect();
    Ok(format!(
        "%!PS-Adobe-3.0\n%%Title: {title}\n%%Pages: 1\n%%BoundingBox: 0 0 {w} {h}\n\
         %%EndComments\n%%BeginProlog\n{PROLOG}{glyphs}%%EndProlog\n\
         %%Page: 1 1\n<< /PageSize [{w} {h}] >> setpagedevice\n\
         gsave\n0 {h} translate 1 -1 scale\n{}grestore\nshowpage\n%%EOF\n",
        body.out
    ))
}

/// Short names for what is written often. `T` begins a line of text: x, y and size are on the stack.
const PROLOG: &str = "\
/M {moveto} bind def /L {lineto} bind def /C {curveto} bind def /Z {closepath} bind def
/K {setrgbcolor} bind def /W {setlinewidth} bind def /F {fill} bind def /S {stroke} bind def
/T {gsave 3 1 roll translate dup neg scale newpath} bind def /R {grestore} bind def
";

struct Body {
    out: String,
    font: Font,
    /// The definition of each glyph that occurs.
    glyphs: BTreeMap<u16, String>,
}

impl Body {
    fn shape(&mut self, shape: &Shape) -> fmt::Result {
        let path = path(&shape.path);
        if let Some(color) = shape.fill {
            writeln!(self.out, "{} K {path}F", Ink(color))?;
        }
        if let Some(stroke) = shape.stroke {
            let (color, width) = (Ink(stroke.color), Number(stroke.width));
            match stroke.dots {
                None => writeln!(self.out, "{color} K {width} W {path}S")?,
                Some((on, off)) => writeln!(
                    self.out,
                    "{color} K {width} W [{} {}] 0 setdash {path}S [] 0 setdash",
                    Number(on),
                    Number(off)
                )?,
            }
        }
        Ok(())
    }

    /// The letters are added to one outline, each from where the one before began.
    fn text(&mut self, text: &Text) -> fmt::Result {
        let mut at = 0.0;
        let mut outline = String::new();
        for glyph in self.font.line(&text.text) {
            let font = &self.font;
            let define = || match path(&font.outline(glyph.id)) {
                empty if empty.is_empty() => empty,
                path => format!("/g{} {{{path}}} bind def\n", glyph.id),
            };
            let known = self.glyphs.entry(glyph.id).or_insert_with(define);
            if known.is_empty() {
                continue;
            }
            write!(
                outline,
                " {} 0 translate g{}",
                Number(glyph.x - at),
                glyph.id
            )?;
            at = glyph.x;
        }
        if outline.is_empty() {
            return Ok(());
        }
        let begin = format!(
            "{} {} {} T",
            Number(text.x),
            Number(text.y),
            Number(text.size)
        );
        if let (Some(rim), true) = (text.rim, text.size > 0.0) {
            let width = Number(2.0 * RIM / text.size);
            writeln!(
                self.out,
                "{begin}{outline} {} K {width} W 1 setlinejoin S R",
                Ink(rim)
            )?;
        }
        writeln!(self.out, "{begin}{outline} {} K F R", Ink(text.color))
    }
}

fn path(segments: &[Segment]) -> String {
    let mut out = String::new();
    for segment in segments {
        // A string takes any text.
        let _ = match *segment {
            Segment::Move(x, y) => write!(out, "{} {} M ", Number(x), Number(y)),
            Segment::Line(x, y) => write!(out, "{} {} L ", Number(x), Number(y)),
            Segment::Curve(points) => points
                .iter()
                .try_for_each(|(x, y)| write!(out, "{} {} ", Number(*x), Number(*y)))
                .and_then(|()| out.write_str("C ")),
            Segment::Close => out.write_str("Z "),
        };
    }
    out
}

/// A number with at most four decimals: outlines of letters are measured in font sizes.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = (self.0 * 1e4).round() / 1e4;
        match rounded.is_finite() {
            true => write!(f, "{rounded}"),
            false => f.write_str("0"),
        }
    }
}

struct Ink(Color);

impl Display for Ink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0.parts().map(|part| (part * 1e3).round() / 1e3);
        write!(f, "{r} {g} {b}")
    }
}

//! The one font: Arimo Regular, whose widths are those of Helvetica. See `font/README.md`.

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use crate::drawing::Segment;

/// The font as a TrueType file.
pub const FILE: &[u8] = include_bytes!("../font/Arimo-Regular.ttf");
/// The name that it goes by in files.
pub const NAME: &str = "Arimo-Regular";

/// The embedded font, ready to use.
pub struct Font {
    face: Face<'static>,
    scale: f64,
}

impl std::fmt::Debug for Font {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NAME)
    }
}

/// A character of a line of text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glyph {
    /// Its number in the font.
    pub id: u16,
    /// What it stands for.
    pub char: char,
    /// Where it begins, in font sizes from the beginning of the line.
    pub x: f64,
}

impl Font {
    /// The embedded font.
    pub fn new() -> Result<Font, crate::Error> {
        let face = Face::parse(FILE, 0).map_err(|e| crate::Error::Encode(e.to_string()))?;
        let scale = 1.0 / f64::from(face.units_per_em().max(1));
        Ok(Font { face, scale })
    }

    /// The characters of a line. Those that the font does not have are shown as boxes.
    pub fn line(&self, text: &str) -> Vec<Glyph> {
        let mut x = 0.0;
        let visible = text.chars().filter(|c| !is_mark(*c));
        visible
            .map(|char| {
                let id = self.face.glyph_index(char).unwrap_or(GlyphId(0)).0;
                let glyph = Glyph { id, char, x };
                x += self.advance(id);
                glyph
            })
            .collect()
    }

    /// The width of a glyph in font sizes.
    pub fn advance(&self, id: u16) -> f64 {
        f64::from(self.face.glyph_hor_advance(GlyphId(id)).unwrap_or(0)) * self.scale
    }

    /// How far the font reaches above and below the baseline, in font sizes.
    pub fn extent(&self) -> (f64, f64) {
        let scaled = |units: i16| f64::from(units) * self.scale;
        (scaled(self.face.ascender()), scaled(self.face.descender()))
    }

    /// The outline of a glyph at size 1; y grows upwards.
    pub fn outline(&self, id: u16) -> Vec<Segment> {
        let mut pen = Pen {
            path: Vec::new(),
            at: (0.0, 0.0),
            scale: self.scale,
        };
        // A glyph without an outline, such as a space, is nothing to draw.
        let _ = self.face.outline_glyph(GlyphId(id), &mut pen);
        pen.path
    }
}

/// Combining marks and characters without width.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

struct Pen {
    path: Vec<Segment>,
    at: (f64, f64),
    scale: f64,
}

impl Pen {
    fn point(&self, x: f32, y: f32) -> (f64, f64) {
        (f64::from(x) * self.scale, f64::from(y) * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.point(x, y);
        self.path.push(Segment::Move(self.at.0, self.at.1));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.at = self.point(x, y);
        self.path.push(Segment::Line(self.at.0, self.at.1));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        // The same curve with two control points.
        let (control, end) = (self.point(x1, y1), self.point(x, y));
        let toward = |from: (f64, f64)| {
            let part = |a: f64, b: f64| a + (b - a) * 2.0 / 3.0;
            (part(from.0, control.0), part(from.1, control.1))
        };
        let curve = [toward(self.at), toward(end), end];
        self.path.push(Segment::Curve(curve));
        self.at = end;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let curve = [self.point(x1, y1), self.point(x2, y2), self.point(x, y)];
        self.path.push(Segment::Curve(curve));
        self.at = curve[2];
    }

    fn close(&mut self) {
        self.path.push(Segment::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_helvetica() {
        let font = Font::new().expect("the font is there");
        for (text, thousandths) in [("W", 944), ("i", 222), ("0", 556), ("…", 1000), ("é", 556)]
        {
            let width: f64 = font.line(text).iter().map(|g| font.advance(g.id)).sum();
            assert!(
                (width * 1000.0 - f64::from(thousandths)).abs() < 1.0,
                "{text}"
            );
        }
    }

    #[test]
    fn every_printable_character_has_an_outline() {
        let font = Font::new().expect("the font is there");
        for c in '!'..='~' {
            let line = font.line(&c.to_string());
            assert_ne!(line[0].id, 0, "{c}");
            assert!(font.outline(line[0].id).len() > 3, "{c}");
        }
        assert!(
            font.outline(font.line("世")[0].id).len() > 3,
            "unknown ones are boxes"
        );
        assert!(font.outline(font.line(" ")[0].id).is_empty());
    }
}

//! PDF of one page. The font is embedded, and text can be searched and copied.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{
    CidFontType, FontFlags, LineCapStyle, LineJoinStyle, SystemInfo, TextRenderingMode, UnicodeCmap,
};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::Error;
use crate::drawing::{Drawing, Item, RIM, Segment, Shape, Text};
use crate::font::{self, Font};

/// No side of a page may be longer, in units of its own.
const LONGEST_SIDE: f64 = 14_400.0;

/// The name of the font on the page.
const FONT: Name<'_> = Name(b"F");

const SYSTEM: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// The objects of the file.
const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const TYPE0: Ref = Ref::new(5);
const CID_FONT: Ref = Ref::new(6);
const DESCRIPTOR: Ref = Ref::new(7);
const FONT_FILE: Ref = Ref::new(8);
const TO_UNICODE: Ref = Ref::new(9);
const INFO: Ref = Ref::new(10);

/// The drawing as PDF.
pub fn pdf(drawing: &Drawing) -> Result<Vec<u8>, Error> {
    let (width, height) = drawing.size()?;
    let scale = (LONGEST_SIDE / width.max(height)).min(1.0);
    let font = Font::new()?;
    let mut page = Page {
        content: Content::new(),
        font: &font,
        used: BTreeMap::new(),
    };
    let s = scale as f32;
    page.content
        .transform([s, 0.0, 0.0, -s, 0.0, height as f32 * s]);
    for item in &drawing.items {
        match item {
            Item::Shape(shape) => page.shape(shape),
            Item::Text(text) => page.text(text),
        }
    }
    let Page { content, used, .. } = page;

    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut entry = pdf.page(PAGE);
    entry
        .parent(PAGES)
        .media_box(Rect::new(0.0, 0.0, width as f32 * s, height as f32 * s))
        .contents(CONTENT);
    entry.resources().fonts().pair(FONT, TYPE0);
    entry.finish();
    pdf.stream(CONTENT, &packed(&content.finish())?)
        .filter(Filter::FlateDecode);
    embed(&mut pdf, &font, &used)?;
    let mut info = pdf.document_info(INFO);
    if !drawing.title.is_empty() {
        info.title(TextStr(&drawing.title));
    }
    info.finish();
    Ok(pdf.finish())
}

/// Writes the font with the widths and meanings of the glyphs that occur.
fn embed(pdf: &mut Pdf, font: &Font, used: &BTreeMap<u16, char>) -> Result<(), Error> {
    let name = Name(font::NAME.as_bytes());
    pdf.type0_font(TYPE0)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(CID_FONT)
        .to_unicode(TO_UNICODE);
    let mut cid = pdf.cid_font(CID_FONT);
    cid.subtype(CidFontType::Type2)
        .base_font(name)
        .system_info(SYSTEM)
        .font_descriptor(DESCRIPTOR)
        .cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid.widths();
    for &id in used.keys() {
        let width = font.advance(id) * 1000.0;
        widths.consecutive(id, [width.round() as f32]);
    }
    widths.finish();
    cid.finish();
    let (ascent, descent) = font.extent();
    let (ascent, descent) = (ascent as f32 * 1000.0, descent as f32 * 1000.0);
    pdf.font_descriptor(DESCRIPTOR)
        .name(name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(-600.0, descent, 2100.0, ascent))
        .italic_angle(0.0)
        .ascent(ascent)
        .descent(descent)
        .cap_height(716.0)
        .stem_v(88.0)
        .font_file2(FONT_FILE);
    pdf.stream(FONT_FILE, &packed(font::FILE)?)
        .filter(Filter::FlateDecode)
        .pair(Name(b"Length1"), font::FILE.len() as i32);
    let mut meanings = UnicodeCmap::new(Name(b"gowhy"), SYSTEM);
    for (&id, &char) in used {
        meanings.pair(id, char);
    }
    pdf.cmap(TO_UNICODE, &meanings.finish());
    Ok(())
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_err(|e| Error::Encode(e.to_string()))
}

struct Page<'f> {
    content: Content,
    font: &'f Font,
    /// The glyphs that occur, with what they stand for.
    used: BTreeMap<u16, char>,
}

impl Page<'_> {
    fn shape(&mut self, shape: &Shape) {
        let content = &mut self.content;
        if let Some(color) = shape.fill {
            let [r, g, b] = color.parts();
            content.set_fill_rgb(r, g, b);
        }
        if let Some(stroke) = shape.stroke {
            let [r, g, b] = stroke.color.parts();
            content.set_stroke_rgb(r, g, b);
            content.set_line_width(stroke.width.max(0.0) as f32);
            match stroke.dots {
                Some((on, off)) => content.set_dash_pattern([on as f32, off as f32], 0.0),
                None => content.set_dash_pattern([], 0.0),
            };
        }
        for segment in &shape.path {
            let at = |(x, y): (f64, f64)| (x as f32, y as f32);
            match *segment {
                Segment::Move(x, y) => content.move_to(x as f32, y as f32),
                Segment::Line(x, y) => content.line_to(x as f32, y as f32),
                Segment::Curve(points) => {
                    let [(x1, y1), (x2, y2), (x, y)] = points.map(at);
                    content.cubic_to(x1, y1, x2, y2, x, y)
                }
                Segment::Close => content.close_path(),
            };
        }
        match (shape.fill, shape.stroke) {
            (Some(_), Some(_)) => content.fill_nonzero_and_stroke(),
            (Some(_), None) => content.fill_nonzero(),
            (None, Some(_)) => content.stroke(),
            (None, None) => content.end_path(),
        };
    }

    fn text(&mut self, text: &Text) {
        let mut line = Vec::new();
        for glyph in self.font.line(&text.text) {
            // One box stands for all characters that the font does not have.
            let meaning = if glyph.id == 0 {
                '\u{fffd}'
            } else {
                glyph.char
            };
            self.used.entry(glyph.id).or_insert(meaning);
            line.extend(glyph.id.to_be_bytes());
        }
        if line.is_empty() {
            return;
        }
        let content = &mut self.content;
        content.begin_text();
        content.set_font(FONT, text.size as f32);
        content.set_text_matrix([1.0, 0.0, 0.0, -1.0, text.x as f32, text.y as f32]);
        if let Some(rim) = text.rim {
            let [r, g, b] = rim.parts();
            content.set_stroke_rgb(r, g, b);
            content.set_line_width(2.0 * RIM as f32);
            content.set_dash_pattern([], 0.0);
            content.set_line_join(LineJoinStyle::RoundJoin);
            content.set_line_cap(LineCapStyle::ButtCap);
            content.set_text_rendering_mode(TextRenderingMode::Stroke);
            content.show(Str(&line));
            content.set_text_rendering_mode(TextRenderingMode::Fill);
            content.set_text_matrix([1.0, 0.0, 0.0, -1.0, text.x as f32, text.y as f32]);
        }
        let [r, g, b] = text.color.parts();
        content.set_fill_rgb(r, g, b);
        content.show(Str(&line));
        content.end_text();
    }
}

//! PNG.

use crate::pixels::{Pixels, paint};
use crate::{Drawing, Error};

/// The drawing as PNG.
pub fn png(drawing: &Drawing) -> Result<Vec<u8>, Error> {
    let Pixels { width, height, rgb } = paint(drawing)?;
    let mut out = Vec::new();
    let failed = |e: png::EncodingError| Error::Encode(e.to_string());
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    if !drawing.title.is_empty()
        && drawing
            .title
            .chars()
            .all(|c| ('\u{20}'..'\u{7f}').contains(&c))
    {
        let title = ("Title".to_owned(), drawing.title.clone());
        encoder.add_text_chunk(title.0, title.1).map_err(failed)?;
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&rgb).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

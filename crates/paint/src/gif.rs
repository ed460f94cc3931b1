//! GIF: at most 256 colours.

use std::borrow::Cow;
use std::cmp::Reverse;

use gif::{Encoder, Frame};

use crate::pixels::{Pixels, paint};
use crate::{Drawing, Error};

/// The drawing as GIF.
pub fn gif(drawing: &Drawing) -> Result<Vec<u8>, Error> {
    let Pixels { width, height, rgb } = paint(drawing)?;
    let side = |n: u32| u16::try_from(n).map_err(|_| Error::NoSize);
    let (width, height) = (side(width)?, side(height)?);
    let (palette, indices) = reduce(&rgb);
    let failed = |e: gif::EncodingError| Error::Encode(e.to_string());
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height, &palette).map_err(failed)?;
    let frame = Frame {
        width,
        height,
        buffer: Cow::Owned(indices),
        ..Frame::default()
    };
    encoder.write_frame(&frame).map_err(failed)?;
    drop(encoder);
    Ok(out)
}

/// How many colours there may be.
const MOST: usize = 256;
/// Binary digits of each part of a colour that tell colours apart.
const DIGITS: u32 = 5;

/// The most frequent colours, and which of them each pixel comes closest to. Colours that differ in
/// the last digits alone, as those at the rims of letters do, count as one.
fn reduce(rgb: &[u8]) -> (Vec<u8>, Vec<u8>) {
    #[derive(Clone, Copy, Default)]
    struct Bucket {
        count: u64,
        sum: [u64; 3],
    }
    let bucket_of = |p: &[u8]| {
        let cut = |part: u8| usize::from(part >> (8 - DIGITS));
        cut(p[0]) << (2 * DIGITS) | cut(p[1]) << DIGITS | cut(p[2])
    };
    let mut buckets = vec![Bucket::default(); 1 << (3 * DIGITS)];
    for p in rgb.chunks_exact(3) {
        let bucket = &mut buckets[bucket_of(p)];
        bucket.count += 1;
        for (sum, part) in bucket.sum.iter_mut().zip(p) {
            *sum += u64::from(*part);
        }
    }
    let mean = |b: &Bucket| b.sum.map(|sum| (sum / b.count.max(1)) as u8);
    let mut used: Vec<usize> = (0..buckets.len())
        .filter(|&i| buckets[i].count > 0)
        .collect();
    used.sort_by_key(|&i| (Reverse(buckets[i].count), i));
    let chosen: Vec<[u8; 3]> = used.iter().take(MOST).map(|&i| mean(&buckets[i])).collect();
    let mut nearest = vec![0u8; buckets.len()];
    for &i in &used {
        let color = mean(&buckets[i]);
        let distance = |other: &[u8; 3]| -> u32 {
            let parts = color.iter().zip(other);
            parts.map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
        };
        let best = (0..chosen.len()).min_by_key(|&c| distance(&chosen[c]));
        nearest[i] = best.unwrap_or(0) as u8;
    }
    let indices = rgb.chunks_exact(3).map(|p| nearest[bucket_of(p)]).collect();
    (chosen.concat(), indices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_stay_what_they_are() {
        let rgb = [255, 255, 255, 178, 0, 0, 255, 255, 255, 1, 2, 200];
        let (palette, indices) = reduce(&rgb);
        assert_eq!(palette, [255, 255, 255, 1, 2, 200, 178, 0, 0]);
        assert_eq!(indices, [0, 2, 0, 1]);
    }

    #[test]
    fn rare_colours_become_frequent_ones_that_are_close() {
        // Blends of red, blue and black with white, as at the rims of letters and lines.
        let blend = |color: [u32; 3], share: u32| {
            color.map(|part| ((part * share + 255 * (255 - share)) / 255) as u8)
        };
        let inks = [[178, 0, 0], [0, 90, 200], [0, 0, 0], [20, 160, 90]];
        let blends = inks
            .iter()
            .flat_map(|&ink| (0..=255).map(move |s| blend(ink, s)));
        let rgb: Vec<u8> = blends.chain([[255; 3]; 99]).flatten().collect();
        let (palette, indices) = reduce(&rgb);
        assert!(palette.len() <= 3 * MOST);
        for (p, &index) in rgb.chunks_exact(3).zip(&indices) {
            let shown = &palette[3 * usize::from(index)..][..3];
            let far = p.iter().zip(shown).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(far <= Some(16), "{p:?} is shown as {shown:?}");
        }
    }
}

//! How wide text is in a Helvetica-like font (Helvetica, Arial, Liberation Sans and Nimbus Sans have the
//! same widths), so that text can be fitted into boxes without a font at hand.

/// The fonts that these widths are for, as a CSS list.
pub const FAMILY: &str = "Helvetica,Arial,'Liberation Sans','Nimbus Sans',sans-serif";

/// Width of the characters from space to tilde in thousandths of the font size.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278,
    278, // space … /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 … ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722,
    778, // @ … O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P … _
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` … o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p … ~
];

/// Width of a character in thousandths of the font size. Characters of other scripts are estimated, on
/// the wide side.
fn char_width(c: char) -> u32 {
    match c {
        ' '..='~' => u32::from(ASCII[c as usize - 32]),
        '·' => 333,
        '…' => 1000,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' => 0,
        // Characters that XML does not allow are drawn as a replacement.
        c if c.is_control() => 1000,
        '\u{1100}'.. => 1000,
        _ => 700,
    }
}

/// The width of a line of text.
pub fn width(text: &str, font_size: f64) -> f64 {
    let thousandths: u32 = text.chars().map(char_width).fold(0, u32::saturating_add);
    f64::from(thousandths) * font_size / 1000.0
}

/// The text if it is no wider than `room`, else as much of its start as fits with an ellipsis. `None`
/// if fewer than `least` characters would be left.
pub fn fit(text: &str, font_size: f64, room: f64, least: usize) -> Option<String> {
    if width(text, font_size) <= room {
        return Some(text.to_owned());
    }
    let mut left = room - width("…", font_size);
    let mut end = 0;
    let mut count = 0;
    for (at, c) in text.char_indices() {
        left -= f64::from(char_width(c)) * font_size / 1000.0;
        if left < 0.0 {
            break;
        }
        end = at + c.len_utf8();
        count += 1;
    }
    (count >= least).then(|| format!("{}…", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_add_up() {
        assert_eq!(width("", 10.0), 0.0);
        assert_eq!(width("il", 10.0), 4.44);
        assert_eq!(width("WW", 10.0), 18.88);
        assert_eq!(width("世", 10.0), 10.0);
    }

    #[test]
    fn text_is_cut_where_the_room_ends() {
        for (text, room, least, expect) in [
            ("mmm", 25.0, 1, Some("mmm")),
            ("mmmm", 27.0, 1, Some("mm…")),
            ("mmmm", 27.0, 3, None),
            ("ééé", 17.0, 1, Some("é…")),
            ("mmm", -1.0, 1, None),
        ] {
            let cut = fit(text, 10.0, room, least);
            assert_eq!(cut.as_deref(), expect);
            assert!(cut.is_none_or(|t| width(&t, 10.0) <= room));
        }
    }
}

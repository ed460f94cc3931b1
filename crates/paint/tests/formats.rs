//! Drawings come out of their files as they went in.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use flate2::read::ZlibDecoder;
use gowhy_paint::gif::gif;
use gowhy_paint::pdf::pdf;
use gowhy_paint::pixels::paint;
use gowhy_paint::png::png;
use gowhy_paint::ps::ps;
use gowhy_paint::{Color, Drawing, Error, Item, Segment, Shape, Stroke, Text};

const RED: Color = Color(200, 0, 0);
const BLUE: Color = Color(0, 0, 255);

/// A red square from 10 to 30 with a blue rim, and a word to its right.
fn drawing() -> Drawing {
    let corners = [(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)];
    let steps = corners.iter().enumerate().map(|(i, &(x, y))| match i {
        0 => Segment::Move(x, y),
        _ => Segment::Line(x, y),
    });
    Drawing {
        width: 90.0,
        height: 45.0,
        title: "a test".to_owned(),
        items: vec![
            Item::Shape(Shape {
                path: steps.chain([Segment::Close]).collect(),
                fill: Some(RED),
                stroke: Some(Stroke {
                    color: BLUE,
                    width: 3.0,
                    dots: None,
                }),
            }),
            Item::Text(Text {
                x: 36.0,
                y: 30.0,
                size: 18.0,
                text: "Ping".to_owned(),
                color: Color(0, 0, 0),
                rim: Some(Color::WHITE),
            }),
        ],
    }
}

/// What is at a place that is given in points.
fn at(rgb: &[u8], width: usize, x: f64, y: f64) -> [u8; 3] {
    let pixel = |points: f64| (points * 4.0 / 3.0) as usize;
    let start = 3 * (pixel(y) * width + pixel(x));
    [rgb[start], rgb[start + 1], rgb[start + 2]]
}

/// The square, its rim and the paper are where they belong, and there is writing.
fn check(rgb: &[u8], (width, height): (usize, usize)) {
    assert_eq!((width, height), (120, 60));
    assert_eq!(at(rgb, width, 20.0, 20.0), [200, 0, 0]);
    assert_eq!(at(rgb, width, 10.0, 20.0), [0, 0, 255]);
    for (x, y) in [(4.0, 4.0), (85.0, 40.0)] {
        assert!(at(rgb, width, x, y).iter().all(|part| *part > 250));
    }
    let written = (36..80).flat_map(|x| (12..38).map(move |y| (f64::from(x), f64::from(y))));
    let dark = written
        .filter(|&(x, y)| at(rgb, width, x, y)[1] < 128)
        .count();
    assert!((60..500).contains(&dark), "{dark} dark places");
}

#[test]
fn png_has_the_pixels() {
    let file = png(&drawing()).expect("it can be painted");
    let mut reader = png::Decoder::new(Cursor::new(file))
        .read_info()
        .expect("it is PNG");
    let mut rgb = vec![0; reader.output_buffer_size().expect("it fits")];
    let frame = reader.next_frame(&mut rgb).expect("it has pixels");
    check(&rgb, (frame.width as usize, frame.height as usize));
}

#[test]
fn gif_has_the_pixels() {
    let file = gif(&drawing()).expect("it can be painted");
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(&file[..]).expect("it is GIF");
    let frame = decoder
        .read_next_frame()
        .expect("it is whole")
        .expect("it has a frame");
    let rgb: Vec<u8> = frame
        .buffer
        .chunks_exact(4)
        .flat_map(|p| &p[..3])
        .copied()
        .collect();
    check(&rgb, (frame.width.into(), frame.height.into()));
}

/// The parts of a PDF between `stream` and `endstream`, unpacked where they are packed.
fn streams(file: &[u8]) -> Vec<Vec<u8>> {
    let find = |from: usize, what: &[u8]| {
        let found = file[from..].windows(what.len()).position(|w| w == what);
        found.map(|at| from + at)
    };
    let mut streams = Vec::new();
    let mut from = 0;
    while let Some(start) = find(from, b"stream\n") {
        let end = find(start, b"\nendstream").expect("streams end");
        let mut unpacked = Vec::new();
        let packed = &file[start + 7..end];
        if ZlibDecoder::new(packed).read_to_end(&mut unpacked).is_err() {
            unpacked = packed.to_vec();
        }
        streams.push(unpacked);
        from = end + 10;
    }
    streams
}

#[test]
fn pdf_has_the_page_the_font_and_the_meaning_of_letters() {
    let file = pdf(&drawing()).expect("it can be written");
    assert!(file.starts_with(b"%PDF-1."));
    let text = String::from_utf8_lossy(&file);
    assert!(text.trim_end().ends_with("%%EOF"));
    assert!(text.contains("/MediaBox [0 0 90 45]"), "{text}");
    let streams = streams(&file);
    let [page, font, meanings] = &streams[..] else {
        panic!("{} streams", streams.len());
    };
    assert_eq!(font, gowhy_paint::font::FILE);
    let page = String::from_utf8_lossy(page);
    for part in [
        "10 10 m",
        "30 30 l",
        "0.78431374 0 0 rg",
        "0 0 1 RG",
        "/F 18 Tf",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let meanings = String::from_utf8_lossy(meanings);
    for letter in "Ping".chars() {
        let code = format!("<{:04X}>", u32::from(letter));
        assert!(meanings.contains(&code), "{letter}: {meanings}");
    }
}

#[test]
fn postscript_defines_what_it_draws() {
    let file = ps(&drawing()).expect("it can be written");
    assert!(file.starts_with("%!PS-Adobe-3.0\n%%Title: a test\n"));
    assert!(file.contains("%%BoundingBox: 0 0 90 45\n"));
    assert!(file.contains("10 10 M 30 10 L 30 30 L 10 30 L Z F"));
    let names = |ending: &str| -> BTreeSet<String> {
        let words: Vec<&str> = file.split_whitespace().collect();
        let glyph = |word: &str| {
            let number = word.strip_prefix(ending)?;
            number.parse::<u16>().ok().map(|n| n.to_string())
        };
        words.iter().filter_map(|w| glyph(w)).collect()
    };
    assert_eq!(names("/g").len(), 4);
    assert_eq!(names("/g"), names("g"));
    assert_eq!(file.matches('{').count(), file.matches('}').count());
}

#[test]
fn the_same_drawing_gives_the_same_bytes() {
    let drawing = drawing();
    assert_eq!(png(&drawing).expect("png"), png(&drawing).expect("png"));
    assert_eq!(gif(&drawing).expect("gif"), gif(&drawing).expect("gif"));
    assert_eq!(pdf(&drawing).expect("pdf"), pdf(&drawing).expect("pdf"));
    assert_eq!(ps(&drawing).expect("ps"), ps(&drawing).expect("ps"));
}

#[test]
fn any_size_and_text_is_painted_or_refused() {
    for (width, height) in [
        (0.0, 5.0),
        (f64::NAN, 5.0),
        (5.0, f64::INFINITY),
        (-1.0, 9.0),
    ] {
        let drawing = Drawing {
            width,
            height,
            ..drawing()
        };
        assert!(matches!(png(&drawing), Err(Error::NoSize)));
        assert!(matches!(gif(&drawing), Err(Error::NoSize)));
        assert!(matches!(pdf(&drawing), Err(Error::NoSize)));
        assert!(matches!(ps(&drawing), Err(Error::NoSize)));
    }
    let mut odd = drawing();
    odd.title = "(odd\n%%EOF \u{202e}é".to_owned();
    for text in ["", " ", "世界\u{0}\n", "e\u{301}", "%\\(((", "\u{10ffff}"] {
        odd.items.push(Item::Text(Text {
            x: f64::from(i16::MAX),
            y: -3.0,
            size: 0.0,
            text: text.to_owned(),
            ..Text::default()
        }));
    }
    odd.items.push(Item::Shape(Shape {
        path: vec![Segment::Line(f64::NAN, 1.0), Segment::Close],
        fill: Some(RED),
        stroke: Some(Stroke {
            color: BLUE,
            width: -1.0,
            dots: Some((0.0, 0.0)),
        }),
    }));
    png(&odd).expect("png");
    pdf(&odd).expect("pdf");
    let file = ps(&odd).expect("ps");
    assert_eq!(
        file.matches("%%EOF").count(),
        2,
        "the title stays on its line"
    );
    assert!(file.is_ascii());
}

#[test]
fn large_pictures_are_scaled_down() {
    let mut large = drawing();
    large.width = 60_000.0;
    large.height = 90.0;
    let pixels = paint(&large).expect("it can be painted");
    assert_eq!(pixels.width, 32_000);
    assert_eq!(pixels.rgb.len(), 3 * 32_000 * pixels.height as usize);
}

//! What is painted.

/// A picture in points (1/72 inch); y grows downwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// What it shows, for readers of the file.
    pub title: String,
    /// What is in it, in the order of painting.
    pub items: Vec<Item>,
}

/// A part of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Lines and areas.
    Shape(Shape),
    /// A line of text.
    Text(Text),
}

/// Lines and areas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// The outline.
    pub path: Vec<Segment>,
    /// The colour inside.
    pub fill: Option<Color>,
    /// How the outline is drawn.
    pub stroke: Option<Stroke>,
}

/// A step of an outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Segment {
    /// Begins a new line.
    Move(f64, f64),
    /// Draws on straight.
    Line(f64, f64),
    /// Draws on in a Bézier curve, with two control points.
    Curve([(f64, f64); 3]),
    /// Draws back to where the line began.
    Close,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// The colour.
    pub color: Color,
    /// How wide it is.
    pub width: f64,
    /// Length of dots and of the gaps between them.
    pub dots: Option<(f64, f64)>,
}

/// A line of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    /// Where it begins.
    pub x: f64,
    /// Its baseline.
    pub y: f64,
    /// The font size.
    pub size: f64,
    /// What it says.
    pub text: String,
    /// Its colour.
    pub color: Color,
    /// The colour of a rim that keeps it readable above lines.
    pub rim: Option<Color>,
}

/// How wide the rim around text is, on each side.
pub(crate) const RIM: f64 = 1.5;

/// Red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// White.
    pub const WHITE: Color = Color(255, 255, 255);

    /// The three parts, from 0 to 1.
    pub(crate) fn parts(self) -> [f32; 3] {
        [self.0, self.1, self.2].map(|part| f32::from(part) / 255.0)
    }
}

impl Drawing {
    /// Width and height, if they can be painted.
    pub(crate) fn size(&self) -> Result<(f64, f64), crate::Error> {
        let good = |x: f64| x.is_finite() && x >= 1.0;
        if good(self.width) && good(self.height) {
            Ok((self.width, self.height))
        } else {
            Err(crate::Error::NoSize)
        }
    }
}

//! The colours of shares: grey for little, red for much, and blue for what became less.
//!
//! Shades for gains are those of pprof's `dotColor`. Losses are blue where pprof has green, because
//! green and red look alike to many readers.

use std::fmt::{self, Display};

/// A share of the total from -1 to 1, in steps of a fortieth, which is as fine as colours tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heat(i8);

/// What is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Lines and borders.
    Line,
    /// The background of boxes.
    Fill,
}

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

const STEPS: f64 = 40.0;

impl Heat {
    /// The share that `value` has of `total`.
    pub fn of(value: i64, total: i64) -> Heat {
        if total == 0 {
            return Heat(0);
        }
        let share = value as f64 / (total as f64).abs();
        Heat((share.clamp(-1.0, 1.0) * STEPS).round() as i8)
    }

    /// The name of its style class.
    pub fn class(self) -> String {
        let sign = if self.0 < 0 { 'm' } else { 'p' };
        format!("{sign}{}", self.0.unsigned_abs())
    }

    /// Its colour on a white page.
    pub fn light(self, paint: Paint) -> Rgb {
        match paint {
            Paint::Line => self.shade(1.0, 0.7, 0.7),
            Paint::Fill => self.shade(0.1, 0.93, 0.93),
        }
    }

    /// Its colour on a dark page.
    pub fn dark(self, paint: Paint) -> Rgb {
        match paint {
            Paint::Line => self.shade(0.62, 0.5, 0.95),
            Paint::Fill => self.shade(0.55, 0.2, 0.36),
        }
    }

    /// A shade as bright as `least` for nothing and as `most` for everything.
    fn shade(self, saturation: f64, least: f64, most: f64) -> Rgb {
        let share = f64::from(self.0.unsigned_abs()) / STEPS;
        // Nearly nothing is grey, not yellow; and most of the change is near zero.
        let saturation = saturation * (share / 0.2).min(1.0);
        let score = share.powf(0.3);
        let value = least + (most - least) * score;
        let high = value;
        let low = value * (1.0 - saturation);
        let between = value * (1.0 - saturation * score);
        if self.0 < 0 {
            // As far from blue as gains are from red, half of it towards cyan.
            Rgb(byte(low), byte((between + high) / 2.0), byte(high))
        } else {
            Rgb(byte(high), byte(between), byte(low))
        }
    }
}

fn byte(x: f64) -> u8 {
    (x * 255.0) as u8
}

impl Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_have_the_colours_of_pprof() {
        for (value, line, fill) in [
            (0, "#b2b2b2", "#ededed"),
            (47, "#b22300", "#eddad5"),
            (100, "#b20000", "#edd5d5"),
        ] {
            let heat = Heat::of(value, 100);
            assert_eq!(heat.light(Paint::Line).to_string(), line);
            assert_eq!(heat.light(Paint::Fill).to_string(), fill);
        }
    }

    #[test]
    fn losses_are_blue_and_as_strong() {
        let loss = Heat::of(-60, 100).light(Paint::Line);
        let gain = Heat::of(60, 100).light(Paint::Line);
        assert_eq!((loss.2, loss.0), (gain.0, gain.2));
        assert!(loss.1 < loss.2);
        assert_eq!(Heat::of(-60, 100).class(), "m24");
    }

    #[test]
    fn shares_stay_in_range() {
        for (value, total, class) in [
            (5, 0, "p0"),
            (i64::MAX, 1, "p40"),
            (i64::MIN, 1, "m40"),
            (-10, -40, "m10"),
        ] {
            assert_eq!(Heat::of(value, total).class(), class);
        }
    }
}

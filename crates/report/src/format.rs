//! How the values of one report are written.

use crate::measure::{scale, scaled_label};

/// Writes values of a profile's unit in the unit of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    /// What values are multiplied by first.
    pub ratio: f64,
    /// The unit of the values.
    pub from: String,
    /// The unit to show; may be `minimum` or `auto`.
    pub to: String,
}

impl Format {
    /// The value as shown.
    pub fn value(&self, value: i64) -> String {
        scaled_label(self.reduce(value), &self.from, &self.to)
    }

    /// The value as shown, with a dot for nothing.
    pub fn value_or_dot(&self, value: i64) -> String {
        match value {
            0 => ".".to_owned(),
            value => self.value(value),
        }
    }

    /// The value multiplied by the ratio, cut to a whole number.
    pub fn reduce(&self, value: i64) -> i64 {
        if self.ratio > 0.0 && self.ratio != 1.0 {
            (value as f64 * self.ratio) as i64
        } else {
            value
        }
    }

    /// Takes the unit that suits the smallest and the largest value shown, if one is to be picked.
    ///
    /// It is the unit of the smallest. If that is not the unit of the largest, two decimals (unless
    /// values are to be `whole`) let the smallest be written in the unit of a hundred times as much.
    pub fn settle(&mut self, values: impl Iterator<Item = i64>, total: i64, whole: bool) {
        if self.to != "minimum" {
            return;
        }
        let mut any = false;
        let magnitudes = values.map(|v| v.wrapping_abs()).inspect(|_| any = true);
        let smallest = magnitudes.filter(|v| *v > 0).min();
        if !any {
            return;
        }
        let smallest = self.reduce(smallest.unwrap_or(total));
        let largest = self.reduce(total);
        let unit_of = |v: i64| scale(v, &self.from, "minimum").1;
        let mut unit = unit_of(smallest);
        let hundredfold = smallest.wrapping_mul(100);
        if unit != unit_of(largest) && hundredfold < largest && !whole {
            unit = unit_of(hundredfold);
        }
        self.to = if unit.is_empty() {
            self.from.clone()
        } else {
            unit.to_owned()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(ratio: f64, values: &[i64], total: i64) -> String {
        let mut format = Format {
            ratio,
            from: "nanoseconds".into(),
            to: "minimum".into(),
        };
        format.settle(values.iter().copied(), total, false);
        format.to
    }

    #[test]
    fn the_unit_suits_the_smallest_value() {
        assert_eq!(settled(1.0, &[], 100), "minimum");
        assert_eq!(settled(1.0, &[10, 900], 900), "ns");
        assert_eq!(settled(1.0, &[0, 0], 2_000_000), "ms");
        assert_eq!(settled(1.0, &[20_000, 0], 1_000_000), "us");
        assert_eq!(settled(1.0, &[-20_000], 9_000_000), "ms");
        assert_eq!(settled(0.001, &[20_000_000], 9_000_000_000), "ms");
    }

    #[test]
    fn dividing_cuts_to_whole_numbers() {
        let format = Format {
            ratio: 1.0 / 3.0,
            from: "ns".into(),
            to: "ns".into(),
        };
        assert_eq!(format.value(10), "3ns");
        assert_eq!(format.value_or_dot(0), ".");
        assert_eq!(format.value_or_dot(1), "0");
    }
}

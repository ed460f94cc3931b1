//! The colours of boxes. A package always has the same hue, in every picture; the Go runtime is grey;
//! gains are orange and losses blue. Shades are even in lightness (Oklab), so that text can be read on
//! all of them, on light and on dark pages.

use std::fmt::Write;

use crate::svg::heat::Rgb;

/// How many hues packages have.
const HUES: u32 = 24;

/// How many shades each hue has, so that neighbours of one package can be told apart.
const SHADES: u32 = 3;

/// Steps from no change to nothing but gain or loss.
const STEPS: i64 = 4;

/// What a function is, as far as its colour shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Of a package, by hue and shade.
    Package(u32, u32),
    /// Of the Go runtime, by shade.
    Runtime(u32),
}

impl Color {
    /// The colour of a function.
    pub fn of(function: &str) -> Color {
        let package = package(function);
        let shade = hash(function) / 7 % SHADES;
        if is_runtime(package) {
            return Color::Runtime(shade);
        }
        Color::Package(hash(package) % HUES, shade)
    }

    /// The name of its style class.
    pub fn class(self) -> String {
        match self {
            Color::Package(hue, shade) => format!("h{hue}s{shade}"),
            Color::Runtime(shade) => format!("rs{shade}"),
        }
    }
}

/// The style class of a change: `value` is what is left of `weight` when losses are taken from gains.
pub fn change_class(value: i64, weight: u64) -> String {
    let share = value as f64 / (weight.max(1)) as f64;
    let step = (share * STEPS as f64).round() as i64;
    match step.clamp(-STEPS, STEPS) {
        0 => "z".to_owned(),
        step if step < 0 => format!("m{}", -step),
        step => format!("p{step}"),
    }
}

/// Whether a package is part of the Go runtime.
pub fn is_runtime(package: &str) -> bool {
    package == "runtime"
        || package.starts_with("runtime/internal/")
        || package.starts_with("internal/runtime/")
}

/// The import path in a Go symbol's name; empty for symbols of other languages.
pub fn package(function: &str) -> &str {
    // Type arguments may hold paths of other packages.
    let plain = function.split(['[', '(']).next().unwrap_or("");
    let last = plain.rfind('/').map_or(0, |slash| slash + 1);
    match plain[last..].find('.') {
        Some(dot) => &plain[..last + dot],
        None => "",
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |h: u32, b| {
        (h ^ u32::from(b)).wrapping_mul(0x0100_0193)
    })
}

/// The style rules of all classes.
pub(super) fn css(dark: bool, signed: bool) -> String {
    let text = if dark { TEXT_DARK } else { TEXT_LIGHT };
    let mut css = format!("text{{fill:{text}}}");
    let mut rule = |class: String, color: Rgb| {
        let written = write!(css, ".{class}{{fill:{color}}}");
        written.expect("a string takes any text");
    };
    if signed {
        for step in -STEPS..=STEPS {
            rule(change_class(step, STEPS as u64), change(step, dark));
        }
        return css;
    }
    for shade in 0..SHADES {
        rule(Color::Runtime(shade).class(), grey(shade, dark));
        for hue in 0..HUES {
            rule(Color::Package(hue, shade).class(), tint(hue, shade, dark));
        }
    }
    css
}

fn lightness(shade: u32, dark: bool) -> f64 {
    let by = (f64::from(shade) - 1.0) * 0.025;
    if dark { 0.40 + by } else { 0.86 + by }
}

fn tint(hue: u32, shade: u32, dark: bool) -> Rgb {
    let degrees = f64::from(hue) * 360.0 / f64::from(HUES);
    oklch(lightness(shade, dark), 0.075, degrees)
}

fn grey(shade: u32, dark: bool) -> Rgb {
    oklch(lightness(shade, dark) - 0.02, 0.004, 250.0)
}

fn change(step: i64, dark: bool) -> Rgb {
    let share = step.unsigned_abs() as f64 / STEPS as f64;
    let degrees = if step < 0 { 250.0 } else { 60.0 };
    let (from, to) = if dark { (0.33, 0.47) } else { (0.92, 0.78) };
    oklch(from + (to - from) * share, 0.004 + 0.11 * share, degrees)
}

/// A colour by lightness, strength and hue angle, as near as sRGB comes to it.
fn oklch(l: f64, c: f64, degrees: f64) -> Rgb {
    let (a, b) = (
        c * degrees.to_radians().cos(),
        c * degrees.to_radians().sin(),
    );
    // Björn Ottosson, "A perceptual color space for image processing" (2020).
    let l_ = (l + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m_ = (l - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s_ = (l - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let byte = |linear: f64| {
        let x = linear.clamp(0.0, 1.0);
        let x = if x <= 0.003_130_8 {
            12.92 * x
        } else {
            1.055 * x.powf(1.0 / 2.4) - 0.055
        };
        (x * 255.0).round() as u8
    };
    Rgb(
        byte(4.076_741_662_1 * l_ - 3.307_711_591_3 * m_ + 0.230_969_929_2 * s_),
        byte(-1.268_438_004_6 * l_ + 2.609_757_401_1 * m_ - 0.341_319_396_5 * s_),
        byte(-0.004_196_086_3 * l_ - 0.703_418_614_7 * m_ + 1.707_614_701_0 * s_),
    )
}

/// Text, on light and on dark pages.
const TEXT_LIGHT: Rgb = Rgb(0x11, 0x11, 0x11);
const TEXT_DARK: Rgb = Rgb(0xf2, 0xf2, 0xf2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_in_names() {
        for (name, expect) in [
            ("main.main", "main"),
            ("net/http.(*conn).serve", "net/http"),
            ("github.com/a/b%2ev2.F.func1", "github.com/a/b%2ev2"),
            ("main.sortBy[go.shape.*uint8]", "main"),
            ("main.Map[github.com/a/b.T,int].Get", "main"),
            ("encoding/json.(*Decoder[a/b.T]).Decode", "encoding/json"),
            ("runtime.mallocgc", "runtime"),
            ("memcpy", ""),
            ("[libc.so.6]", ""),
            ("", ""),
        ] {
            assert_eq!(package(name), expect, "{name}");
        }
    }

    #[test]
    fn a_package_keeps_its_hue_and_the_runtime_is_grey() {
        let hue = |name: &str| match Color::of(name) {
            Color::Package(hue, _) => Some(hue),
            Color::Runtime(_) => None,
        };
        assert_eq!(hue("net/http.(*conn).serve"), hue("net/http.Get"));
        assert_ne!(hue("net/http.Get"), hue("encoding/json.Marshal"));
        for name in [
            "runtime.gcDrain",
            "internal/runtime/maps.(*Map).Put",
            "runtime/internal/sys.x",
        ] {
            assert_eq!(hue(name), None, "{name}");
        }
        assert!(hue("runtime/pprof.StartCPUProfile").is_some());
        // Pictures made by different versions are compared: this must not change.
        assert_eq!(Color::of("net/http.(*conn).serve").class(), "h21s1");
    }

    #[test]
    fn changes_have_steps() {
        for (value, weight, class) in [
            (0, 0, "z"),
            (10, 100, "z"),
            (30, 100, "p1"),
            (100, 100, "p4"),
            (-51, 100, "m2"),
            (i64::MIN, 1, "m4"),
        ] {
            assert_eq!(change_class(value, weight), class);
        }
    }

    fn luminance(c: Rgb) -> f64 {
        let linear = |b: u8| {
            let x = f64::from(b) / 255.0;
            if x <= 0.040_45 {
                x / 12.92
            } else {
                ((x + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2)
    }

    #[test]
    fn text_can_be_read_on_every_color() {
        for dark in [false, true] {
            let text = luminance(if dark { TEXT_DARK } else { TEXT_LIGHT });
            let tints = (0..HUES).flat_map(|h| (0..SHADES).map(move |s| tint(h, s, dark)));
            let greys = (0..SHADES).map(|s| grey(s, dark));
            let changes = (-STEPS..=STEPS).map(|s| change(s, dark));
            for color in tints.chain(greys).chain(changes) {
                let box_ = luminance(color);
                let contrast = (text.max(box_) + 0.05) / (text.min(box_) + 0.05);
                // WCAG 2 asks for 4.5, and for 7 at its highest level.
                assert!(contrast >= 5.5, "{color} dark={dark}: {contrast:.2}");
            }
        }
    }
}

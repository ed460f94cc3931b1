//! Numbers as Go's `strconv` takes them.

/// A whole number with or without sign. Go counts iterations in an `int`; fewer than none make no
/// sense.
pub fn integer(text: &str) -> Result<u64, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("invalid syntax");
    }
    match text.parse::<i64>() {
        Ok(n) => u64::try_from(n).map_err(|_| "value out of range"),
        Err(_) => Err("value out of range"),
    }
}

/// A number in decimal or hexadecimal notation. What is not a number cannot be compared with others,
/// so unlike in Go it is none here.
pub fn float(text: &str) -> Result<f64, &'static str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        let value = hexadecimal(&unsigned[2..]).ok_or("invalid syntax")?;
        let negative = text.starts_with('-');
        return finite(if negative { -value } else { value });
    }
    // Rust takes the same decimal notation, and words for infinity and what is not a number.
    let decimal = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !unsigned.bytes().all(decimal) {
        return Err("invalid syntax");
    }
    finite(text.parse().map_err(|_| "invalid syntax")?)
}

fn finite(value: f64) -> Result<f64, &'static str> {
    match value.is_finite() {
        true => Ok(value),
        false => Err("value out of range"),
    }
}

/// `1.8p3`: the digits are hexadecimal, the exponent is a power of two in decimal and must be there.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    exponent = exponent.saturating_sub(i32::try_from(fraction.len()).ok()?.saturating_mul(4));
    Some(value * 2f64.powi(exponent))
}

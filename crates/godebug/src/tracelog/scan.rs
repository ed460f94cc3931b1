//! A cursor over the bytes of one line. What does not match leaves it where the mismatch is, so that
//! its place tells how far a line was grammatical.

/// The cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Scan { bytes, at: 0 }
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Takes this text.
    #[inline]
    pub(crate) fn text(&mut self, text: &[u8]) -> Option<()> {
        self.rest().starts_with(text).then(|| self.at += text.len())
    }

    /// Takes this text if it is there.
    #[inline]
    pub(crate) fn has(&mut self, text: &[u8]) -> bool {
        self.text(text).is_some()
    }

    /// A whole number as Go prints it. It has no leading zeros, which tells `0` from the year of
    /// another writer's line that follows it.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let start = self.at;
        let mut value = 0_u64;
        while let Some(digit) = self.bytes.get(self.at).filter(|b| b.is_ascii_digit()) {
            if value == 0 && self.at > start {
                break;
            }
            value = value
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        (self.at > start).then_some(value)
    }

    /// A whole number that may be negative, or `nil`, which counts as -1.
    pub(crate) fn signed(&mut self) -> Option<i64> {
        if self.has(b"nil") {
            return Some(-1);
        }
        let negative = self.has(b"-");
        let value = i64::try_from(self.number()?).unwrap_or(i64::MAX);
        Some(if negative { -value } else { value })
    }

    /// A number with or without decimals, as millionths.
    #[inline]
    pub(crate) fn millionths(&mut self) -> Option<u64> {
        let mut value = self.number()?.saturating_mul(1_000_000);
        if self.bytes.get(self.at) == Some(&b'.')
            && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit)
        {
            self.at += 1;
            let mut unit = 100_000;
            while let Some(digit) = self.bytes.get(self.at).filter(|b| b.is_ascii_digit()) {
                value = value.saturating_add(u64::from(digit - b'0') * unit);
                unit /= 10;
                self.at += 1;
            }
        }
        Some(value)
    }

    /// A truth as either `0` and `1` or words.
    pub(crate) fn truth(&mut self) -> Option<bool> {
        if self.has(b"true") {
            return Some(true);
        }
        if self.has(b"false") {
            return Some(false);
        }
        Some(self.number()? != 0)
    }

    /// Takes `name` and a number.
    pub(crate) fn field(&mut self, name: &[u8]) -> Option<u64> {
        self.text(name)?;
        self.number()
    }

    /// Takes everything up to `end`, and `end`.
    pub(crate) fn until(&mut self, end: &[u8]) -> Option<&'a [u8]> {
        let at = memchr::memmem::find(self.rest(), end)?;
        let text = &self.rest()[..at];
        self.at += at + end.len();
        Some(text)
    }
}

//! The parameters of an address.

use std::fmt::Write;

use report::options::Options;
use report::variables;

/// Parameters by name, in the order of the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what follows the `?`. What is not properly written is taken as it stands.
    pub fn parse(text: &str) -> Self {
        let parts = text.split('&').filter(|part| !part.is_empty());
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        };
        Query(parts.map(pair).collect())
    }

    /// The first value of a name; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value)
    }

    /// Every value of a name.
    pub fn all<'q>(&'q self, name: &str) -> Vec<&'q str> {
        let named = self.0.iter().filter(|(n, _)| n == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The same with this value, or without the name if the value is empty.
    pub fn with(&self, name: &str, value: &str) -> Query {
        let mut query = self.clone();
        query.set(name, value);
        query
    }

    /// Sets a value, or takes the name out if the value is empty.
    pub fn set(&mut self, name: &str, value: &str) {
        let at = self.0.iter().position(|(n, _)| n == name);
        self.0.retain(|(n, _)| n != name);
        if !value.is_empty() {
            let at = at.unwrap_or(self.0.len()).min(self.0.len());
            self.0.insert(at, (name.to_owned(), value.to_owned()));
        }
    }

    /// As it is written in an address, with the `?` if there is anything.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(&encode(name));
            text.push('=');
            text.push_str(&encode(value));
        }
        text
    }

    /// Changes the options as the address says.
    pub fn apply(&self, options: &mut Options) -> Result<(), String> {
        for field in variables::all() {
            let Some(name) = variables::url_name(field) else {
                continue;
            };
            let value = self.get(name);
            if !value.is_empty() {
                let wrong = |e| format!("error setting config field {}: {e}", field.name);
                variables::set(options, field, value).map_err(wrong)?;
            }
        }
        Ok(())
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = rest.next_hex().filter(|_| byte == b'%');
        match (byte, hex) {
            (_, Some(value)) => {
                bytes.push(value);
                rest.nth(1);
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

trait Hex {
    /// The number that the next two hexadecimal digits stand for.
    fn next_hex(&self) -> Option<u8>;
}

impl Hex for std::str::Bytes<'_> {
    fn next_hex(&self) -> Option<u8> {
        let mut ahead = self.clone();
        let mut digit = || char::from(ahead.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        u8::try_from(high * 16 + low).ok()
    }
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_written() {
        let q = Query::parse("f=a%7Cb+c&si=&p=x&p=y%2&odd");
        assert_eq!((q.get("f"), q.get("si"), q.get("none")), ("a|b c", "", ""));
        assert_eq!(q.all("p"), ["x", "y%2"]);
        let q = q.with("si", "é").with("p", "").with("h", "1");
        assert_eq!(q.text(), "?f=a%7Cb%20c&si=%C3%A9&odd=&h=1");
        assert_eq!(Query::parse(&q.text()[1..]), q);
        assert_eq!(Query::parse("").text(), "");
        assert_eq!(Query::parse("a=%é%4").get("a"), "%é%4");
    }

    #[test]
    fn options_come_from_parameters() {
        let mut options = Options::default();
        let query = Query::parse("f=main&n=5&trim=f&g=lines&sort=cum&tagroot=x&h=");
        query.apply(&mut options).expect("all fits");
        assert_eq!((&*options.focus, options.nodecount), ("main", 5));
        assert!(!options.trim && options.tagroot.is_empty());
        let wrong = Query::parse("n=x").apply(&mut options);
        assert!(wrong.is_err_and(|e| e.contains("nodecount")));
    }
}

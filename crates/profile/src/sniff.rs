//! What an input is, by its first bytes.

/// How many bytes from the start are looked at.
pub(crate) const HEAD: usize = 1024;

/// The title of the web page that starts with these bytes, if it is one; empty if it has none.
pub(crate) fn web_page(head: &[u8]) -> Option<String> {
    let head = &head[..head.len().min(HEAD)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    // Lower case of ASCII only, so that offsets stay the same.
    let lower = text.to_ascii_lowercase();
    let tags = [
        "!doctype", "html", "head", "body", "title", "meta", "script", "?xml", "!--", "h1", "p>",
        "center", "pre",
    ];
    let rest = lower.strip_prefix('<')?;
    if !tags.iter().any(|tag| rest.starts_with(tag)) {
        return None;
    }
    let title = lower.find("<title").and_then(|start| {
        let start = start + lower[start..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        Some(text[start..end].split_whitespace().collect::<Vec<_>>())
    });
    Some(title.unwrap_or_default().join(" "))
}

/// Whether these bytes are text rather than a message: no control characters but white space.
pub(crate) fn is_text(head: &[u8]) -> bool {
    let head = &head[..head.len().min(HEAD)];
    !head.is_empty()
        && head
            .iter()
            .all(|&b| b >= 0x20 && b != 0x7f || matches!(b, b'\t' | b'\n' | b'\r'))
        && match std::str::from_utf8(head) {
            Ok(_) => true,
            Err(e) => e.error_len().is_none(), // A character is cut off at the end.
        }
}

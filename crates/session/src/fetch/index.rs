//! Which profiles an endpoint has: the list that `net/http/pprof` shows at `/debug/pprof/`.

use std::time::Duration;

use super::client::Client;
use super::url::ProfileUrl;

/// It is only asked for a hint.
const PATIENCE: Duration = Duration::from_secs(2);
const FOLDER: &str = "/debug/pprof/";

/// The names of the profiles beside a URL that is not there; empty if nobody says.
pub(super) fn profiles(client: &Client, url: &ProfileUrl) -> Vec<String> {
    let path = url.path();
    let folder = path
        .find(FOLDER)
        .map_or(FOLDER, |at| &path[..at + FOLDER.len()]);
    match client.get(&url.with_path(folder), Some(PATIENCE)) {
        Ok(answer) if answer.is_ok => names(&String::from_utf8_lossy(&answer.body)),
        _ => Vec::new(),
    }
}

/// The links of the page that lead to something beside it.
fn names(page: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for link in page.split("href=").skip(1) {
        let link = link.trim_start_matches(['\'', '"']);
        let end = link.find(['\'', '"', '>', ' ', '?']).unwrap_or(link.len());
        let name = &link[..end];
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let known = names.iter().any(|known| known == name);
        if !name.is_empty() && !known && name.chars().all(fits) && names.len() < 50 {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_names() {
        let page = "<tr><td>1</td><td><a href='heap?debug=1'>heap</a></td></tr>\
            <a href=\"profile\">p</a> <a href=trace>t</a><a href='goroutine?debug=2'>full</a>\
            <a href='heap?debug=1'>again</a><a href='https://go.dev/'>no</a><a href=''>no</a>";
        assert_eq!(names(page), ["heap", "profile", "trace", "goroutine"]);
        assert!(names("").is_empty());
        assert!(names("href=").is_empty());
    }
}

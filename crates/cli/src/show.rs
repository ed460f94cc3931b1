//! Shows a profile that a verb has got, as the user asked.

use std::path::Path;

use profile::Profile;
use report::import::{Import, import};
use report::view::{Image, View};

use crate::exit::CliError;
use crate::flags::ReportChoice;
use crate::output;

/// How many rows are shown when no view was asked for.
const DEFAULT_ROWS: i64 = 20;

/// Shows a profile as asked. Without a view: the top functions; and with an output file that is
/// meant for another form, that form goes there.
pub fn show(choice: &ReportChoice, profile: Profile) -> Result<(), CliError> {
    let profile = import(profile, &Import::default())?;
    if choice.view.is_some() {
        return output::render(profile, choice);
    }
    let mut top = choice.clone();
    top.view = Some(View::Top);
    if top.options.nodecount < 0 {
        top.options.nodecount = DEFAULT_ROWS;
    }
    if let Some(file) = top.output.take() {
        let mut kept = choice.clone();
        kept.view = Some(view_for(&file));
        output::render(profile.clone(), &kept)?;
    }
    output::render(profile, &top)
}

/// The view that a file of this name is meant to hold.
fn view_for(file: &str) -> View {
    match Path::new(file).extension().and_then(|e| e.to_str()) {
        Some("svg") => View::Flame,
        Some("html") => View::Html,
        Some("png") => View::Image(Image::Png),
        Some("gif") => View::Image(Image::Gif),
        Some("pdf") => View::Image(Image::Pdf),
        Some("ps") => View::Image(Image::Ps),
        Some("folded" | "collapsed") => View::Folded,
        Some("dot") => View::Dot,
        Some("txt") => View::Top,
        Some("json") => View::Speedscope,
        _ => View::Proto,
    }
}

//! `-http`: a profile's pages in a web browser.

use std::path::PathBuf;

use clap::Args;
use profile::Profile;
use report::source::LocalFiles;
use session::programs::LocalPrograms;
use web::{Address, Setup, Site};

use crate::exit::{CliError, Exit};
use crate::flags::ReportChoice;
use crate::output::{LocalZone, current_dir, say};
use crate::viewer;

/// Whether and where pages are served.
#[derive(Debug, Args)]
pub struct HttpArgs {
    /// Serve the web interface at host:port; the host is localhost and the port any free one unless
    /// given
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "",
        hide_default_value = true
    )]
    http: String,
    /// Do not open the web interface in a browser
    #[arg(long = "no_browser")]
    pub no_browser: bool,
}

impl HttpArgs {
    /// Where to serve, if at all; with a view for the command line it makes no sense.
    pub fn address(&self, view: bool) -> Result<Option<Address>, CliError> {
        if self.http.is_empty() {
            return match self.no_browser {
                true => Err(CliError::usage("-no_browser only makes sense with -http")),
                false => Ok(None),
            };
        }
        if view {
            let both = "-http is not compatible with an output format on the command line";
            return Err(CliError::usage(both));
        }
        Address::parse(&self.http)
            .map(Some)
            .map_err(CliError::usage)
    }
}

/// Serves a profile's pages until ^C.
pub fn serve(
    profile: Profile,
    choice: &ReportChoice,
    address: &Address,
    browser: bool,
) -> Result<Exit, CliError> {
    say(&choice.notices);
    let site = Site::new(Setup {
        profile,
        options: choice.options.clone(),
        zone: Box::new(LocalZone),
        files: Box::new(LocalFiles),
        programs: || Box::new(LocalPrograms::default()),
        search: current_dir()?,
        settings: settings_file(),
    });
    let listener = address.listen().map_err(|e| {
        let mut error = CliError::from(e).context(format!("cannot listen at {}", address.host));
        if error.exit == Exit::Input {
            error.exit = Exit::Usage;
        }
        error.hint("gowhy pprof -http=: SOURCE takes a free port of localhost")
    })?;
    let port = listener.local_addr()?.port();
    let host = match address.host.contains(':') {
        true => format!("[{}]", address.host),
        false => address.host.clone(),
    };
    let url = format!("http://{host}:{port}");
    anstream::eprintln!("Serving web UI on {url}");
    if !address.is_local() {
        let yellow = anstyle::AnsiColor::Yellow.on_default();
        anstream::eprintln!(
            "{yellow}warning{yellow:#}: other machines can read this profile and its sources"
        );
    }
    // Connections wait in the listener's queue until they are served.
    if browser && !viewer::open_url(&url) {
        anstream::eprintln!("no web browser is found; open {url}");
    }
    web::serve(site, listener, address.is_local())?;
    Ok(Exit::Ok)
}

/// The file in which pprof keeps named configurations.
fn settings_file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let home = || Some(set("HOME")?.join(".config"));
    Some(config.or_else(home)?.join("pprof/settings.json"))
}

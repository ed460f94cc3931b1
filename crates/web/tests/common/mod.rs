//! Sites to ask, and pprof's own to compare them with.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gowhy_web::{Setup, Site};
use profile::Profile;
use report::import::{Import, import};
use report::options::Options;
use report::source::LocalFiles;
use report::time::Utc;
use session::programs::LocalPrograms;
use testkit::Variant;

/// A CPU profile that a Go program takes of itself.
pub fn take(dir: &Path) -> PathBuf {
    let program = testkit::program("httpd", "any", Variant::Plain).expect("the testbed builds");
    let path = dir.join("cpu.pb.gz");
    let status = Command::new(program)
        .args(["-for=1500ms", "-labels", "-profile-for=1s", "-cpuprofile"])
        .arg(&path)
        .stdout(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success());
    path
}

/// A profile, as `gowhy pprof` reads it.
pub fn read(path: &Path) -> Profile {
    let bytes = std::fs::read(path).expect("it is there");
    let profile = profile::decode(&bytes).expect("it is a profile");
    import(profile, &Import::default()).expect("it can be shown")
}

/// The pages of a profile.
pub fn site(profile: Profile, options: Options, settings: Option<PathBuf>) -> Site {
    Site::new(Setup {
        profile,
        options,
        zone: Box::new(Utc),
        files: Box::new(LocalFiles),
        programs: || Box::new(LocalPrograms::default()),
        search: "/nonexistent".to_owned(),
        settings,
    })
}

/// The body of a page that is there.
pub fn get(site: &Site, address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let reply = site.answer(&format!("/ui/{path}"), query, false);
    let body = String::from_utf8(reply.body).expect("pages are text");
    assert_eq!(reply.status, 200, "{address}: {body}");
    body
}

/// A server in a process of its own.
pub struct Served {
    child: Child,
    /// Its address, without a path.
    pub url: String,
}

impl Served {
    /// Starts `program` and waits until it says where it serves.
    pub fn start(program: &Path, args: &[&str], home: &Path) -> Served {
        let mut child = Command::new(program)
            .args(args)
            .env_clear()
            .envs([("TZ", "UTC"), ("TERM", "dumb")])
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stderr = child.stderr.take().expect("it is piped");
        let mut lines = BufReader::new(stderr).lines();
        let mut said = Vec::new();
        let url = lines.find_map(|line| {
            let line = line.expect("it speaks UTF-8");
            said.push(line.clone());
            Some(line.strip_prefix("Serving web UI on ")?.to_owned())
        });
        // It may go on speaking.
        std::thread::spawn(move || lines.for_each(drop));
        let url = url.unwrap_or_else(|| panic!("it does not serve: {said:?}"));
        Served { child, url }
    }

    /// The status and the body of a page.
    pub fn get(&self, address: &str) -> (u16, String) {
        let agent = ureq::Agent::new_with_config(
            ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build(),
        );
        // It says where it serves before it does.
        for _ in 0..600 {
            match agent.get(format!("{}{address}", self.url)).call() {
                Ok(mut response) => {
                    let mut body = String::new();
                    let mut reader = response.body_mut().as_reader();
                    reader.read_to_string(&mut body).expect("pages are text");
                    return (response.status().as_u16(), body);
                }
                Err(ureq::Error::Io(_) | ureq::Error::ConnectionFailed) => {
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                Err(e) => panic!("{address}: {e}"),
            }
        }
        panic!("{} does not answer", self.url);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

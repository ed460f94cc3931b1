//! Named configurations, in the file that `go tool pprof` keeps them in.
//!
//! Mirrors pprof's `internal/driver/settings.go`: `{"configs":[{"name":…, OPTION:VALUE …}]}`, where an
//! option that is missing is false, 0 or empty. What we do not know of an entry stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use report::options::{Field, Options, Slot};
use report::variables;
use serde_json::{Map, Number, Value, json};

use crate::query::Query;

/// The file.
#[derive(Debug)]
pub struct Settings {
    path: Option<PathBuf>,
    /// Held while the file is read and written again.
    lock: Mutex<()>,
}

/// A configuration for a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The parameters of a page that shows it.
    pub query: Query,
    /// It is the one that the page shows.
    pub current: bool,
    /// The user saved it.
    pub own: bool,
}

impl Settings {
    /// Those in a file; without one nothing can be saved.
    pub fn new(path: Option<PathBuf>) -> Self {
        Settings {
            path,
            lock: Mutex::default(),
        }
    }

    /// All configurations, the default first. `query` is that of the page: what is no matter of
    /// configurations stays as it is there.
    pub fn menu(&self, query: &Query) -> Vec<Entry> {
        let default = Options::default();
        let mut entries = vec![entry("Default", query, false, |field| {
            text_of_default(field, &default)
        })];
        for config in self.read().unwrap_or_default() {
            let name = config.get("name").and_then(Value::as_str);
            let value = |field: &Field| saved_text(field, &config);
            entries.push(entry(name.unwrap_or_default(), query, true, value));
        }
        if let Some(last) = entries.iter().rposition(|e| e.query == *query) {
            entries[last].current = true;
        }
        entries
    }

    /// Saves what the address says, on top of `options`, under the name that it says.
    pub fn save(&self, query: &Query, options: &Options) -> Result<(), String> {
        let name = query.get("config");
        if name.is_empty() {
            return Err("invalid config name".to_owned());
        }
        let mut options = options.clone();
        query.apply(&mut options)?;
        self.edit(|configs| {
            let named = |config: &&mut Map<String, Value>| config.get("name") == Some(&json!(name));
            let config = match configs.iter_mut().find(named) {
                Some(config) => config,
                None => {
                    configs.push(Map::new());
                    configs.last_mut().ok_or("there is one")?
                }
            };
            config.insert("name".to_owned(), json!(name));
            for field in variables::all().filter(|f| variables::is_saved(f)) {
                match json_of(field, &options) {
                    Some(value) => config.insert(field.name.to_owned(), value),
                    None => config.remove(field.name),
                };
            }
            Ok(())
        })
    }

    /// Forgets a configuration.
    pub fn delete(&self, name: &str) -> Result<(), String> {
        self.edit(|configs| {
            let named = |config: &Map<String, Value>| config.get("name") == Some(&json!(name));
            match configs.iter().position(named) {
                Some(at) => drop(configs.remove(at)),
                None => return Err(format!("config {name} not found")),
            }
            Ok(())
        })
    }

    fn edit(
        &self,
        change: impl FnOnce(&mut Vec<Map<String, Value>>) -> Result<(), String>,
    ) -> Result<(), String> {
        let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path.as_deref();
        let path = path.ok_or("no folder for settings is known")?;
        let mut configs = self.read()?;
        change(&mut configs)?;
        let text = serde_json::to_string_pretty(&json!({ "configs": configs }));
        let text = text.map_err(|e| format!("could not encode settings: {e}"))?;
        write(path, &text).map_err(|e| format!("failed to write settings: {e}"))
    }

    fn read(&self) -> Result<Vec<Map<String, Value>>, String> {
        let Some(path) = &self.path else {
            return Ok(Vec::new());
        };
        let bytes = match fs::read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(|e| format!("could not read settings: {e}"))?,
        };
        let parsed: Result<Value, _> = serde_json::from_slice(&bytes);
        let parsed = parsed.map_err(|e| format!("could not parse settings: {e}"))?;
        let configs = parsed.get("configs").and_then(Value::as_array).cloned();
        let configs = configs.unwrap_or_default().into_iter();
        Ok(configs
            .filter_map(|config| match config {
                Value::Object(config) => Some(config),
                _ => None,
            })
            .collect())
    }
}

/// Puts a whole new file in the place of the old, so that nobody reads half of one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    let new = path.with_extension("json.new");
    fs::write(&new, text)?;
    fs::rename(&new, path)
}

fn entry(name: &str, query: &Query, own: bool, value: impl Fn(&Field) -> String) -> Entry {
    let default = Options::default();
    let mut shown = query.clone();
    for field in variables::all().filter(|f| variables::is_saved(f)) {
        let Some(parameter) = variables::url_name(field) else {
            continue;
        };
        let value = value(field);
        // The default needs no parameter, and switches have short values.
        let value = match field.slot {
            _ if value == text_of_default(field, &default) => "",
            Slot::Bool(_) => &value[..1],
            _ => &value,
        };
        if shown.get(parameter) != value {
            shown.set(parameter, value);
        }
    }
    Entry {
        name: name.to_owned(),
        query: shown,
        current: false,
        own,
    }
}

fn text_of_default(field: &Field, default: &Options) -> String {
    variables::get(default, field)
}

/// The value in a saved configuration, as text.
fn saved_text(field: &Field, config: &Map<String, Value>) -> String {
    match (config.get(field.name), field.slot) {
        (Some(Value::Bool(on)), Slot::Bool(_)) => on.to_string(),
        (Some(Value::Number(n)), Slot::Int(_) | Slot::Float(_)) => {
            // In the words of the options, so that equal values are equal texts.
            let mut options = Options::default();
            match variables::set(&mut options, field, &n.to_string()) {
                Ok(()) => variables::get(&options, field),
                Err(_) => n.to_string(),
            }
        }
        (Some(Value::String(text)), Slot::Text(_) | Slot::Choice(_)) => text.clone(),
        (_, Slot::Bool(_)) => "false".to_owned(),
        (_, Slot::Int(_) | Slot::Float(_)) => "0".to_owned(),
        (_, Slot::Text(_) | Slot::Choice(_)) => String::new(),
    }
}

/// The value as it is saved; nothing for false, 0 and empty.
fn json_of(field: &Field, options: &Options) -> Option<Value> {
    let text = variables::get(options, field);
    match field.slot {
        Slot::Bool(_) => (text == "true").then_some(Value::Bool(true)),
        Slot::Int(_) => {
            let n: i64 = text.parse().ok()?;
            (n != 0).then(|| Value::Number(n.into()))
        }
        Slot::Float(_) => {
            let n: f64 = text.parse().ok()?;
            let n = (n != 0.0).then_some(n)?;
            Number::from_f64(n).map(Value::Number)
        }
        Slot::Text(_) | Slot::Choice(_) => (!text.is_empty()).then_some(Value::String(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_in_the_menu() {
        let dir = tempfile::tempdir().expect("there is room");
        let path = dir.path().join("pprof/settings.json");
        let settings = Settings::new(Some(path.clone()));
        let options = Options::default();
        let save = |text: &str| settings.save(&Query::parse(text), &options);
        save("config=mine&f=main&n=7&trim=f&si=cpu").expect("it is saved");
        save("config=other&g=lines").expect("it is saved");
        save("config=mine&f=net&n=7").expect("it is saved again");
        assert_eq!(save("f=x"), Err("invalid config name".to_owned()));

        let menu = settings.menu(&Query::parse("f=net&si=cpu&n=7"));
        let shown: Vec<_> = menu
            .iter()
            .map(|e| (e.name.as_str(), e.query.text(), e.current, e.own))
            .collect();
        assert_eq!(
            shown,
            [
                ("Default", "?si=cpu".to_owned(), false, false),
                ("mine", "?f=net&si=cpu&n=7".to_owned(), true, true),
                ("other", "?si=cpu&g=lines".to_owned(), false, true),
            ]
        );
        settings.delete("mine").expect("it is there");
        assert_eq!(settings.delete("mine"), Err("config mine not found".into()));
        assert_eq!(settings.menu(&Query::default()).len(), 2);

        fs::write(&path, "{").expect("there is room");
        assert!(save("config=a").is_err_and(|e| e.starts_with("could not parse")));
        assert_eq!(
            fs::read(&path).expect("it is there"),
            b"{",
            "nothing is lost"
        );
        let nowhere = Settings::new(None);
        assert!(nowhere.save(&Query::parse("config=a"), &options).is_err());
    }
}

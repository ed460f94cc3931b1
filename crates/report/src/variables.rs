//! Options by name and as text: what the shell assigns, what URLs and saved settings hold.
//!
//! Mirrors `config.get`, `config.set` and `configure` of pprof's `internal/driver/config.go`.

use crate::options::{CHOICES, Choice, FIELDS, Field, Granularity, Options, Slot, Sort};

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Named {
    /// An option with a value.
    Field(&'static Field),
    /// One of the values of an option, which is a switch of its own: `lines`, `cum`.
    Choice(&'static Field, &'static str),
}

/// Every option.
pub fn all() -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().chain(CHOICES)
}

/// Every name that [`find`] knows: options, and values that are switches of their own.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().flat_map(|field| {
        let choices = choices(field).iter().map(|c| c.name);
        std::iter::once(field.name).chain(choices)
    })
}

/// The values of an option with several; of others none.
pub fn choices(field: &Field) -> &'static [Choice] {
    match field.slot {
        Slot::Choice(choices) => choices,
        _ => &[],
    }
}

/// What the name stands for, if anything.
pub fn find(name: &str) -> Option<Named> {
    all().find_map(|field| {
        if field.name == name {
            return Some(Named::Field(field));
        }
        let choice = choices(field).iter().find(|c| c.name == name)?;
        Some(Named::Choice(field, choice.name))
    })
}

/// The value as text: empty for a granularity that the view decides.
pub fn get(options: &Options, field: &Field) -> String {
    let mut copy = options.clone();
    match field.slot {
        Slot::Bool(at) => at(&mut copy).to_string(),
        Slot::Int(at) => at(&mut copy).to_string(),
        Slot::Float(at) => float(*at(&mut copy)),
        Slot::Text(at) => at(&mut copy).clone(),
        Slot::Choice(choices) => {
            let chosen = choices.iter().find(|choice| {
                (choice.set)(&mut copy);
                (copy.granularity, copy.sort) == (options.granularity, options.sort)
            });
            chosen.map_or(String::new(), |c| c.name.to_owned())
        }
    }
}

/// Sets an option from text. The error says what is wrong, in pprof's words.
pub fn set(options: &mut Options, field: &Field, value: &str) -> Result<(), String> {
    match field.slot {
        Slot::Bool(at) => *at(options) = parse_bool(value)?,
        Slot::Int(at) => {
            let wrong = |why| format!("strconv.Atoi: parsing {value:?}: {why}");
            use std::num::IntErrorKind::{NegOverflow, PosOverflow};
            *at(options) = value.parse().map_err(|e: std::num::ParseIntError| {
                wrong(match e.kind() {
                    PosOverflow | NegOverflow => "value out of range",
                    _ => "invalid syntax",
                })
            })?;
        }
        Slot::Float(at) => {
            let wrong = || format!("strconv.ParseFloat: parsing {value:?}: invalid syntax");
            *at(options) = value.parse().map_err(|_| wrong())?;
        }
        Slot::Text(at) => value.clone_into(at(options)),
        Slot::Choice(choices) => match choices.iter().find(|c| c.name == value) {
            Some(choice) => (choice.set)(options),
            None => return Err(format!("invalid {:?} value {value:?}", field.name)),
        },
    }
    Ok(())
}

/// Puts an option back to its default.
pub fn reset(options: &mut Options, field: &Field) {
    let mut default = Options::default();
    match field.slot {
        Slot::Bool(at) => *at(options) = *at(&mut default),
        Slot::Int(at) => *at(options) = *at(&mut default),
        Slot::Float(at) => *at(options) = *at(&mut default),
        Slot::Text(at) => at(options).clone_from(at(&mut default)),
        Slot::Choice(_) if field.name == "sort" => options.sort = Sort::default(),
        Slot::Choice(_) => options.granularity = None::<Granularity>,
    }
}

/// A switch's value as people write it; nothing at all is yes.
pub fn parse_bool(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "" => Ok(true),
        "false" | "f" | "no" | "n" | "0" => Ok(false),
        _ => Err(format!("illegal value \"{text}\" for bool variable")),
    }
}

/// A number as Go's `fmt.Sprint` writes it.
fn float(value: f64) -> String {
    if !value.is_finite() {
        return match value {
            v if v.is_nan() => "NaN",
            v if v > 0.0 => "+Inf",
            _ => "-Inf",
        }
        .to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(e) if (-4..6).contains(&e) => value.to_string(),
        Ok(e) => {
            let sign = if e < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", e.abs())
        }
        Err(_) => scientific,
    }
}

/// The parameter of URLs that holds an option; options of this machine have none.
pub fn url_name(field: &Field) -> Option<&'static str> {
    Some(match field.name {
        "drop_negative" => "dropneg",
        "call_tree" => "calltree",
        "relative_percentages" => "rel",
        "unit" => "unit",
        "compact_labels" => "compact",
        "intel_syntax" => "intel",
        "nodecount" => "n",
        "nodefraction" => "nf",
        "edgefraction" => "ef",
        "trim" => "trim",
        "focus" => "f",
        "ignore" => "i",
        "prune_from" => "prunefrom",
        "hide" => "h",
        "show" => "s",
        "show_from" => "sf",
        "tagfocus" => "tf",
        "tagignore" => "ti",
        "tagshow" => "ts",
        "taghide" => "th",
        "mean" => "mean",
        "sample_index" => "si",
        "normalize" => "norm",
        "sort" => "sort",
        "granularity" => "g",
        "noinlines" => "noinlines",
        "showcolumns" => "showcolumns",
        _ => return None,
    })
}

/// Whether saved settings hold the option. Those that are of one profile or one machine are not kept.
pub fn is_saved(field: &Field) -> bool {
    let not = ["source_path", "trim_path", "sample_index", "divide_by"];
    !not.contains(&field.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> &'static Field {
        match find(name) {
            Some(Named::Field(field)) => field,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn what_is_set_is_what_is_got() {
        for (name, text, expect) in [
            ("call_tree", "yes", Ok("true")),
            ("trim", "F", Ok("false")),
            ("mean", "", Ok("true")),
            (
                "mean",
                "maybe",
                Err("illegal value \"maybe\" for bool variable"),
            ),
            ("nodecount", "+7", Ok("7")),
            (
                "nodecount",
                "x",
                Err("strconv.Atoi: parsing \"x\": invalid syntax"),
            ),
            (
                "nodecount",
                "99999999999999999999",
                Err("strconv.Atoi: parsing \"99999999999999999999\": value out of range"),
            ),
            ("nodefraction", "1e-5", Ok("1e-05")),
            ("nodefraction", ".25", Ok("0.25")),
            ("divide_by", "1000", Ok("1000")),
            ("divide_by", "1000000", Ok("1e+06")),
            (
                "divide_by",
                "",
                Err("strconv.ParseFloat: parsing \"\": invalid syntax"),
            ),
            ("focus", "a=b", Ok("a=b")),
            ("granularity", "files", Ok("files")),
            ("sort", "cum", Ok("cum")),
            ("sort", "no", Err("invalid \"sort\" value \"no\"")),
        ] {
            let mut options = Options::default();
            let field = field(name);
            let got = set(&mut options, field, text).map(|()| get(&options, field));
            assert_eq!(
                got,
                expect.map(str::to_owned).map_err(str::to_owned),
                "{name}={text}"
            );
            reset(&mut options, field);
            assert_eq!(options, Options::default(), "{name}");
        }
    }

    #[test]
    fn choices_are_names_too() {
        assert!(
            matches!(find("lines"), Some(Named::Choice(f, "lines")) if f.name == "granularity")
        );
        assert!(find("nosuch").is_none());
        assert!(names().all(|name| find(name).is_some()));
        assert_eq!(get(&Options::default(), field("granularity")), "");
        assert_eq!(get(&Options::default(), field("sort")), "flat");
    }

    #[test]
    fn names_in_urls_are_told_apart() {
        let mut names: Vec<_> = all().filter_map(url_name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!((names.len(), count), (27, 27));
    }
}

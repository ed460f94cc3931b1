//! Which of a sample's values to show.

use profile::Profile;

use crate::error::Error;

/// The column that a name or an index stands for.
///
/// Without one it is the profile's default, or the last. Names may have `inuse_` before them, as old
/// flags do.
pub fn find(profile: &Profile, wanted: &str) -> Result<usize, Error> {
    let types = &profile.sample_types;
    if types.is_empty() {
        return Err(Error::NoSampleTypes);
    }
    let last = types.len() - 1;
    if wanted.is_empty() {
        let default = profile.default_sample_type;
        let named = types.iter().position(|t| t.kind == default);
        return Ok(named.filter(|_| !default.is_empty()).unwrap_or(last));
    }
    if let Ok(index) = wanted.parse::<i64>() {
        return match usize::try_from(index) {
            Ok(index) if index <= last => Ok(index),
            _ => Err(Error::SampleIndex(format!(
                "sample_index {wanted} is outside the range [0..{last}]"
            ))),
        };
    }
    let stripped = wanted.strip_prefix("inuse_").unwrap_or(wanted);
    let names: Vec<&str> = types.iter().map(|t| profile.str(t.kind)).collect();
    let named = names.iter().position(|n| *n == wanted || *n == stripped);
    named.ok_or_else(|| {
        let names = names.join(" ");
        Error::SampleIndex(format!("sample_index {wanted:?} must be one of: [{names}]"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Builder;

    #[test]
    fn values_have_names_and_indices() {
        let mut b = Builder::new(&[("alloc_space", "bytes"), ("space", "bytes"), ("x", "count")]);
        let check = |p: &Profile, wanted: &str, expect: Result<usize, &str>| {
            let found = find(p, wanted).map_err(|e| e.to_string());
            assert_eq!(found, expect.map_err(str::to_owned), "{wanted}");
        };
        let default = b.intern("space");
        let mut p = b.finish();
        check(&p, "", Ok(2));
        check(&p, "inuse_space", Ok(1));
        check(&p, "alloc_space", Ok(0));
        check(&p, "+1", Ok(1));
        check(&p, "-1", Err("sample_index -1 is outside the range [0..2]"));
        check(&p, "3", Err("sample_index 3 is outside the range [0..2]"));
        check(
            &p,
            "inuse_x2",
            Err("sample_index \"inuse_x2\" must be one of: [alloc_space space x]"),
        );
        p.default_sample_type = default;
        check(&p, "", Ok(1));
        check(
            &Builder::new(&[]).finish(),
            "",
            Err("profile has no samples"),
        );
    }
}

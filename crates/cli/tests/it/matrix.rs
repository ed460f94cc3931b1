//! Which Go versions and builds a differential test goes through: some of each, or with GOWHY_MATRIX
//! set all of them.

use testkit::{Variant, go};

/// The builds that differ for whoever reads a process.
pub const VARIANTS: [Variant; 4] = [
    Variant::Plain,
    Variant::Stripped,
    Variant::Pie,
    Variant::Cgo,
];

/// Runs a check on every version in one of the builds, each build in turn; with GOWHY_MATRIX set on
/// every version in every build.
pub fn each(variants: &[Variant], check: impl Fn(&str, Variant)) {
    let whole = std::env::var_os("GOWHY_MATRIX").is_some();
    let cgo = testkit::has_c_compiler();
    let variants: Vec<Variant> = variants
        .iter()
        .copied()
        .filter(|v| *v != Variant::Cgo || cgo)
        .collect();
    let versions: &[&str] = if whole {
        &go::VERSIONS
    } else {
        &["1.19", "1.21", "1.23", "1.25", "1.27"]
    };
    for (i, version) in versions.iter().enumerate() {
        for (j, variant) in variants.iter().enumerate() {
            if whole || i % variants.len() == j {
                check(version, *variant);
            }
        }
    }
}

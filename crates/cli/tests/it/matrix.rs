//! Which Go versions and builds a differential test goes through: some of each, or as
//! GOWHY_MATRIX says.

use testkit::{Variant, go};

/// The builds that differ for whoever reads a process.
pub const VARIANTS: [Variant; 4] = [
    Variant::Plain,
    Variant::Stripped,
    Variant::Pie,
    Variant::Cgo,
];

/// Runs a check on some versions, each in one of the builds. With GOWHY_MATRIX=all it is every version
/// in every build, with GOWHY_MATRIX=1.22 that version in every build.
pub fn each(variants: &[Variant], check: impl Fn(&str, Variant)) {
    const SOME: [&str; 5] = ["1.19", "1.21", "1.23", "1.25", "1.27"];
    let wanted = std::env::var("GOWHY_MATRIX").unwrap_or_default();
    let cgo = testkit::has_c_compiler();
    let variants: Vec<Variant> = variants
        .iter()
        .copied()
        .filter(|v| *v != Variant::Cgo || cgo)
        .collect();
    let versions: &[&str] = match wanted.as_str() {
        "" => &SOME,
        "all" => &go::VERSIONS,
        version => &[version],
    };
    for (i, version) in versions.iter().enumerate() {
        for (j, variant) in variants.iter().enumerate() {
            if !wanted.is_empty() || i % variants.len() == j {
                check(version, *variant);
            }
        }
    }
}

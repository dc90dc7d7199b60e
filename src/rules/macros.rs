//! `declare_finding!` and `registry!`: one finding is one file and one line.

/// Declares the registered form of a finding.
///
/// The code is the static's own name in kebab-case; the doc comment is the text that `explain` prints and
/// must have the sections of [`super::SECTIONS`].
macro_rules! declare_finding {
    (
        $(#[doc = $doc:literal])+
        static $NAME:ident = {
            title: $title:literal,
            severity: $severity:ident,
            side: $side:ident,
            layer: $layer:ident,
            since: $since:literal $(,)?
        }
    ) => {
        // The explanation is the product's text, not rustdoc's: its indented commands are no Rust.
        #[doc = $title]
        static $NAME: crate::model::finding::FindingMeta = {
            const CODE: [u8; stringify!($NAME).len()] = crate::rules::macros::kebab(stringify!($NAME));
            crate::model::finding::FindingMeta {
                code: match std::str::from_utf8(&CODE) {
                    Ok(code) => code,
                    Err(_) => panic!("identifiers of findings are ASCII"),
                },
                title: $title,
                documentation: concat!($($doc, "\n"),+),
                severity: crate::model::finding::Severity::$severity,
                side: crate::model::finding::Side::$side,
                layer: crate::model::finding::Layer::$layer,
                since: $since,
            }
        };
    };
}

/// Declares the modules of all findings and the table that runs them.
macro_rules! registry {
    ($($path:literal as $module:ident),+ $(,)?) => {
        $(#[path = $path] mod $module;)+

        /// Every rule, in the order of the table. Order carries no meaning: findings are ranked by evidence.
        pub static RULES: &[Rule] = &[$($module::RULE),+];
    };
}

pub(super) use {declare_finding, registry};

/// `TLS_EXPIRED` → `tls-expired`, at compile time.
pub(super) const fn kebab<const N: usize>(name: &str) -> [u8; N] {
    let name = name.as_bytes();
    let mut code = [0; N];
    let mut at = 0;
    while at < N {
        code[at] = if name[at] == b'_' { b'-' } else { name[at].to_ascii_lowercase() };
        at += 1;
    }
    code
}

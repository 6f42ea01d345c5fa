//! Fuzz: what must hold of every foreign text, whatever is in it, one function for each kind of text.
//!
//! Compiled for tests, which play the texts that are kept in `fuzz/corpus`, and for `cargo fuzz` (`fuzz/`), which looks
//! for others. A function returns where its laws hold and panics where they do not.

mod answers;
mod grammar;
mod page;
mod printed;
mod words;

pub use answers::{events, headers, manifests};
pub use page::markdown;
pub use printed::commands;
pub use words::{list, references, settings};

/// A function that looks at a foreign text.
pub type Target = fn(&[u8]);

/// Every kind of foreign text, by the name of its target and its corpus.
pub const TARGETS: [(&str, Target); 8] = [
    ("list", list),
    ("references", references),
    ("headers", headers),
    ("manifests", manifests),
    ("settings", settings),
    ("events", events),
    ("markdown", markdown),
    ("commands", commands),
];

/// A text as it comes, with signs in the place of what is no UTF-8: foreign bytes are read so everywhere.
fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    #[expect(clippy::print_stdout, reason = "a panic that does not say which text it was is of no use")]
    fn the_laws_hold_of_every_text_that_is_kept() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        for (name, target) in TARGETS {
            let texts: Vec<_> = fs::read_dir(fuzz.join("corpus").join(name)).unwrap().map(Result::unwrap).collect();
            assert!(texts.len() >= 10, "{name} has {} texts", texts.len());
            for text in texts {
                println!("{}", text.path().display());
                target(&fs::read(text.path()).unwrap());
            }
            assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} has no target");
        }
    }
}

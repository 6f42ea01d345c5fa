//! What holds for every text, tried on many.

use super::*;
use crate::reference::Registry;
use proptest::prelude::*;

fn target() -> Registry {
    Registry::parse("contoso.azurecr.io").unwrap()
}

/// Pieces that lines are made of, and pieces that people put there by mistake.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "nginx",
        "quay.io",
        "localhost:5000",
        "contoso.azurecr.io",
        "registry.k8s.io",
        "Team",
        "app",
        "/",
        "/",
        ":",
        ":1.27",
        "@",
        "@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "@sha256:00",
        " => ",
        "=>",
        "=>",
        "->",
        "==>",
        "→",
        "=",
        " ",
        "\t",
        "#",
        " # ",
        "https://",
        "oci://",
        "+1",
        " platforms=linux/amd64",
        " platforms=linux/arm/v7,linux/amd64",
        " referrers=take",
        " referrers=",
        " platform=",
        "\u{1b}",
        "\u{a0}",
        "\u{200b}",
        "ü",
        "画",
        "..",
        "_",
        "-",
        "[::1]:5000",
        "newest 3 of ",
        "newest",
        " of ",
        ":^1.15",
        ":~v1",
        ":v1.*",
        ":/v[0-9]+/",
        ":/(/",
        "*",
        "^",
        "\r",
    ])
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat()),
        "[a-z]{1,3}(/[a-z]{1,3}){0,2}(:[0-9.]{1,4})?[ \t]{0,2}=>[ \t]{0,2}[a-z]{1,2}(:[0-9]{1,2})?( platforms=linux/[a-z]{1,3}(,w/x)?)?( referrers=(take|leave))?( #\\PC{0,5})?",
        "\\PC{0,40}",
    ]
}

fn file() -> impl Strategy<Value = String> {
    prop::collection::vec(line(), 0..20).prop_map(|lines| lines.join("\n"))
}

fn check(text: &[u8], target: Option<&Registry>) -> Parsed {
    let parsed = parse(text, target);
    for error in &parsed.errors {
        assert!(error.text.get(error.place.clone()).is_some(), "{error:?}");
        let before = error.text[..error.place.start].chars().count();
        assert_eq!(usize::try_from(error.column).unwrap(), before + 1);
        if let Some(corrected) = &error.corrected {
            assert!(!corrected.contains('\n'), "{error:?}");
            assert_eq!(parse(corrected.as_bytes(), target).errors, [], "{error:?}");
        }
    }
    assert!(parsed.errors.windows(2).all(|pair| pair[0].line < pair[1].line));
    let page = show("images.txt", &parsed, Colour::Plain);
    assert!(!page.contains(|c: char| c.is_control() && c != '\n'), "{page:?}");
    parsed
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&text, None);
        check(&text, Some(&target()));
    }

    #[test]
    fn every_line_is_an_entry_or_an_error_or_nothing(text in file()) {
        for target in [None, Some(&target())] {
            let parsed = check(text.as_bytes(), target);
            let filled = text.split('\n').enumerate().filter(|(_, line)| {
                // A fault in a comment is an error too, so such a line counts by itself.
                let line = line.strip_suffix('\r').unwrap_or(line);
                let start = line.trim_start_matches([' ', '\t']);
                !(start.is_empty() || start.starts_with('#')) || start.chars().any(|c| c.is_control() && c != '\t')
            });
            let filled: Vec<_> = filled.map(|(index, _)| LineNumber::from_index(index)).collect();
            let mut told: Vec<_> = parsed.errors.iter().map(|error| error.line).collect();
            told.extend(parsed.list.one_each().iter().map(|entry| entry.line));
            told.sort_unstable();
            prop_assert_eq!(told, filled);
        }
    }

    #[test]
    fn what_was_read_is_written_so_that_it_reads_the_same(text in file()) {
        for target in [None, Some(&target())] {
            let list = parse(text.as_bytes(), target).list;
            let written = list.entries().iter().map(ToString::to_string);
            let written: Vec<_> = written.chain(list.selections().iter().map(ToString::to_string)).collect();
            let again = parse(written.join("\n").as_bytes(), target);
            prop_assert_eq!(&again.errors, &[]);
            let meaning = |list: &ImageList| -> Vec<_> {
                list.one_each().iter().map(|entry| (entry.source.clone(), entry.destination.clone(), entry.options.clone())).collect()
            };
            prop_assert_eq!(meaning(&again.list), meaning(&list));
        }
    }
}

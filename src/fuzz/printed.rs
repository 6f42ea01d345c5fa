//! Printed: what a step prints and writes for its host, with foreign text in every place.

use super::{grammar, text};
use crate::{
    host,
    report::{
        annotations::{self, Annotation},
        escape, probe, terminal,
    },
};

/// A foreign text in the log, in commands, and in the files that hosts read.
pub fn commands(data: &[u8]) {
    let text = text(data);
    logged(&text);
    let report = probe::report(&text);
    grammar::must_be_harmless(&terminal::text(&report, crate::images::Colour::Plain));
    grammar::must_be_harmless(&terminal::verdict_line(&report));
    let annotations = annotations::of(&report);
    for_github(&text, &annotations);
    for_azure_devops(&text, &annotations);

    // No environment can hold a null, so that no path of a setting does.
    let path = text.replace('\0', "");
    let file = host::probe::github_outputs(&report, &path);
    let names: Vec<_> = grammar::outputs(&file).unwrap_or_else(|why| panic!("{why}: {file}")).into_keys().collect();
    assert!(
        file.is_empty() || names == ["changed", "clean", "failed", "imported", "plan-file", "result-file", "shard"],
        "{file}"
    );
}

/// A line of the log, alone, behind another, and between words of our own.
fn logged(text: &str) {
    let (first, second) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let whole = escape::log_line(text);
    let lines = [
        whole.clone(),
        escape::log_line(first) + &escape::log_line(second),
        format!("import {first} [{second}]", first = escape::log_line(first), second = escape::log_line(second)),
        format!("# {whole}"),
        escape::disarm(&format!("{}{}", escape::visible(first), escape::visible(second))),
        escape::disarm(&whole),
    ];
    for line in lines {
        assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line:?}");
        grammar::must_be_harmless(&line);
    }
}

fn for_github(text: &str, annotations: &[Annotation]) {
    let of_lines = annotations::log_commands(annotations).into_iter();
    for printed in of_lines.chain(host::probe::github_commands(text)) {
        let command = one_line(&printed, grammar::github);
        assert!(["error", "warning", "notice"].contains(&command.name.as_str()), "{command:?}");
        let known = ["file", "line", "col", "endcolumn", "title"];
        assert!(command.properties.keys().all(|key| known.contains(&key.as_str())), "{command:?}");
        assert!(!printed.contains("##["), "{printed:?}");
        // The runner prints the data, and the old form of a command may stand anywhere.
        grammar::must_be_harmless(&command.data);
    }
    let masked = one_line(&escape::mask(text), grammar::github);
    assert_eq!((masked.name.as_str(), masked.data.as_str()), ("add-mask", text));
}

fn for_azure_devops(text: &str, annotations: &[Annotation]) {
    for printed in host::probe::azure_devops_commands(text, annotations) {
        let command = one_line(&printed, grammar::azure);
        let known: &[&str] = match command.name.as_str() {
            "task.logissue" => &["type", "sourcepath", "linenumber", "columnnumber", "code"],
            "task.setvariable" => &["variable", "isoutput"],
            "task.setsecret" => &[],
            name => panic!("{name}: {printed}"),
        };
        assert!(command.properties.keys().all(|key| known.contains(&key.as_str())), "{command:?}");
        if command.name == "task.setsecret" {
            assert_eq!(command.data, text);
        } else {
            grammar::must_be_harmless(&command.data);
        }
    }
}

/// One line, and the command that it is.
fn one_line(printed: &str, read: fn(&str) -> Option<grammar::Command>) -> grammar::Command {
    assert!(!printed.contains(['\n', '\r']), "{printed:?}");
    read(printed).unwrap_or_else(|| panic!("no command: {printed:?}"))
}

//! Grammar: how the runner of GitHub and the agent of Azure Pipelines read what a step prints and writes, as their sources
//! have it (`ActionCommand.cs`, `FileCommandManager.cs`; `Command.cs`, `CommandStringConvertor.cs`).

use std::collections::BTreeMap;

/// A command as a host reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) properties: BTreeMap<String, String>,
    pub(super) data: String,
}

/// Cuts what is printed as both hosts do (`StreamReader.ReadLine`).
pub(super) fn lines(printed: &str) -> impl Iterator<Item = &str> {
    printed.split(['\n', '\r'])
}

/// Reads a line as GitHub's runner does: `::name key=value,key=value::data` behind spaces, `##[name key=value;]data`
/// anywhere. Every name counts: the runner's list of those that it knows can grow.
pub(super) fn github(line: &str) -> Option<Command> {
    let trimmed = line.trim_start();
    let read = |head: &str, data: &str, separator, unescape: fn(&str) -> String| {
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        (!name.is_empty()).then(|| Command {
            name: name.to_lowercase(),
            properties: pairs(properties, separator, unescape),
            data: unescape(data),
        })
    };
    if let Some((head, data)) = trimmed.strip_prefix("::").and_then(|rest| rest.split_once("::")) {
        return read(head, data, ',', |text| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
            text.replace("%25", "%")
        });
    }
    let (_, rest) = line.split_once("##[")?;
    let (head, data) = rest.split_once(']')?;
    read(head, data, ';', |text| text.replace("%3B", ";").replace("%5D", "]"))
}

/// Reads a line as the agent does: `##vso[area.event key=value;key=value;]data` anywhere. Its search passes over what is
/// invisible, and a line with the marker is swallowed even where no command can be read.
pub(super) fn azure(line: &str) -> Option<Command> {
    let (_, rest) = line.split_once("##vso[")?;
    let (head, data) = rest.split_once(']')?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let unescape = |text: &str| {
        let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
        text.replace("%AZP25", "%")
    };
    Some(Command { name: name.to_lowercase(), properties: pairs(properties, ';', unescape), data: unescape(data) })
}

fn pairs(text: &str, separator: char, unescape: fn(&str) -> String) -> BTreeMap<String, String> {
    let pairs = text.split(separator).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(key, value)| (key.to_lowercase(), unescape(value))).collect()
}

/// A text that is printed is no command to any host, nor does it end a line.
pub(super) fn must_be_harmless(printed: &str) {
    for line in lines(printed) {
        assert_eq!(github(line), None, "{line:?}");
        // What the agent's search does not see is not there.
        let seen: String = line.chars().filter(|&c| !is_passed_over(c)).collect();
        let lower = seen.to_lowercase();
        assert!(!lower.contains("##vso[") && !lower.contains("##["), "{line:?}");
    }
}

/// Controls, and what has no weight in a comparison by ICU.
fn is_passed_over(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Reads the file of `GITHUB_OUTPUT`: `name=value`, or `name<<delimiter` and every line up to one that is the delimiter.
pub(super) fn outputs(file: &str) -> Result<BTreeMap<String, String>, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = file.split('\n');
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let (name, value) = match (line.find('='), line.find("<<")) {
            (Some(sign), heredoc) if heredoc.is_none_or(|heredoc| sign < heredoc) => {
                (&line[..sign], line[sign + 1..].to_owned())
            }
            (_, Some(heredoc)) => {
                let delimiter = &line[heredoc + 2..];
                let mut value = Vec::new();
                loop {
                    match lines.next() {
                        Some(line) if line == delimiter => break,
                        Some(line) => value.push(line),
                        None => return Err(format!("`{delimiter}` is missing")),
                    }
                }
                (&line[..heredoc], value.join("\n"))
            }
            _ => return Err(format!("invalid format: {line}")),
        };
        if name.is_empty() || outputs.insert(name.to_owned(), value).is_some() {
            return Err(format!("`{name}` twice or without a name"));
        }
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_the_hosts_read_them() {
        let command = github("  ::Error file=a%3Ab,line=3::x%0Ay%25").unwrap();
        assert_eq!((command.name.as_str(), command.data.as_str()), ("error", "x\ny%"));
        assert_eq!(command.properties["file"], "a:b");
        assert!(github("text ##[error]x").is_some() && github("text ::error::x").is_none());
        let command = azure("text ##vso[task.setVariable variable=a;isOutput=true]v%AZP250A").unwrap();
        assert_eq!((command.name.as_str(), command.data.as_str()), ("task.setvariable", "v%0A"));
        assert_eq!(command.properties.len(), 2);
    }

    #[test]
    fn outputs_are_read_as_the_runner_reads_them() {
        let read = outputs("a=1<<2\n\nb<<x\n1\n\nx=2\nx\n").unwrap();
        assert_eq!((read["a"].as_str(), read["b"].as_str()), ("1<<2", "1\n\nx=2"));
        assert!(outputs("a<<x\n1").is_err() && outputs("plain").is_err());
    }
}

//! Command: what mends a fault, as a line for a POSIX shell. Names in it come from Azure, so each is quoted.

use std::fmt;

/// A command line. Its words of our own stand as they are; values are quoted where a shell would read more in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command(String);

impl Command {
    /// Begins with words of our own, such as `az acr update`.
    pub(super) fn new(words: &'static str) -> Self {
        Self(words.to_owned())
    }

    /// Adds an option and its value.
    #[must_use]
    pub(super) fn with(mut self, option: &'static str, value: &str) -> Self {
        // A value that begins with a hyphen would be an option of its own.
        let join = if value.starts_with('-') { '=' } else { ' ' };
        self.0.push_str(&format!(" {option}{join}{}", quoted(value)));
        self
    }
}

impl fmt::Display for Command {
    /// Writes it in backticks, as prose names commands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// Quotes for a POSIX shell: what holds other than plain characters stands between single quotes, in which nothing is
/// special but the quote itself.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gives_every_value_back_as_it_was() {
        for value in [
            "plain-1.azurecr.io",
            "",
            "a b",
            "it's",
            "$(touch /tmp/x)",
            "`id`",
            "a;b&&c|d>e",
            "*.txt",
            "\"q\"\\",
            "-rf",
            "~",
            "a=b",
            "line\nbreak",
            "ä",
        ] {
            let command = Command::new("printf").with("%s", value).0.replace("%s=", "%s ");
            // `--` so that this `printf` takes a value with a hyphen too.
            let script = command.replacen("printf", "printf --", 1);
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), value, "{script}");
        }
        assert_eq!(Command::new("az x").with("--name", "--all").to_string(), "`az x --name=--all`");
    }
}

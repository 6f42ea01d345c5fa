//! Credentials for sources: one `host[/path] username password-or-$VARIABLE` a line.

use super::Env;
use crate::{reference::Registry, registry::Login};

/// What a line gives: where it holds, and the login there.
pub(super) type Given = (Registry, String, Login);

/// What is wrong with a line, a fragment that never repeats it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It can be no such line, whatever secrets the run has.
    Malformed(String),
    /// A secret is not there that it wants: a host hands none to a run for a fork.
    Missing(String),
}

/// Reads every line.
pub(super) fn read<'a>(text: &'a str, env: &'a Env) -> impl Iterator<Item = (usize, Result<Given, Fault>)> + 'a {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(move |(number, line)| (number, login(line, env)))
}

/// Returns what is secret of every line, of one that cannot be read too: what stands behind the user, or in the variable
/// that is named there.
pub fn passwords<'a>(text: &'a str, env: &'a Env) -> impl Iterator<Item = &'a str> {
    let words = text.lines().flat_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let last = words.len().saturating_sub(1);
        // Of a line that is none the last word may be what was one.
        let first = if line.trim_start().starts_with('#') { last } else { last.min(2) };
        words.into_iter().skip(first)
    });
    words.filter_map(|word| password(word, env).ok())
}

fn password<'a>(word: &'a str, env: &'a Env) -> Result<&'a str, String> {
    let Some(name) = word.strip_prefix('$') else { return Ok(word) };
    let name = name.trim_start_matches('{').trim_end_matches('}');
    env.secret(name).ok_or_else(|| format!("the variable `{name}` is not set"))
}

fn login(line: &str, env: &Env) -> Result<Given, Fault> {
    const EXPECTED: &str = "expected `host[/path] username password-or-$VARIABLE`";
    let mut words = line.split_whitespace();
    let [place, username, password] =
        [words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default()];
    if words.next().is_some() {
        return Err(Fault::Malformed(EXPECTED.to_owned()));
    }
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    let registry = Registry::parse(host)
        .map_err(|error| Fault::Malformed(format!("the host is malformed: {}", error.fault.expected())))?;
    if password.is_empty() {
        // An expression such as `${{ secrets.TOKEN }}` leaves nothing behind where there is no such secret.
        return Err(Fault::Missing(format!("a word is missing: {EXPECTED}")));
    }
    let password = self::password(password, env).map_err(Fault::Missing)?;
    Ok((registry, path.to_owned(), Login::Password { username: username.to_owned(), password: password.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_password_is_written_out_or_named_by_its_variable() {
        let env = Env::of([("TOKEN", "hunter2")]);
        let text = "# private\nquay.io me hunter1\n\nghcr.io/team me $TOKEN\ndocker.io me ${TOKEN}\n";
        let read: Vec<_> = read(text, &env)
            .map(|(line, login)| match login.unwrap() {
                (registry, path, Login::Password { password, .. }) => {
                    (line, registry.to_string(), path, password.expose_secret().to_owned())
                }
                _ => unreachable!("only passwords are read"),
            })
            .collect();
        let expected =
            [(2, "quay.io", "", "hunter1"), (4, "ghcr.io", "team", "hunter2"), (5, "docker.io", "", "hunter2")];
        assert_eq!(
            read,
            expected.map(|(line, host, path, password)| (line, host.into(), path.into(), password.into()))
        );
    }

    #[test]
    fn an_error_never_repeats_the_line() {
        for text in ["quay.io me hunter2 more", "qu_ay.io me hunter2", "quay.io me $HUNTER2_UNSET"] {
            let (line, login) = read(text, &Env::default()).next().unwrap();
            assert_eq!(line, 1);
            assert!(!format!("{:?}", login.unwrap_err()).contains("hunter2"));
        }
    }

    #[test]
    fn a_secret_that_is_not_there_is_no_malformed_line() {
        let env = Env::of([("UNDEFINED", "$(quayToken)")]);
        let fault = |text: &str| read(text, &env).next().unwrap().1.unwrap_err();
        for text in
            ["quay.io me $UNSET", "quay.io me $UNDEFINED", "quay.io me $(quayToken)", "quay.io me ", "quay.io/team"]
        {
            assert!(matches!(fault(text), Fault::Missing(_)), "{text}");
        }
        for text in ["quay.io me secret more", "qu_ay.io me"] {
            assert!(matches!(fault(text), Fault::Malformed(_)), "{text}");
        }
    }
}

//! Challenge: how a registry says which credential it wants (RFC 9110, 11.6.1; distribution token specification).

use std::collections::HashMap;

/// One way of signing in that a registry offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Name and password with every request.
    Basic,
    /// A token from a token service.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// Reads `Www-Authenticate`: parameters in any order, quoted or not, with commas inside quotes.
    pub(super) fn read(header: &str) -> Option<Self> {
        let header = header.trim();
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parameters = parameters(rest);
        Some(Self::Bearer {
            realm: parameters.remove("realm")?,
            service: parameters.remove("service"),
            scope: parameters.remove("scope").filter(|scope| !scope.is_empty()),
        })
    }
}

fn parameters(text: &str) -> HashMap<String, String> {
    let mut parameters = HashMap::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, behind) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => match after.split_once(',') {
                Some((value, behind)) => (value.trim().to_owned(), behind),
                None => (after.trim().to_owned(), ""),
            },
        };
        parameters.insert(name.trim().to_ascii_lowercase(), value);
        rest = behind.trim_start_matches([' ', ',']);
    }
    parameters
}

fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Some(Challenge::Bearer { realm: realm.to_owned(), service: own(service), scope: own(scope) })
    }

    #[test]
    fn parameters_come_in_any_order_and_hold_commas() {
        assert_eq!(
            Challenge::read(r#"Bearer realm="https://a/token",service="a",scope="repository:x:pull,push",error="e""#),
            bearer("https://a/token", Some("a"), Some("repository:x:pull,push"))
        );
        assert_eq!(
            Challenge::read(r#"bearer scope="s" , service=a, realm="https://a/\"t\"""#),
            bearer("https://a/\"t\"", Some("a"), Some("s"))
        );
    }

    #[test]
    fn what_is_no_challenge_is_none() {
        assert_eq!(Challenge::read(r#"Basic realm="x""#), Some(Challenge::Basic));
        assert_eq!(Challenge::read("Negotiate"), None);
        assert_eq!(Challenge::read("Bearer"), None);
        assert_eq!(Challenge::read(r#"Bearer realm="unfinished"#), bearer("unfinished", None, None));
    }
}

//! k3s: the mirror of a connected registry in `registries.yaml`, put into what is there. All else in the file stays, its
//! comments too where the file is written as people write it.

use super::Scheme;
use crate::problem::{Problem, Side};
use serde_yaml::{Mapping, Value};

/// A registry that k3s pulls from.
#[derive(Debug, Clone)]
pub struct Mirror {
    /// `host:port`, as images are called.
    pub host: String,
    /// How it is reached.
    pub scheme: Scheme,
    /// The authority of its certificate, a path on the node; the node's own ones where none is given.
    pub ca_file: Option<String>,
}

/// The most bytes that are read of the file.
const MOST_BYTES: usize = 1 << 20;

/// Returns the file with the mirror in it; nothing where it has it already.
///
/// # Errors
/// What is wrong with the file as it is, and where.
pub fn merge(text: &str, mirror: &Mirror) -> Result<Option<String>, Problem> {
    let now = read(text)?;
    let goal = goal(&now, mirror)?;
    if goal == now {
        return Ok(None);
    }
    let goal = Value::Mapping(goal);
    let inserted = insert(text, mirror);
    // Written as people write it, or written anew.
    if serde_yaml::from_str::<Value>(&inserted).is_ok_and(|read| read == goal) {
        return Ok(Some(inserted));
    }
    serde_yaml::to_string(&goal).map(Some).map_err(|error| invalid(&error.to_string()))
}

fn invalid(what: &str) -> Problem {
    Problem::new(Side::Settings, format!("registries.yaml: {what}"))
        .hint("Mend the file first: k3s does not start with it either.")
}

fn read(text: &str) -> Result<Mapping, Problem> {
    if text.len() > MOST_BYTES {
        return Err(invalid(&format!("it has {} bytes, at most {MOST_BYTES} are read", text.len())));
    }
    match serde_yaml::from_str(text).map_err(|error| invalid(&error.to_string()))? {
        Value::Null => Ok(Mapping::new()),
        Value::Mapping(mapping) => Ok(mapping),
        _ => Err(invalid("it is no mapping")),
    }
}

/// Returns a mapping under a key, empty where there is none.
fn part(mapping: &Mapping, key: &str, place: &str) -> Result<Mapping, Problem> {
    match mapping.get(key) {
        None | Some(Value::Null) => Ok(Mapping::new()),
        Some(Value::Mapping(part)) => Ok(part.clone()),
        Some(_) => Err(invalid(&format!("`{place}` is no mapping"))),
    }
}

fn goal(now: &Mapping, mirror: &Mirror) -> Result<Mapping, Problem> {
    let host = mirror.host.as_str();
    let mut goal = now.clone();
    let mut mirrors = part(now, "mirrors", "mirrors")?;
    let mut own = part(&mirrors, host, &format!("mirrors.{host}"))?;
    let endpoint = Value::from(format!("{}://{host}", mirror.scheme));
    let mut endpoints = match own.get("endpoint") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Sequence(list)) => list.clone(),
        Some(_) => return Err(invalid(&format!("`mirrors.{host}.endpoint` is no list"))),
    };
    if !endpoints.contains(&endpoint) {
        endpoints.insert(0, endpoint);
    }
    own.insert("endpoint".into(), Value::Sequence(endpoints));
    mirrors.insert(host.into(), Value::Mapping(own));
    goal.insert("mirrors".into(), Value::Mapping(mirrors));
    if let Some((key, value)) = tls(mirror) {
        let mut configs = part(now, "configs", "configs")?;
        let mut own = part(&configs, host, &format!("configs.{host}"))?;
        // A list of mappings, which articles show in this place, is nothing that k3s reads.
        let mut tls = match own.get("tls") {
            Some(Value::Sequence(list)) => list
                .iter()
                .filter_map(Value::as_mapping)
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            _ => part(&own, "tls", &format!("configs.{host}.tls"))?,
        };
        tls.insert(key.into(), value);
        own.insert("tls".into(), Value::Mapping(tls));
        configs.insert(host.into(), Value::Mapping(own));
        goal.insert("configs".into(), Value::Mapping(configs));
    }
    Ok(goal)
}

fn tls(mirror: &Mirror) -> Option<(&'static str, Value)> {
    match (mirror.scheme, &mirror.ca_file) {
        (Scheme::Http, _) => Some(("insecure_skip_verify", Value::from(true))),
        (Scheme::Https, Some(path)) => Some(("ca_file", Value::from(path.as_str()))),
        (Scheme::Https, None) => None,
    }
}

/// Puts the lines where a person would; what comes of it is compared with what is meant.
fn insert(text: &str, mirror: &Mirror) -> String {
    let host = &mirror.host;
    let endpoint = format!("endpoint:\n      - \"{}://{host}\"", mirror.scheme);
    let mut text = block(text, "mirrors", host, &endpoint);
    if let Some((key, value)) = tls(mirror) {
        let value = match value {
            Value::String(path) => format!("\"{path}\""),
            other => other.as_bool().unwrap_or_default().to_string(),
        };
        text = block(&text, "configs", host, &format!("tls:\n      {key}: {value}"));
    }
    text
}

/// Adds an entry under a key that begins a line, or the key itself at the end.
fn block(text: &str, section: &str, host: &str, body: &str) -> String {
    let entry = format!("  \"{host}\":\n    {body}\n");
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_section = |line: &&str| {
        let rest = line.strip_prefix(section).and_then(|rest| rest.strip_prefix(':'));
        rest.is_some_and(|rest| rest.trim().is_empty() || rest.trim_start().starts_with('#'))
    };
    let Some(at) = lines.iter().position(is_section) else {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return format!("{text}{end}{section}:\n{entry}");
    };
    // As deep as what stands there already.
    let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let is_text = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let first = lines[at + 1..].iter().find(is_text).map(|line| depth(line)).filter(|depth| *depth > 0).unwrap_or(2);
    let entry: String = entry.lines().map(|line| format!("{:first$}{}\n", "", &line[2..])).collect();
    let end = if lines[at].ends_with('\n') { "" } else { "\n" };
    let added = format!("{}{end}{entry}", lines[at]);
    lines[at] = &added;
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http() -> Mirror {
        Mirror { host: "10.1.1.1:80".to_owned(), scheme: Scheme::Http, ca_file: None }
    }

    const SAMPLE: &str = "mirrors:
  \"10.1.1.1:80\":
    endpoint:
      - \"http://10.1.1.1:80\"
configs:
  \"10.1.1.1:80\":
    tls:
      insecure_skip_verify: true
";

    #[test]
    fn a_new_file_is_what_the_article_shows_and_stays_as_it_is() {
        assert_eq!(merge("", &http()).unwrap().unwrap(), SAMPLE);
        assert_eq!(merge(SAMPLE, &http()), Ok(None));
    }

    #[test]
    fn https_has_its_own_form() {
        let plain = Mirror { host: "ship.example:443".to_owned(), scheme: Scheme::Https, ca_file: None };
        let text = merge("", &plain).unwrap().unwrap();
        assert_eq!(text, "mirrors:\n  \"ship.example:443\":\n    endpoint:\n      - \"https://ship.example:443\"\n");
        let own = Mirror { ca_file: Some("/etc/ssl/ship.pem".to_owned()), ..plain };
        let text = merge(&text, &own).unwrap().unwrap();
        let read: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(read["configs"]["ship.example:443"]["tls"]["ca_file"], "/etc/ssl/ship.pem");
    }

    #[test]
    fn all_else_stays_with_its_comments() {
        let text = "# kept by hand
mirrors: # who serves what
    docker.io:
        # the office
        endpoint: [\"https://mirror.office:5000\"]
        rewrite: {\"^library/(.*)\": \"hub/$1\"}
configs:
    mirror.office:5000:
        auth: {username: me, password: hunter2} # secret
other: [1, 2]";
        let merged = merge(text, &http()).unwrap().unwrap();
        for line in text.lines() {
            assert!(merged.contains(line), "{line}\n{merged}");
        }
        let (before, after): (Value, Value) =
            (serde_yaml::from_str(text).unwrap(), serde_yaml::from_str(&merged).unwrap());
        assert_eq!(after["mirrors"]["docker.io"], before["mirrors"]["docker.io"]);
        assert_eq!(after["mirrors"]["10.1.1.1:80"]["endpoint"][0], "http://10.1.1.1:80");
        assert_eq!(after["configs"]["10.1.1.1:80"]["tls"]["insecure_skip_verify"], true);
        assert_eq!(merge(&merged, &http()), Ok(None), "a second time changes nothing");
    }

    #[test]
    fn an_entry_that_is_there_is_completed_whatever_its_style() {
        for text in [
            "mirrors: {\"10.1.1.1:80\": {endpoint: [\"http://other\"], rewrite: {a: b}}, x: {}}\nkeep: me\n",
            "mirrors:\n  \"10.1.1.1:80\":\n    endpoint: [\"http://other\"]\n    rewrite: {a: b}\n  x: {}\nkeep: me\n",
            "mirrors:\n  10.1.1.1:80: {endpoint: [\"http://other\"], rewrite: {a: b}}\n  x: {}\nkeep: me\nconfigs:\n",
            "{mirrors: {10.1.1.1:80: {endpoint: [http://other], rewrite: {a: b}}, x: {}}, configs: {\"10.1.1.1:80\": {tls: [{insecure_skip_verify: true}]}}, keep: me}",
        ] {
            let merged = merge(text, &http()).unwrap().unwrap();
            let read: Value = serde_yaml::from_str(&merged).unwrap();
            let own = &read["mirrors"]["10.1.1.1:80"];
            assert_eq!(
                (&own["endpoint"][0], &own["endpoint"][1]),
                (&"http://10.1.1.1:80".into(), &"http://other".into())
            );
            assert_eq!((&own["rewrite"]["a"], &read["keep"]), (&"b".into(), &"me".into()), "{merged}");
            assert_eq!(read["configs"]["10.1.1.1:80"]["tls"]["insecure_skip_verify"], true, "{merged}");
            assert_eq!(merge(&merged, &http()), Ok(None), "{merged}");
        }
    }

    #[test]
    fn a_file_that_is_invalid_is_refused_with_the_place() {
        for (text, why) in [
            ("mirrors: [", "at line 2 column 1"),
            ("- a\n", "it is no mapping"),
            ("mirrors: [a]\n", "`mirrors` is no mapping"),
            ("mirrors: {\"10.1.1.1:80\": x}\n", "`mirrors.10.1.1.1:80` is no mapping"),
            ("mirrors: {\"10.1.1.1:80\": {endpoint: x}}\n", "`mirrors.10.1.1.1:80.endpoint` is no list"),
            ("configs: 1\n", "`configs` is no mapping"),
            ("configs: {\"10.1.1.1:80\": {tls: yes}}\n", "`configs.10.1.1.1:80.tls` is no mapping"),
            ("a: 1\na: 2\n", "duplicate"),
            ("a: 1\n---\nb: 1\n", "more than one document"),
            ("\tmirrors:\n", "cannot start any token"),
        ] {
            let problem = merge(text, &http()).unwrap_err();
            assert!(problem.what.contains(why), "{text:?}: {problem}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_there_a_second_time_changes_nothing_and_nothing_is_lost(
            lines in proptest::collection::vec(
                proptest::sample::select(vec![
                    "mirrors:", "mirrors: # here", "  docker.io:", "    endpoint:", "      - \"https://m:1\"", "    endpoint: [a]",
                    "configs:", "configs: {}", "  \"10.1.1.1:80\":", "    tls:", "      insecure_skip_verify: false", "other: 1",
                    "# a comment", "", "    auth: {username: me}", "  - x", "mirrors: {a: {}}", "\t", "'", "---",
                ]),
                0..9,
            )
        ) {
            let text = lines.join("\n");
            let Ok(before) = serde_yaml::from_str::<Value>(&text) else { return Ok(()) };
            if let Ok(Some(merged)) = merge(&text, &http()) {
                proptest::prop_assert_eq!(merge(&merged, &http()), Ok(None), "{}", merged);
                let after: Value = serde_yaml::from_str(&merged).unwrap();
                for (key, value) in before.as_mapping().into_iter().flatten() {
                    let kept = match value {
                        Value::Mapping(entries) => entries.iter().all(|(name, entry)| {
                            name == "10.1.1.1:80" || after[key].get(name) == Some(entry)
                        }),
                        Value::Null => true,
                        other => after.get(key) == Some(other),
                    };
                    proptest::prop_assert!(kept, "{} is lost:\n{}", key.as_str().unwrap_or_default(), merged);
                }
            }
        }
    }
}

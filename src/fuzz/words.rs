//! Words: what people write, the list, its references and the settings.

use super::{grammar, text};
use crate::{
    change,
    images::{self, Colour},
    reference::{Digest, Glob, Platform, Reference, Registry, SourceGlob},
    report::escape,
    settings,
};

/// `images.txt`
pub fn list(data: &[u8]) {
    let target = Registry::parse("contoso.azurecr.io").expect("it is a name");
    let parsed = images::parse(data, Some(&target));
    for entry in parsed.list.entries() {
        // What was understood means the same where it is written down.
        let line = format!("{} => {}{}", entry.source, entry.destination, entry.options);
        let again = images::parse(line.as_bytes(), Some(&target));
        assert!(again.errors.is_empty(), "{line}: {:?}", again.errors);
        let again = &again.list.entries()[0];
        assert_eq!((&again.source, &again.destination), (&entry.source, &entry.destination), "{line}");
        assert_eq!(again.options, entry.options, "{line}");
        grammar::must_be_harmless(&line);
    }
    for error in &parsed.errors {
        assert!(error.text.get(error.place.clone()).is_some(), "{error:?}");
        if let Some(corrected) = &error.corrected {
            let corrected = images::parse(corrected.as_bytes(), Some(&target));
            assert!(corrected.errors.is_empty(), "{error:?}");
        }
    }
    for line in images::show("images.txt", &parsed, Colour::Plain).lines() {
        // As everybody who prints it does.
        grammar::must_be_harmless(&escape::disarm(line));
    }
    let (head, base) = images::parse_both(data, Some(data), Some(&target));
    assert_eq!(head.list.entries(), parsed.list.entries());
    let base = base.expect("a base was given");
    assert!(change::between(&base, &head.list).is_empty(), "a list differs from itself");
}

/// A reference, and everything that stands in one.
pub fn references(data: &[u8]) {
    let text = text(data);
    if let Ok(reference) = text.parse::<Reference>() {
        let written = reference.to_string();
        assert_eq!(written.parse::<Reference>().as_ref(), Ok(&reference), "{written}");
        assert!(!reference.repository().is_empty() && !reference.manifest().is_empty(), "{written}");
        let address = format!("https://{}/v2/{}", reference.host().api_host(), reference.repository());
        let url = match address.parse::<reqwest::Url>() {
            Ok(url) => url,
            // Nobody can be asked whose name in Punycode is none, so that nothing leads anywhere.
            Err(_) if reference.registry().contains("xn--") => return,
            Err(why) => panic!("{address}: {why}"),
        };
        assert!(url.username().is_empty() && url.query().is_none() && url.fragment().is_none(), "{url}");
        assert_eq!(url.path(), format!("/v2/{}", reference.repository()), "a repository leads elsewhere");
        grammar::must_be_harmless(&written);
    }
    if let Ok(registry) = Registry::parse(&text) {
        assert_eq!(Registry::parse(registry.as_str()).as_ref(), Ok(&registry));
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }
    if let Ok(platform) = Platform::parse(&text) {
        assert_eq!(Platform::parse(&platform.to_string()).as_ref(), Ok(&platform));
    }
    std::hint::black_box(SourceGlob::parse(&text).is_ok());
    if let Ok(glob) = Glob::parse(&text) {
        let (pattern, _) = text.split_once('\n').unwrap_or((&text, ""));
        assert!(glob.matches(pattern) || !glob.as_str().is_empty());
    }
}

/// `acr-sync.yaml`
pub fn settings(data: &[u8]) {
    match settings::parse(data) {
        Ok(settings) => {
            assert!(settings.has_same_lines(&settings) && settings.has_same_upkeep(&settings));
            let has_own = settings.sources.values().any(|source| source.ca.is_some());
            assert!(settings.has_upkeep() || has_own || settings.certificate_files().is_empty());
        }
        Err(error) => grammar::must_be_harmless(&escape::log_line(&error.problem().to_string())),
    }
}

//! Limits: what the service takes for names, platforms and times, said before anything is sent.

use crate::reference::{Platform, Reference};
use std::time::Duration;

/// `repository:tag`: the registry is named elsewhere, and a tag that is not written out would be `latest` by surprise.
///
/// # Errors
/// What is expected.
pub fn image(text: &str) -> Result<String, String> {
    // The service puts these in (ACR Tasks reference, "Run variables").
    let plain = text.replace("{{.Run.ID}}", "ca1").replace("{{.Run.Date}}", "20200101-000000z");
    let first = plain.split('/').next().unwrap_or_default();
    if plain.contains('/') && (first.contains(['.', ':']) || first == "localhost") {
        return Err("expected REPOSITORY:TAG without a host; the registry is that of `--registry`".to_owned());
    }
    let read = format!("registry.invalid/{plain}").parse::<Reference>().map_err(|error| error.to_string())?;
    if read.tag().is_none() || read.has_digest() {
        return Err("expected REPOSITORY:TAG".to_owned());
    }
    Ok(text.to_owned())
}

/// The words of the service's description (`OS`, `Architecture`, `Variant`).
///
/// # Errors
/// What is expected.
pub fn platform(text: &str) -> Result<Platform, String> {
    let platform = Platform::parse(text)?;
    if super::builds_for(&platform) {
        Ok(platform)
    } else {
        Err("ACR Tasks builds for linux and windows on amd64, 386, arm and arm64".to_owned())
    }
}

/// The name of an agent pool.
///
/// # Errors
/// What is expected.
pub fn pool(text: &str) -> Result<String, String> {
    let is_name = (3..=20).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("expected the name of an agent pool: 3 to 20 letters, digits and `-`".to_owned())
    }
}

/// How long a run may take: `5m` to `8h`.
///
/// # Errors
/// What is expected.
pub fn timeout(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    let time = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).unwrap_or_default();
    if (300..=super::LONGEST.as_secs()).contains(&time) {
        Ok(Duration::from_secs(time))
    } else {
        Err("expected 5m to 8h, such as 90m".to_owned())
    }
}

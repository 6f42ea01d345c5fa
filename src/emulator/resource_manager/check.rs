//! What a request to import must look like (section 3.1), read without the client's own types.

use crate::{emulator::import::Request, reference::Digest};
use serde_json::Value;

/// Reads the body of `importImage`.
///
/// The text for a bad source image is the reported one (azure-cli#16791); the others follow its form.
pub(super) fn read(body: &Value, registry: &str) -> Result<Request, String> {
    let invalid = |value: &str, property: &str| {
        format!(
            "Invalid value {value} for property parameters.{property} for resource name {registry}. Kindly refer to the \
             docs: https://aka.ms/acr/import"
        )
    };
    let source = &body["source"];
    let text = |name: &str| source[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let image = text("sourceImage").ok_or_else(|| invalid("null", "Source.SourceImage"))?;
    let (repository, tag, digest) = split_image(&image).ok_or_else(|| invalid(&image, "Source.SourceImage"))?;
    let (resource_id, registry_uri) = (text("resourceId"), text("registryUri"));
    if resource_id.is_some() == registry_uri.is_some() {
        return Err(invalid("null", "Source.RegistryUri"));
    }
    let credentials = &source["credentials"];
    let password = credentials["password"].as_str().map(str::to_owned);
    if credentials.is_object() && (password.is_none() || resource_id.is_some()) {
        return Err(invalid("null", "Source.Credentials.Password"));
    }
    let mut targets = Vec::new();
    for target in names(body, "targetTags").ok_or_else(|| invalid("null", "TargetTags"))? {
        let Some((repository, target_tag, None)) = split_image(&target) else {
            return Err(invalid(&target, "TargetTags"));
        };
        // A target without a tag takes the source's; `latest` where the source has none.
        let target_tag = target_tag.or_else(|| tag.clone()).unwrap_or_else(|| "latest".to_owned());
        targets.push((repository, Some(target_tag)));
    }
    for target in
        names(body, "untaggedTargetRepositories").ok_or_else(|| invalid("null", "UntaggedTargetRepositories"))?
    {
        match split_image(&target) {
            Some((repository, None, None)) => targets.push((repository, None)),
            Some(_) | None => return Err(invalid(&target, "UntaggedTargetRepositories")),
        }
    }
    if targets.is_empty() {
        return Err(invalid("null", "TargetTags"));
    }
    let is_forced = match body["mode"].as_str() {
        None | Some("NoForce") => false,
        Some("Force") => true,
        Some(other) => return Err(invalid(other, "Mode")),
    };
    let username = credentials["username"].as_str().map(str::to_owned);
    Ok(Request { resource_id, registry_uri, username, password, repository, tag, digest, targets, is_forced })
}

fn names(body: &Value, field: &str) -> Option<Vec<String>> {
    match &body[field] {
        Value::Null => Some(Vec::new()),
        Value::Array(list) => list.iter().map(|name| name.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Splits `repository[:tag|@digest]`; tag and digest together are refused.
fn split_image(image: &str) -> Option<(String, Option<String>, Option<Digest>)> {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest.parse().ok()?)),
        None => (image, None),
    };
    let (repository, tag) = match name.rsplit_once(':') {
        Some((repository, tag)) => (repository, Some(tag.to_owned())),
        None => (name, None),
    };
    // A name is put behind a host that is no Docker Hub, so that nothing is added to it.
    let is_name = crate::reference::Reference::new("registry.example", repository, tag.as_deref(), None).is_ok();
    (is_name && !(tag.is_some() && digest.is_some())).then(|| (repository.to_owned(), tag, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_target_without_a_tag_takes_the_sources_and_latest_where_it_has_none() {
        let target = |image: &str| {
            let body = json!({"source": {"registryUri": "docker.io", "sourceImage": image}, "targetTags": ["a/b"]});
            read(&body, "contosoacr").unwrap().targets[0].1.clone().unwrap()
        };
        assert_eq!(target("library/nginx:1.27"), "1.27");
        assert_eq!(target("library/nginx"), "latest");
        assert_eq!(target(&format!("library/nginx@{D}")), "latest");
    }

    #[test]
    fn tag_and_digest_together_are_refused_in_the_services_words() {
        let image = format!("repo:tag@{D}");
        let body = json!({"source": {"registryUri": "docker.io", "sourceImage": image}, "targetTags": ["a:1"]});
        let text = read(&body, "contosoacr").unwrap_err();
        assert_eq!(
            text,
            format!(
                "Invalid value {image} for property parameters.Source.SourceImage for resource name contosoacr. Kindly refer to the docs: https://aka.ms/acr/import"
            )
        );
    }

    #[test]
    fn a_body_that_says_too_much_or_too_little_is_refused() {
        let image = "library/nginx:1";
        for body in [
            json!({}),
            json!({"source": {"sourceImage": image}, "targetTags": ["a:1"]}),
            json!({"source": {"registryUri": "a.io", "resourceId": "/x", "sourceImage": image}, "targetTags": ["a:1"]}),
            json!({"source": {"registryUri": "a.io", "sourceImage": image}}),
            json!({"source": {"registryUri": "a.io", "sourceImage": "UPPER"}, "targetTags": ["a:1"]}),
            json!({"source": {"registryUri": "a.io", "sourceImage": image}, "targetTags": ["a@b"]}),
            json!({"source": {"registryUri": "a.io", "sourceImage": image}, "targetTags": ["a:1"], "mode": "Always"}),
            json!({"source": {"registryUri": "a.io", "sourceImage": image, "credentials": {"username": "u"}}, "targetTags": ["a:1"]}),
            json!({"source": {"registryUri": "a.io", "sourceImage": image}, "untaggedTargetRepositories": ["a:1"]}),
        ] {
            assert!(read(&body, "contosoacr").is_err(), "{body}");
        }
    }
}

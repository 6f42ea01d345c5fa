//! Requests: what was sent, as the machine form has it.

use super::form;
use crate::http::{Class, Count, Request, Requests};
use std::time::{Duration, SystemTime};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub(super) fn told(requests: &Requests) -> form::Requests {
    let class = |(class, count): (&Class, &Count)| form::RequestClass {
        purpose: class.what,
        host: class.host.clone(),
        method: class.method.clone(),
        count: count.sent,
        failed: count.failed,
        milliseconds: milliseconds(count.took),
        longest_milliseconds: milliseconds(count.longest),
    };
    form::Requests {
        sent: requests.sent,
        classes: requests.classes.iter().map(class).collect(),
        listed: requests.listed.iter().map(request).collect(),
        more: requests.sent - requests.listed.len(),
    }
}

fn request(request: &Request) -> form::Request {
    form::Request {
        name: match request.path.as_deref().and_then(route) {
            Some(route) => format!("{} {route}", request.method),
            None => request.method.clone(),
        },
        purpose: request.purpose.what,
        line: request.purpose.line,
        method: request.method.clone(),
        host: request.host.clone(),
        path: request.path.clone(),
        status: request.status,
        start: timestamp(request.start),
        milliseconds: milliseconds(request.took),
        attempt: request.attempt,
    }
}

/// Returns a time in UTC with milliseconds (RFC 3339).
pub(super) fn timestamp(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let time = time.replace_millisecond(time.millisecond()).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}

/// A hundredth is as fine as a clock of a shared machine is.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Returns the route of a registry's or Resource Manager's path, with words in the place of names.
fn route(path: &str) -> Option<String> {
    const MARKS: [&str; 6] = ["/manifests/", "/blobs/uploads/", "/blobs/", "/tags/list", "/referrers/", "/_catalog"];
    if let Some(rest) = path.strip_prefix("/v2/") {
        let (at, mark) = MARKS.iter().find_map(|mark| Some((rest.rfind(mark)?, mark)))?;
        let reference = if mark.ends_with('/') && rest.len() > at + mark.len() { "{reference}" } else { "" };
        return Some(format!("/v2/{{name}}{mark}{reference}"));
    }
    let rest = path.strip_prefix("/subscriptions/")?;
    let mut route = "/subscriptions".to_owned();
    let mut is_name = true;
    for part in rest.split('/') {
        route.push_str(if is_name { "/{name}" } else { "/" });
        if !is_name {
            route.push_str(part);
        }
        // What follows `providers` is a namespace with its type: words, and then a name.
        is_name = !is_name && part != "providers";
        if part.starts_with("Microsoft.") {
            is_name = false;
        }
    }
    Some(route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_has_no_names() {
        for (path, expected) in [
            ("/v2/library/nginx/manifests/1.27", Some("/v2/{name}/manifests/{reference}")),
            ("/v2/a/blobs/uploads/", Some("/v2/{name}/blobs/uploads/")),
            ("/v2/manifests/x/blobs/sha256:0", Some("/v2/{name}/blobs/{reference}")),
            ("/v2/a/tags/list", Some("/v2/{name}/tags/list")),
            (
                "/subscriptions/0/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/contoso/importImage",
                Some(
                    "/subscriptions/{name}/resourceGroups/{name}/providers/Microsoft.ContainerRegistry/registries/{name}/importImage",
                ),
            ),
            ("/oauth2/token", None),
        ] {
            assert_eq!(route(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_time_is_told_to_the_millisecond() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_785_000_000_123_456);
        assert_eq!(timestamp(time), "2026-07-25T17:20:00.123Z");
    }
}

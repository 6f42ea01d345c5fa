//! Failure: what a refusal means, told from its text, for the service gives no finer code.
//!
//! The texts are those that users reported and that the service's articles print (ACR wire facts, section 4).

use super::error::Refusal;
use crate::problem::{Problem, Side};
use regex::Regex;
use std::sync::LazyLock;

/// The kinds of failure that ask for different answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The tag exists and was not to be overwritten.
    TagExists,
    /// The source wants a credential, or has no such image: Docker Hub says the same of both.
    SourceUnauthorized,
    /// The source has no such image.
    SourceMissing,
    /// The source throttles Azure's address.
    SourceThrottled,
    /// The source answers Azure with a failure of its own.
    SourceBroken,
    /// The source's firewall does not let Azure in.
    SourceFirewall,
    /// The source cannot be imported from: no digest header, no byte ranges.
    SourceNotConformant,
    /// Copying broke in the middle; it often passes on another try.
    CopyBroken,
    /// The image has more manifests than the service imports at once.
    TooManyManifests,
    /// Our identity may not read the source registry.
    SourceRights,
    /// Our identity may not import into the target.
    TargetRights,
    /// The target's firewall does not let the import in.
    TargetFirewall,
    /// The registry does not exist, or our identity cannot see it.
    NoRegistry,
    /// The request is malformed.
    Malformed,
    /// The service has trouble of its own.
    Service,
    /// None of the known texts.
    Unknown,
}

/// Patterns in the order in which they are tried: the narrower before the wider.
static TEXTS: LazyLock<Vec<(Regex, Failure)>> = LazyLock::new(|| {
    [
        (r"already exists in target registry", Failure::TagExists),
        (r"LinkedAuthorizationFailed|permission to perform action 'read' on the linked scope", Failure::SourceRights),
        (r"AuthorizationFailed|does not have authorization to perform action", Failure::TargetRights),
        (r"client with IP '[^']*' is not allowed access", Failure::SourceFirewall),
        (r"Access to \S+ denied", Failure::TargetFirewall),
        (r"(StatusCode:|Invalid message) 429|TOOMANYREQUESTS|Too Many Requests|pull rate limit", Failure::SourceThrottled),
        // No user has reported these; the form is that of the texts for 401 and 429.
        (
            r"Invalid message (InternalServerError|BadGateway|ServiceUnavailable|GatewayTimeout)|StatusCode: 50[0234]",
            Failure::SourceBroken,
        ),
        (r"MANIFEST_UNKNOWN|NAME_UNKNOWN|manifest unknown|StatusCode: 404|Not Found Not Found", Failure::SourceMissing),
        (r"Invalid message Unauthorized|UNAUTHORIZED|StatusCode: 401|DENIED", Failure::SourceUnauthorized),
        (
            r"Unable to find manifest digest|No value specified for Docker-Content-Digest|RFC 7233|Unexpected response status code|Unexpected length of body",
            Failure::SourceNotConformant,
        ),
        (r"(?i)manifests? count|too many manifests|more than 50 manifests", Failure::TooManyManifests),
        (r"Error copying blobs", Failure::CopyBroken),
        (r"ResourceNotFound|ResourceGroupNotFound|SubscriptionNotFound", Failure::NoRegistry),
        (r"Invalid value .* for property|InvalidRequestContent|InvalidRequestFormat", Failure::Malformed),
    ]
    .into_iter()
    .filter_map(|(pattern, failure)| Regex::new(pattern).ok().map(|pattern| (pattern, failure)))
    .collect()
});

impl Failure {
    /// Tells the kind from code, message and status.
    pub fn read(refusal: &Refusal) -> Self {
        let text = format!("{} {}", refusal.code, statement(&refusal.message));
        let known = TEXTS.iter().find(|(pattern, _)| pattern.is_match(&text)).map(|&(_, failure)| failure);
        known.unwrap_or(match refusal.status {
            500.. => Self::Service,
            404 => Self::NoRegistry,
            403 => Self::TargetRights,
            _ => Self::Unknown,
        })
    }

    /// Returns whether the same import may go well on another try.
    pub fn is_temporary(self) -> bool {
        match self {
            Self::SourceThrottled | Self::SourceBroken | Self::CopyBroken | Self::Service => true,
            Self::TagExists
            | Self::SourceUnauthorized
            | Self::SourceMissing
            | Self::SourceFirewall
            | Self::SourceNotConformant
            | Self::TooManyManifests
            | Self::SourceRights
            | Self::TargetRights
            | Self::TargetFirewall
            | Self::NoRegistry
            | Self::Malformed
            | Self::Unknown => false,
        }
    }

    /// Returns whether a copy by this runner may do what the service cannot: the runner has another address, needs no
    /// byte ranges and counts no manifests.
    pub fn has_detour(self) -> bool {
        match self {
            Self::SourceUnauthorized
            | Self::SourceThrottled
            | Self::SourceBroken
            | Self::SourceFirewall
            | Self::SourceNotConformant
            | Self::SourceRights
            | Self::CopyBroken
            | Self::TooManyManifests => true,
            Self::TagExists
            | Self::SourceMissing
            | Self::TargetRights
            | Self::TargetFirewall
            | Self::NoRegistry
            | Self::Malformed
            | Self::Service
            | Self::Unknown => false,
        }
    }

    /// Returns the failure for a report: the side at fault and what to do. The service itself always names the
    /// target, even where the source is at fault.
    pub fn problem(self, refusal: &Refusal) -> Problem {
        let (side, hint) = match self {
            Self::TagExists => (Side::Target, "The tag was created by somebody else meanwhile: plan again."),
            Self::SourceUnauthorized => (
                Side::Source,
                "Check that the image exists; if it is private, give its credential (docker-username, credentials).",
            ),
            Self::SourceMissing => (Side::Source, "The source no longer has this digest: plan again."),
            Self::SourceThrottled => (
                Side::Source,
                "The source limits Azure's shared address: give a credential for it (docker-username, docker-password).",
            ),
            Self::SourceBroken => (Side::Source, "The source has trouble of its own, which often passes: run again."),
            Self::SourceFirewall => (
                Side::Source,
                "Let Azure's registry service in (service tag AzureContainerRegistry), or, for an ACR of your tenant, grant this identity read access to it.",
            ),
            Self::SourceNotConformant => (
                Side::Source,
                "Azure cannot import from this registry: it lacks byte ranges or digest headers. Copy the image by push.",
            ),
            Self::TooManyManifests => (Side::Source, "Azure imports at most 50 manifests of one image."),
            Self::CopyBroken => (Side::Azure, "This often passes: run again."),
            Self::SourceRights => (
                Side::Azure,
                "Grant this identity `Container Registry Data Importer and Data Reader` on the source registry.",
            ),
            Self::TargetRights => (
                Side::Azure,
                "Grant this identity `Container Registry Data Importer and Data Reader` on the target registry; a new grant takes minutes to apply.",
            ),
            Self::TargetFirewall => (
                Side::Target,
                "Allow trusted services on the registry: networkRuleBypassOptions must be AzureServices.",
            ),
            Self::NoRegistry => (Side::Settings, "Check the registry's name or id, and the subscription."),
            Self::Malformed => (Side::Azure, "Azure does not take this request; report it with the text above."),
            Self::Service => (Side::Azure, "Run again; nothing is done twice."),
            Self::Unknown => (Side::Azure, "Ask Azure's support with the correlation id."),
        };
        Problem::new(side, refusal.to_string()).hint(hint).ids(&refusal.ids)
    }
}

/// Returns what the service says, without the address before it: identifiers and names that people choose may hold any
/// number or word of the patterns.
fn statement(message: &str) -> &str {
    let behind = message.split_once(" failed. Resource ").and_then(|(_, resource)| resource.split_once(' '));
    behind.map_or(message, |(_, statement)| statement)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::RequestIds;

    fn class(failure: Failure) -> &'static str {
        match failure {
            Failure::TagExists => "tag-exists",
            Failure::SourceUnauthorized => "source-auth-or-missing",
            Failure::SourceThrottled => "source-rate-limit",
            Failure::SourceFirewall => "source-network",
            Failure::SourceNotConformant => "source-not-conformant",
            Failure::CopyBroken => "transient",
            Failure::SourceRights => "source-rights",
            Failure::TargetRights => "target-rights",
            Failure::TargetFirewall => "target-network",
            Failure::Malformed => "bad-request",
            _ => "none",
        }
    }

    #[test]
    fn every_pattern_can_be_read() {
        assert_eq!(TEXTS.len(), 14);
    }

    fn observed() -> Vec<serde_json::Value> {
        let text = include_str!("../../tests/fixtures/arm/observed-import-errors.json");
        let all: serde_json::Value = serde_json::from_str(text).unwrap();
        all["errors"].as_array().unwrap().clone()
    }

    #[test]
    fn every_text_that_users_reported_is_told_apart() {
        for error in observed() {
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            let status = error["http"].as_u64().unwrap_or(400) as u16;
            let refusal = Refusal { status, code: text("code"), message: text("message"), ids: RequestIds::default() };
            assert_eq!(class(Failure::read(&refusal)), text("class"), "{}", refusal.message);
        }
    }

    #[test]
    fn names_and_numbers_in_the_address_of_an_operation_say_nothing() {
        for error in observed() {
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            let message = text("message")
                .replace("GUID", "4291429a-4294-4429-8429-429042904290")
                .replace("/SUB/", "/4291429a-4294-4429-8429-429042904290/")
                .replace("/RG/", "/too-many-manifests-DENIED/")
                .replace("TARGET", "acr429")
                .replace("\"nats\"", "\"team/nats-429\"");
            let status = error["http"].as_u64().unwrap_or(400) as u16;
            let refusal = Refusal { status, code: text("code"), message, ids: RequestIds::default() };
            assert_eq!(class(Failure::read(&refusal)), text("class"), "{}", refusal.message);
        }
    }
}

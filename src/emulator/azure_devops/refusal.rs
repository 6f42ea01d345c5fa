//! Refusals: Azure DevOps' errors, in its form.

use crate::emulator::call::{Reply, json_reply};
use axum::http::StatusCode;
use serde_json::json;

/// The kind of an error, as `typeKey` names it, and the number of its event.
#[derive(Clone, Copy)]
pub(super) struct Fault(&'static str, u32);

impl Fault {
    pub(super) const ARGUMENT: Self = Self("InvalidArgumentValueException", 0);
    pub(super) const MEDIA_TYPE: Self = Self("UnsupportedMediaTypeException", 0);
    pub(super) const NEEDS_PERMISSION: Self = Self("GitNeedsPermissionException", 3000);
    pub(super) const NO_BUILDS: Self = Self("AccessDeniedException", 3000);
    pub(super) const NO_COMMIT: Self = Self("GitUnresolvableToCommitException", 3000);
    pub(super) const NO_ITEM: Self = Self("GitItemNotFoundException", 3000);
    pub(super) const NO_PROJECT: Self = Self("ProjectDoesNotExistWithNameException", 3000);
    pub(super) const NO_PULL_REQUEST: Self = Self("GitPullRequestNotFoundException", 3000);
    pub(super) const NO_REPOSITORY: Self = Self("GitRepositoryNotFoundException", 3000);
    pub(super) const NO_ROUTE: Self = Self("HttpException", 0);
    pub(super) const NO_THREAD: Self = Self("DiscussionThreadNotFoundException", 3000);
    pub(super) const PREVIEW: Self = Self("VssInvalidPreviewVersionException", 3000);
    pub(super) const THROTTLED: Self = Self("RequestBlockedException", 3000);
    pub(super) const UNAUTHORIZED: Self = Self("UnauthorizedRequestException", 3000);
    pub(super) const UNAVAILABLE: Self = Self("VssServiceException", 0);
    pub(super) const VERSION: Self = Self("VssVersionOutOfRangeException", 3000);
    pub(super) const VERSION_MISSING: Self = Self("VssVersionNotSpecifiedException", 3000);
}

/// Answers an error.
pub(super) fn error(status: StatusCode, fault: Fault, message: &str) -> Reply {
    let Fault(key, event) = fault;
    let body = json!({
        "$id": "1", "innerException": null, "message": message, "typeKey": key, "errorCode": 0, "eventId": event,
        "typeName": format!("Microsoft.TeamFoundation.{key}, Microsoft.TeamFoundation"),
    });
    json_reply(status, &body)
}

/// Returns what Azure DevOps answers when a fault strikes.
pub(in crate::emulator) fn failing(status: StatusCode) -> Reply {
    match status {
        // Docs, "Rate and usage limits".
        StatusCode::TOO_MANY_REQUESTS => error(
            status,
            Fault::THROTTLED,
            "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource.",
        ),
        _ => error(status, Fault::UNAVAILABLE, "The service is unavailable."),
    }
}

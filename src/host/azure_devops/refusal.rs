//! Refusal: Azure DevOps' errors, read.

use crate::{
    host::refusal::ApiError,
    http::{Reply, excerpt, retry_after},
    report::escape,
};
use serde::Deserialize;

/// The most characters of an answer that are shown.
const LONGEST: usize = 400;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Refusal {
    message: String,
    type_key: String,
}

/// Returns an answer that is data, or why there is none.
pub(super) fn checked(reply: Reply) -> Result<Reply, ApiError> {
    let status = reply.status.as_u16();
    let is_page = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if is_page || status == 203 || reply.status.is_redirection() {
        // A proxy that wants a sign-in of its own looks the same.
        return Err(ApiError::Refused(format!(
            "Azure DevOps answered {status} with a sign-in page instead of data: the job's access token is not \
                taken, or \
             a proxy on the way wants a sign-in"
        )));
    }
    if reply.status.is_success() {
        return Ok(reply);
    }
    let text = serde_json::from_slice::<Refusal>(&reply.body).map(|refusal| refusal.message).unwrap_or_default();
    let text = if text.is_empty() { excerpt(&reply.body) } else { text };
    let answered = format!("Azure DevOps answered {status} {}", escape::cut(&text, LONGEST));
    Err(match status {
        401 => ApiError::Refused(format!("{answered}; the job's access token is not taken")),
        403 => ApiError::NotAllowed(answered),
        404 => ApiError::NotFound(answered),
        429 => ApiError::Limited(retry_after(&reply)),
        503 if retry_after(&reply).is_some() => ApiError::Limited(retry_after(&reply)),
        // Somebody else was faster: another look tells.
        408 | 409 | 500.. => unclear(&format!("{status} {text}")),
        _ => ApiError::Refused(answered),
    })
}

/// Returns the bytes of a file, or why there are none.
pub(super) fn checked_file(reply: Reply, path: &str) -> Result<Vec<u8>, ApiError> {
    let reply = checked(reply)?;
    let kind = reply.header("content-type").unwrap_or_default();
    if kind.starts_with("application/json") || kind.starts_with("application/zip") {
        return Err(no_file(path));
    }
    Ok(reply.body.to_vec())
}

/// Names what is no file.
pub(super) fn no_file(path: &str) -> ApiError {
    ApiError::Unfit(format!("`{path}` is a folder, a submodule or a symbolic link, not a file"))
}

/// Returns whether the commit is there and the file is not; any other 404 is that of something else.
pub(super) fn is_missing_item(reply: &Reply) -> bool {
    let refusal: Refusal = serde_json::from_slice(&reply.body).unwrap_or_default();
    refusal.type_key == "GitItemNotFoundException" || refusal.message.starts_with("TF401174")
}

/// Returns the error of a request that nobody knows the fate of.
pub(super) fn unclear(text: &str) -> ApiError {
    ApiError::Unclear(format!("Azure DevOps did not answer as it should: {}", escape::cut(text, LONGEST)))
}

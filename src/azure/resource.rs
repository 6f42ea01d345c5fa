//! Resources as JSON: read, written, removed, acted on; an operation that Azure begins is waited for to its end.
//!
//! What the fields mean is for the rooms that write them.

use super::{
    Arm, ArmError,
    arm::{VERSION, read},
    error::Refusal,
};
use crate::http::{self, Reply};
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

/// How often an operation is asked when Azure names no time.
const POLL: Duration = Duration::from_secs(2);
/// How long an operation may take; the service ends those of tokens and connected registries within a minute or two.
const LONGEST: Duration = Duration::from_secs(600);

impl Arm {
    /// Returns a resource; `None` for 404.
    ///
    /// # Errors
    /// As Resource Manager's.
    pub async fn resource(&self, id: &str) -> Result<Option<Value>, ArmError> {
        self.resource_by(id, VERSION).await
    }

    /// Returns a resource, by a version of the service that knows it; `None` for 404.
    ///
    /// # Errors
    /// As Resource Manager's.
    pub async fn resource_by(&self, id: &str, version: &str) -> Result<Option<Value>, ArmError> {
        self.get(plain(id)?, version).await
    }

    /// Returns every resource of a collection, such as `{registry}/scopeMaps`.
    ///
    /// # Errors
    /// As Resource Manager's.
    pub async fn collection(&self, id: &str) -> Result<Vec<Value>, ArmError> {
        self.collection_by(id, VERSION).await
    }

    /// Returns every resource of a collection, by a version of the service that knows it.
    ///
    /// # Errors
    /// As Resource Manager's.
    pub async fn collection_by(&self, id: &str, version: &str) -> Result<Vec<Value>, ArmError> {
        self.list(plain(id)?, version).await
    }

    /// Makes a resource, or replaces it.
    ///
    /// # Errors
    /// As Resource Manager's, those of the operation included.
    pub async fn put(&self, id: &str, body: &Value) -> Result<Value, ArmError> {
        self.put_by(id, VERSION, body).await
    }

    /// Makes a resource, or replaces it, by a version of the service that knows it.
    ///
    /// # Errors
    /// As [`Arm::put`].
    pub async fn put_by(&self, id: &str, version: &str, body: &Value) -> Result<Value, ArmError> {
        self.change(Method::PUT, id, version, Some(body)).await
    }

    /// Changes what the body names; what it leaves out stays. A list is replaced whole.
    ///
    /// # Errors
    /// As [`Arm::put`].
    pub async fn patch(&self, id: &str, body: &Value) -> Result<Value, ArmError> {
        self.patch_by(id, VERSION, body).await
    }

    /// Changes what the body names, by a version of the service that knows it.
    ///
    /// # Errors
    /// As [`Arm::put`].
    pub async fn patch_by(&self, id: &str, version: &str, body: &Value) -> Result<Value, ArmError> {
        self.change(Method::PATCH, id, version, Some(body)).await
    }

    /// Removes a resource; one that is gone already is no error.
    ///
    /// # Errors
    /// As [`Arm::put`].
    pub async fn remove(&self, id: &str) -> Result<(), ArmError> {
        self.remove_by(id, VERSION).await
    }

    /// Removes a resource, by a version of the service that knows it; one that is gone already is no error.
    ///
    /// # Errors
    /// As [`Arm::put`].
    pub async fn remove_by(&self, id: &str, version: &str) -> Result<(), ArmError> {
        match self.change(Method::DELETE, id, version, None).await {
            Err(ArmError::Refused(refusal)) if refusal.status == 404 => Ok(()),
            other => other.map(drop),
        }
    }

    /// Does what a resource offers, such as `{registry}/generateCredentials`, and returns what comes of it.
    ///
    /// # Errors
    /// As [`Arm::put`].
    pub async fn act(&self, id: &str, body: &Value) -> Result<Value, ArmError> {
        self.act_by(id, VERSION, Some(body)).await
    }

    /// Does what a resource offers, by a version of the service that knows it; some actions take no body.
    ///
    /// # Errors
    /// As [`Arm::put`].
    pub async fn act_by(&self, id: &str, version: &str, body: Option<&Value>) -> Result<Value, ArmError> {
        self.change(Method::POST, id, version, body).await
    }

    /// Does what must not be done twice: an answer that is lost or broken is an error, and whether it was done is not known
    /// then.
    ///
    /// # Errors
    /// As [`Arm::put`]; [`ArmError::is_unclear`] tells those after which it may have been done.
    pub async fn act_once_by(&self, id: &str, version: &str, body: Option<&Value>) -> Result<Value, ArmError> {
        let url = format!("{}{}?api-version={version}", self.cloud().resource_manager, plain(id)?);
        let reply = self.send_once(Method::POST, &url, body).await?;
        self.ended(reply).await
    }

    async fn change(&self, method: Method, id: &str, version: &str, body: Option<&Value>) -> Result<Value, ArmError> {
        let url = format!("{}{}?api-version={version}", self.cloud().resource_manager, plain(id)?);
        let reply = self.send(method, &url, body).await?;
        self.ended(reply).await
    }

    async fn ended(&self, mut reply: Reply) -> Result<Value, ArmError> {
        let mut left = LONGEST;
        loop {
            let value = accepted(&reply)?;
            let Some(next) = unended(&reply, &value)? else { return Ok(value) };
            if !self.is_own(&next) {
                return Err(ArmError::Unreadable("the operation's address is not Resource Manager's".to_owned()));
            }
            let wait = http::retry_after(&reply).unwrap_or(POLL).max(Duration::from_millis(50));
            left = left.checked_sub(wait).ok_or_else(|| never_ended(&reply))?;
            tokio::time::sleep(wait).await;
            let polled = self.send(Method::GET, &next, None::<&()>).await?;
            // The resource itself is what comes of an operation that is told of beside it.
            let is_beside = reply.header(BESIDE).is_some();
            reply = if is_beside { carried(polled, &next) } else { polled };
        }
    }
}

const BESIDE: &str = "azure-asyncoperation";

/// The answer of a poll names no address of its own where the first one holds on.
fn carried(mut reply: Reply, address: &str) -> Reply {
    if !reply.headers.contains_key(BESIDE)
        && let Ok(address) = address.parse()
    {
        reply.headers.insert(BESIDE, address);
    }
    reply
}

/// Returns the body of an answer that is no refusal; an operation that ended badly is one, whatever its status.
fn accepted(reply: &Reply) -> Result<Value, ArmError> {
    if !reply.status.is_success() {
        return Err(ArmError::Refused(Refusal::read(reply)));
    }
    let value = if reply.body.is_empty() { Value::Null } else { read(reply)? };
    match value["status"].as_str() {
        Some("Failed" | "Canceled") => Err(ArmError::Refused(Refusal::read(reply))),
        _ => Ok(value),
    }
}

/// Returns where to ask on, where the operation has not ended.
fn unended(reply: &Reply, value: &Value) -> Result<Option<String>, ArmError> {
    if let Some(address) = reply.header(BESIDE) {
        let state = value["status"].as_str().or(value["properties"]["provisioningState"].as_str());
        return Ok((state != Some("Succeeded")).then(|| address.to_owned()));
    }
    match (reply.status.as_u16(), reply.header("location")) {
        (202, Some(location)) => Ok(Some(location.to_owned())),
        // Some actions answer 202 with what came of them, and there is nothing to wait for (scheduleRun, section 11.1).
        (202, None) if !value.is_null() => Ok(None),
        (202, None) => Err(ArmError::Unreadable("an operation without an address".to_owned())),
        _ => Ok(None),
    }
}

fn never_ended(reply: &Reply) -> ArmError {
    let message = format!("the operation has not ended within {} minutes", LONGEST.as_secs() / 60);
    ArmError::Refused(Refusal { status: 202, code: String::new(), message, ids: reply.ids.clone() })
}

/// Ids come from Azure's answers as well: nothing but a path may be one.
fn plain(id: &str) -> Result<&str, ArmError> {
    let is_path = id.starts_with('/') && id.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.()".contains(c));
    if is_path && !id.contains("/..") {
        Ok(id)
    } else {
        Err(ArmError::Unreadable("a resource id that is none".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_is_an_id() {
        assert!(plain("/subscriptions/1/resourceGroups/g_(1)/providers/P.R/registries/contoso").is_ok());
        for id in ["", "subscriptions/1", "/a?x=1", "/a/../b", "/a#b", "/a b", "/a%2fb", "//evil@host:1"] {
            assert!(plain(id).is_err(), "{id}");
        }
    }

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        Reply {
            status: reqwest::StatusCode::from_u16(status).unwrap(),
            headers: headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
            body: body.to_owned().into(),
            url: "https://management.azure.com/".parse().unwrap(),
            ids: crate::problem::RequestIds::default(),
        }
    }

    /// Returns where to ask on, `done`, or the refusal.
    fn read_out(reply: &Reply) -> String {
        match accepted(reply).and_then(|value| unended(reply, &value)) {
            Ok(Some(next)) => next,
            Ok(None) => "done".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_operation_is_over_when_it_says_so_and_not_before() {
        let beside = [("azure-asyncoperation", "https://m/op")];
        let behind = [("location", "https://m/at")];
        for (status, headers, body, expected) in [
            (200, &[][..], r#"{"properties":{"provisioningState":"Succeeded"}}"#, "done"),
            (201, &beside, r#"{"properties":{"provisioningState":"Creating"}}"#, "https://m/op"),
            (201, &beside, r#"{"properties":{"provisioningState":"Succeeded"}}"#, "done"),
            (200, &beside, r#"{"status":"InProgress"}"#, "https://m/op"),
            (200, &beside, r#"{"status":"Succeeded"}"#, "done"),
            // A 200 that says `Failed` is a failure.
            (
                200,
                &beside,
                r#"{"status":"Failed","error":{"code":"Conflict","message":"busy"}}"#,
                "Azure answered Conflict: busy",
            ),
            (202, &behind, "", "https://m/at"),
            (204, &[], "", "done"),
            (
                400,
                &beside,
                r#"{"error":{"code":"InvalidRequest","message":"no"}}"#,
                "Azure answered InvalidRequest: no",
            ),
        ] {
            assert_eq!(read_out(&reply(status, headers, body)), expected, "{status} {body}");
        }
        assert!(read_out(&reply(202, &[], "")).contains("an operation without an address"));
        assert!(read_out(&reply(200, &[], "<html>")).contains("cannot be read"));
    }
}

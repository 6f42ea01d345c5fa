//! Claims: what the identity token of a job says of it, for comparison with what the application trusts.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// The public part of an identity token; the token itself is never kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Claims {
    #[serde(default, rename = "sub")]
    pub subject: String,
    #[serde(default, rename = "iss")]
    pub issuer: String,
    #[serde(default, rename = "aud")]
    pub audience: Audience,
    #[serde(default)]
    pub repository: String,
    #[serde(default)]
    pub repository_id: String,
    #[serde(default)]
    pub repository_owner_id: String,
}

/// One audience or several (RFC 7519, 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::One(String::new())
    }
}

impl Claims {
    /// Reads the middle part of a token; the signature is Entra's business.
    pub(super) fn read(token: &str) -> Option<Self> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    pub(super) fn audience(&self) -> String {
        match &self.audience {
            Audience::One(one) => one.clone(),
            Audience::Several(several) => several.join(" "),
        }
    }

    /// Returns the subject in the form that GitHub does not use for this repository, where that can be told.
    ///
    /// Repositories made, renamed or moved after mid-July 2026 send `repo:OWNER@ID/NAME@ID:…`, others
    /// `repo:OWNER/NAME:…` (GitHub, "OpenID Connect reference").
    pub(super) fn other_subject(&self) -> Option<String> {
        let (owner, name) = self.repository.split_once('/')?;
        let by_name = format!("repo:{owner}/{name}:");
        let by_id = format!("repo:{owner}@{}/{name}@{}:", self.repository_owner_id, self.repository_id);
        let has_ids = !self.repository_id.is_empty() && !self.repository_owner_id.is_empty();
        match self.subject.strip_prefix(&by_name) {
            Some(rest) => has_ids.then(|| format!("{by_id}{rest}")),
            None => self.subject.strip_prefix(&by_id).map(|rest| format!("{by_name}{rest}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    fn claims(subject: &str) -> Claims {
        let payload = format!(
            r#"{{"sub":"{subject}","iss":"https://token.actions.githubusercontent.com","aud":["a","b"],
                "repository":"octo/images","repository_id":"74","repository_owner_id":"65"}}"#
        );
        Claims::read(&token(&payload)).unwrap()
    }

    #[test]
    fn each_form_of_the_subject_leads_to_the_other() {
        let (by_name, by_id) = ("repo:octo/images:pull_request", "repo:octo@65/images@74:pull_request");
        assert_eq!(claims(by_name).other_subject().as_deref(), Some(by_id));
        assert_eq!(claims(by_id).other_subject().as_deref(), Some(by_name));
        assert_eq!(claims("made:by:template").other_subject(), None);
        assert_eq!(claims(by_name).audience(), "a b");
    }

    #[test]
    fn what_is_no_token_has_no_claims() {
        for text in ["", "a.b", "a.!!.c", &token("[1]"), &token("{\"sub\":1}")] {
            assert_eq!(Claims::read(text), None, "{text}");
        }
    }
}

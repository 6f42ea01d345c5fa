//! Password: which of a token's two is made, and when.
//!
//! Each is shown once, and making one anew ends the old one. So the first kit takes a place that is free, and a rotation
//! takes the older of the two: what is deployed works on until the next rotation.

use super::{failed, last};
use crate::{
    azure::Arm,
    connected::Found,
    credential::Mask,
    problem::{Problem, Side},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// Makes passwords at a registry.
#[derive(Debug, Clone, Copy)]
pub struct Passwords<'a> {
    /// Resource Manager.
    pub arm: &'a Arm,
    /// What there is.
    pub found: &'a Found,
    /// Hears of every password before it is used.
    pub mask: &'a Mask,
}

/// Why a password is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    First,
    Rotated,
}

impl Passwords<'_> {
    /// Returns a password of a token: the kept one; a new one where there is none, or a rotation is asked for.
    ///
    /// # Errors
    /// That both passwords are there already and somebody else has them, or why none could be made.
    pub async fn get(&self, token: &str, kept: Option<SecretString>, rotates: bool) -> Result<SecretString, Problem> {
        let wanted = if rotates { Wanted::Rotated } else { Wanted::First };
        if let Some(kept) = kept.filter(|_| wanted == Wanted::First) {
            self.mask.hide(kept.expose_secret());
            return Ok(kept);
        }
        let there = self.found.token(token).map(|token| &token.passwords[..]).unwrap_or_default();
        let name = place(there, wanted).ok_or_else(|| {
            let what = format!("the token `{}` has both its passwords already, and Azure shows them once", last(token));
            Problem::new(Side::Target, what).hint(
                "Run it in the folder of the kit that has them; or make the older one anew with `--rotate`, which ends it.",
            )
        })?;
        let body = json!({"tokenId": token, "name": name});
        let id = format!("{}/generateCredentials", self.found.registry);
        let answer = self.arm.act(&id, &body).await.map_err(|error| failed(&error))?;
        let made = answer["passwords"].as_array().into_iter().flatten();
        let value = made.filter(|one| one["name"] == name).find_map(|one| one["value"].as_str());
        let value = value.ok_or_else(|| {
            Problem::new(Side::Azure, format!("Azure made a password of `{}` and does not show it", last(token)))
                .hint("Run again with `--rotate`.")
        })?;
        self.mask.hide(value);
        Ok(value.into())
    }
}

/// Returns which password is to be made; none where that would end one that somebody has.
fn place(there: &[(String, String)], wanted: Wanted) -> Option<&'static str> {
    let made = |name: &str| there.iter().find(|(known, _)| known == name).map(|(_, created)| created.as_str());
    match (made("password1"), made("password2"), wanted) {
        (None, _, _) => Some("password1"),
        (Some(_), None, _) => Some("password2"),
        (Some(_), Some(_), Wanted::First) => None,
        (Some(one), Some(other), Wanted::Rotated) => Some(if one <= other { "password1" } else { "password2" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_that_somebody_has_is_ended_unless_it_is_asked_for() {
        let both = |one: &str, other: &str| {
            vec![("password1".to_owned(), one.to_owned()), ("password2".to_owned(), other.to_owned())]
        };
        for (there, wanted, expected) in [
            (vec![], Wanted::First, Some("password1")),
            (both("2026-01-01", "")[..1].to_vec(), Wanted::First, Some("password2")),
            (both("", "2026-01-01")[1..].to_vec(), Wanted::First, Some("password1")),
            (both("2026-01-01", "2026-02-01"), Wanted::First, None),
            (both("2026-01-01", "2026-02-01"), Wanted::Rotated, Some("password1")),
            (both("2026-03-01", "2026-02-01"), Wanted::Rotated, Some("password2")),
            (both("2026-01-01", "")[..1].to_vec(), Wanted::Rotated, Some("password2")),
        ] {
            assert_eq!(place(&there, wanted), expected, "{there:?} {wanted:?}");
        }
    }
}

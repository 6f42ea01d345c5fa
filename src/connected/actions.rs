//! Actions: a scope map's permissions, as the service writes them (ACR wire facts, 12.2 and 12.3; some official samples
//! show names that it does not take).

use super::{Access, Mode};
use std::collections::BTreeSet;

/// Permissions, each `repositories/…` or `gateway/…`.
pub type Actions = BTreeSet<String>;

/// The most permissions of one scope map, and the most repositories (limits of the service).
pub(super) const MOST_ACTIONS: usize = 500;

const READ: [&str; 2] = ["content/read", "metadata/read"];
const ALL: [&str; 5] = ["content/delete", "content/read", "content/write", "metadata/read", "metadata/write"];
const GATEWAY: [&str; 4] = ["config/read", "config/write", "message/read", "message/write"];

/// Returns what a connected registry may do in a repository.
pub(super) fn of_mode(mode: Mode, repository: &str) -> impl Iterator<Item = String> {
    let actions: &[&str] = match mode {
        Mode::ReadOnly => &READ,
        Mode::ReadWrite => &ALL,
    };
    actions.iter().map(move |action| format!("repositories/{repository}/{action}"))
}

/// Returns what a client may do in a repository.
pub(super) fn of_client(access: Access, repository: &str) -> impl Iterator<Item = String> {
    let actions: &[&str] = match access {
        Access::Pull => &["content/read"],
        Access::Push => &["content/read", "content/write"],
    };
    actions.iter().map(move |action| format!("repositories/{repository}/{action}"))
}

/// Returns all that can be permitted in a repository.
pub(super) fn of_repository(repository: &str) -> impl Iterator<Item = String> {
    ALL.iter().map(move |action| format!("repositories/{repository}/{action}"))
}

/// Returns what a connected registry needs for itself, in its own map and in those above it.
pub(super) fn of_gateway(name: &str) -> impl Iterator<Item = String> {
    let name = name.to_ascii_lowercase();
    GATEWAY.iter().map(move |action| format!("gateway/{name}/{action}"))
}

/// Returns the repository that a permission is for.
pub(super) fn repository(action: &str) -> Option<&str> {
    let rest = action.strip_prefix("repositories/")?;
    let cut = rest.rmatch_indices('/').nth(1)?.0;
    Some(&rest[..cut])
}

/// Returns the repositories of some permissions.
pub(super) fn repositories(actions: &Actions) -> BTreeSet<&str> {
    actions.iter().filter_map(|action| repository(action)).collect()
}

/// Returns permissions as people read them: `+ fleet/app, fleet/web`, with the gateways of others.
pub(super) fn told(sign: char, actions: &Actions) -> String {
    let gateways: BTreeSet<_> =
        actions.iter().filter_map(|action| action.strip_prefix("gateway/")?.split('/').next()).collect();
    let mut names: Vec<_> = repositories(actions).into_iter().map(str::to_owned).collect();
    names.extend(gateways.iter().map(|name| format!("messages of {name}")));
    format!("{sign} {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_names_its_repository_and_its_action() {
        for action in of_repository("fleet/deep/app") {
            assert_eq!(repository(&action), Some("fleet/deep/app"), "{action}");
        }
        assert_eq!(repository("gateway/vessel-1/config/read"), None);
        assert_eq!(repository("repositories/x"), None);
        let actions = of_mode(Mode::ReadOnly, "fleet/app").chain(of_gateway("Cabin-1")).collect();
        assert_eq!(told('+', &actions), "+ fleet/app, messages of cabin-1");
        assert_eq!(of_mode(Mode::ReadWrite, "a").count(), 5);
    }
}

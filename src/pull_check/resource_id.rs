//! Resource id: the name of a thing in Azure, `/subscriptions/…/resourceGroups/…/providers/NAMESPACE/TYPE/NAME…`.

use std::fmt;

/// A resource id whose parts can stand in an address and in a command. Case says nothing (ACR wire facts, 2.2).
#[derive(Debug, Clone)]
pub(super) struct ResourceId(String);

impl ResourceId {
    /// Reads an id; none for what is no id of a resource in a resource group, however it looks.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/');
        let parts: Vec<_> = text.split('/').collect();
        let is = |at: usize, name: &str| parts.get(at).is_some_and(|part| part.eq_ignore_ascii_case(name));
        let is_plain = |part: &&str| {
            part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.()".contains(c))
                && part.starts_with(|c: char| c.is_ascii_alphanumeric() || "_(".contains(c))
        };
        let is_id = parts.first() == Some(&"")
            && is(1, "subscriptions")
            && is(3, "resourceGroups")
            && is(5, "providers")
            && parts.len() >= 9
            && parts.len() % 2 == 1
            && text.len() <= 2048
            && parts[1..].iter().all(is_plain);
        is_id.then(|| Self(text.to_owned()))
    }

    /// Returns whether it is of a kind, such as `Microsoft.Network/virtualNetworks`.
    pub(super) fn is_of(&self, kind: &str) -> bool {
        let parts: Vec<_> = self.0.split('/').collect();
        let types = parts.iter().skip(7).step_by(2);
        let mut own = vec![parts[6]];
        own.extend(types);
        own.join("/").eq_ignore_ascii_case(kind)
    }

    pub(super) fn subscription(&self) -> &str {
        self.part(2)
    }

    pub(super) fn group(&self) -> &str {
        self.part(4)
    }

    /// Returns the name of the resource itself, the last part.
    pub(super) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the resource that this one is a part of: of a subnet its network.
    pub(super) fn top(&self) -> Self {
        Self(self.0.split('/').take(9).collect::<Vec<_>>().join("/"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, at: usize) -> &str {
        self.0.split('/').nth(at).unwrap_or_default()
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_apart() {
        let id = "/subscriptions/1/resourcegroups/rg-a/providers/Microsoft.Network/virtualNetworks/v/subnets/s/";
        let id = ResourceId::parse(id).unwrap();
        assert_eq!((id.subscription(), id.group(), id.name()), ("1", "rg-a", "s"));
        assert!(
            id.is_of("microsoft.network/virtualnetworks/subnets") && !id.is_of("Microsoft.Network/virtualNetworks")
        );
        assert!(id.top().is_of("Microsoft.Network/virtualNetworks"));
        let other = "/SUBSCRIPTIONS/1/resourceGroups/RG-A/providers/microsoft.network/virtualNetworks/v/subnets/S";
        assert_eq!(ResourceId::parse(other), Some(id));
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_id() {
        for text in [
            "",
            "/subscriptions/1/resourceGroups/g",
            "subscriptions/1/resourceGroups/g/providers/a/b/c",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets",
            "/subscriptions/1/resourceGroups/../providers/Microsoft.Network/virtualNetworks/v",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v?x=1",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v'; rm -rf ~'",
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/--all",
            "/subscriptions/1/resourceGroups//providers/Microsoft.Network/virtualNetworks/v",
        ] {
            assert_eq!(ResourceId::parse(text), None, "{text}");
        }
    }
}

//! Estate: what a subscription holds beside its registries and what a pull depends on: clusters, networks, private
//! endpoints, zones of private names, and who was granted what.
//!
//! Resources are kept in the shapes in which Resource Manager answers them: of Microsoft.ContainerService 2024-05-01,
//! Microsoft.Network 2023-11-01, its private zones 2020-06-01. Handles build them; nobody changes them over the wire.

mod cluster;
mod endpoint;
mod grant;
mod network;
mod zone;

use super::{World, world::SUBSCRIPTION};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

pub use cluster::Cluster;
pub use endpoint::PrivateEndpoint;
pub(super) use grant::{Assignment, is_within, roles};
pub use network::Network;
pub use zone::Zone;

/// The group of clusters and networks.
const GROUP: &str = "rg-aks";

/// What a subscription holds beside its registries.
#[derive(Default)]
pub(super) struct Estate {
    /// Resources by their id in lower case.
    pub(super) resources: BTreeMap<String, Value>,
    pub(super) assignments: Vec<Assignment>,
    /// The groups of a principal, by object ids.
    pub(super) groups: HashMap<String, Vec<String>>,
    /// How many entries a page of a list of assignments holds; all where none is set.
    pub(super) page: Option<usize>,
}

impl Estate {
    /// Returns the resources whose parent, or whose group or subscription, an id names.
    pub(super) fn under<'a>(&'a self, collection: &'a str) -> impl Iterator<Item = &'a Value> {
        let (scope, kind) = collection.rsplit_once('/').unwrap_or_default();
        let of_kind = format!("/{kind}/");
        self.resources.iter().filter_map(move |(id, resource)| {
            let (parent, name) = id.rsplit_once('/')?;
            let is_own = parent == collection;
            // `/subscriptions/S[/resourceGroups/G]/providers/NAMESPACE/TYPE` lists what lies below.
            let above = scope.split_once("/providers/").filter(|_| scope.matches('/').count() <= 6);
            let is_below = above.is_some_and(|(above, provider)| {
                id.starts_with(&format!("{above}/"))
                    && parent.ends_with(&format!("/providers/{provider}{}", of_kind.trim_end_matches('/')))
            });
            (!name.is_empty() && (is_own || is_below)).then_some(resource)
        })
    }
}

impl World {
    /// Adds a resource, or leaves the one that is there as it is.
    pub(super) fn resource(&self, id: &str, location: &str, properties: Value) {
        let parts: Vec<_> = id.split('/').skip(6).collect();
        let kind: Vec<_> = parts.iter().take(1).chain(parts.iter().skip(1).step_by(2)).copied().collect();
        let resource = json!({
            "id": id, "name": id.rsplit('/').next(), "type": kind.join("/"), "location": location, "tags": {},
            "etag": "W/\"55555555-0000-0000-0000-000000000000\"", "properties": properties,
        });
        self.state().estate.resources.entry(id.to_ascii_lowercase()).or_insert(resource);
    }

    /// Changes a resource's properties.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        if let Some(resource) = self.state().estate.resources.get_mut(&id.to_ascii_lowercase()) {
            change(&mut resource["properties"]);
        }
    }

    /// Returns an object id that follows from a name, so that texts stay the same.
    fn object_id(name: &str) -> String {
        let sum = name.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 0xffff_ffff_ffff);
        format!("77777777-0000-4000-8000-{sum:012x}")
    }

    /// Sets how many entries a page of a list of role assignments holds; all at first.
    pub fn assignment_page(&self, number: usize) {
        self.state().estate.page = Some(number.max(1));
    }

    /// Takes a resource away, by its id.
    pub fn remove_resource(&self, id: &str) {
        self.state().estate.resources.remove(&id.to_ascii_lowercase());
    }
}

fn id(group: &str, kind: &str, name: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{kind}/{name}")
}

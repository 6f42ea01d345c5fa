//! Staged: a registry with connected registries, their tokens and scope maps, as tests find it.

use super::{
    Actions, Connected, Found, Instance, Mode, Question, ScopeMap, Token, Wish, actions, decide, decide::OURS,
    found::last,
};

pub(super) const ID: &str =
    "/subscriptions/1/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/contosoacr";

pub(super) fn found(repositories: &[&str]) -> Found {
    Found {
        registry: ID.to_owned(),
        name: "contosoacr".to_owned(),
        sku: "Premium".to_owned(),
        has_data_endpoint: true,
        instances: Vec::new(),
        tokens: Vec::new(),
        maps: Vec::new(),
        repositories: Ok(repositories.iter().map(|name| (*name).to_owned()).collect()),
    }
}

/// Adds a token with a scope map of its own name.
pub(super) fn token(found: &mut Found, name: &str, actions: Actions) -> String {
    let (id, map) = (format!("{ID}/tokens/{name}"), format!("{ID}/scopeMaps/{name}"));
    found.tokens.push(Token {
        id: id.clone(),
        name: name.to_owned(),
        map: map.clone(),
        is_enabled: true,
        passwords: vec![],
    });
    let description = format!("{OURS}for a test");
    found.maps.push(ScopeMap { id: map, name: name.to_owned(), description, is_system: false, actions });
    id
}

/// Adds a connected registry that has these repositories, read only.
pub(super) fn there(found: &mut Found, name: &str, parent: Option<&str>, repositories: &[&str]) {
    let reads = repositories.iter().flat_map(|name| actions::of_mode(Mode::ReadOnly, name));
    let token = token(found, name, actions::of_gateway(name).chain(reads).collect());
    let mut above = parent.map(str::to_owned);
    while let Some(name_above) = above {
        let map = found.maps.iter_mut().find(|map| map.name == name_above).unwrap();
        map.actions.extend(actions::of_gateway(name));
        let instance = found.instance(&name_above).unwrap();
        above = instance.parent.as_deref().map(|id| last(id).to_owned());
    }
    found.instances.push(Instance {
        id: format!("{ID}/connectedRegistries/{name}"),
        name: name.to_owned(),
        mode: "ReadOnly".to_owned(),
        parent: parent.map(|parent| format!("{ID}/connectedRegistries/{parent}")),
        token: Some(token),
        schedule: Some("30 * * * *".to_owned()),
        window: Some("PT1H".to_owned()),
        message_ttl: Some("P2D".to_owned()),
        log_level: Some("Information".to_owned()),
        ..Instance::default()
    });
}

pub(super) fn meant(text: &str) -> Vec<Connected> {
    serde_yaml::from_str(text).unwrap()
}

pub(super) fn vessel(repositories: &str) -> Vec<Connected> {
    meant(&format!("- {{ name: vessel-1, repositories: [{repositories}], schedule: \"30 * * * *\", window: PT1H }}"))
}

/// Returns the wishes as `subject: word reason`, or the block.
pub(super) fn told(meant: &[Connected], before: Option<&[Connected]>, planned: &[&str], found: &Found) -> Vec<String> {
    let planned = planned.iter().map(|name| (*name).to_owned()).collect();
    let wishes = decide(&Question { meant, before, planned: &planned, found });
    let told = |wish: &Wish| match &wish.block {
        Some(problem) => format!("{}: {} blocked: {}", wish.subject, wish.work.words().0, problem.what),
        None => format!("{}: {} {}", wish.subject, wish.work.words().0, wish.reason),
    };
    wishes.iter().map(told).collect()
}

//! What Resource Manager takes for a connected registry, by the rules of `check.rs`.

use super::{
    Kind, Refused,
    check::{GATEWAY_ACTIONS, invalid, name, same},
};
use crate::emulator::state::Azure;
use serde_json::{Value, json};

const MOST_CONNECTED: usize = 50;

/// Returns the properties that a connected registry gets; `is_new` tells PUT from PATCH.
pub(in super::super) fn connected(
    azure: &Azure,
    before: Option<&Value>,
    own_name: &str,
    body: &Value,
) -> Result<Value, Refused> {
    name(own_name, "connected registry")?;
    if azure.sku != "Premium" {
        let text = format!("The resource type connectedRegistries is not supported in the SKU {}.", azure.sku);
        return Err((400, "FeatureNotSupported", text));
    }
    if !azure.data_endpoints {
        return Err(invalid("Dedicated data endpoints must be enabled to use connected registries."));
    }
    let given = &body["properties"];
    let edge = &azure.edge;
    let mut it = match before {
        Some(before) => before["properties"].clone(),
        None => new(azure, own_name, given)?,
    };
    let sync = if before.is_some() { &given["syncProperties"] } else { &given["parent"]["syncProperties"] };
    if let Some(text) = sync["schedule"].as_str() {
        if !is_cron(text) {
            return Err(invalid(format!("The schedule '{text}' is no cron expression.")));
        }
        it["parent"]["syncProperties"]["schedule"] = json!(text);
    }
    for (field, low, high) in [("messageTtl", 86_400, 90 * 86_400), ("syncWindow", 3_600, 7 * 86_400)] {
        let Some(text) = sync[field].as_str() else { continue };
        if !seconds(text).is_some_and(|seconds| (low..=high).contains(&seconds)) {
            return Err(invalid(format!("The value '{text}' of '{field}' is invalid.")));
        }
        it["parent"]["syncProperties"][field] = json!(text);
    }
    if let Some(clients) = given["clientTokenIds"].as_array() {
        if clients.len() > MOST_CONNECTED {
            return Err(invalid("A connected registry can have 50 client tokens."));
        }
        for id in clients {
            if edge.behind(azure, Kind::Token, id).is_none() {
                return Err((400, "TokenNotFound", format!("The client token {id} does not exist.")));
            }
            if edge
                .connected
                .values()
                .any(|other| same(&other["properties"]["parent"]["syncProperties"]["tokenId"], id))
            {
                return Err(invalid(format!("The token {id} is a sync token.")));
            }
        }
        it["clientTokenIds"] = json!(clients);
    }
    if let Some(list) = given["notificationsList"].as_array() {
        let is_one = |text: &Value| text.as_str().is_some_and(|text| text.split(':').count() == 3);
        if let Some(wrong) = list.iter().find(|text| !is_one(text)) {
            return Err(invalid(format!("The notification {wrong} is invalid.")));
        }
        it["notificationsList"] = json!(list);
    }
    if let Some(level) = given["logging"]["logLevel"].as_str() {
        if !["Debug", "Information", "Warning", "Error", "None"].contains(&level) {
            return Err(invalid(format!("The log level '{level}' is invalid.")));
        }
        it["logging"]["logLevel"] = json!(level);
    }
    if let Some(status) = given["logging"]["auditLogStatus"].as_str() {
        it["logging"]["auditLogStatus"] = json!(status);
    }
    if given["garbageCollection"].is_object() {
        it["garbageCollection"] = given["garbageCollection"].clone();
    }
    Ok(it)
}

fn new(azure: &Azure, own_name: &str, given: &Value) -> Result<Value, Refused> {
    let edge = &azure.edge;
    if edge.connected.len() >= MOST_CONNECTED {
        return Err((409, "QuotaExceeded", "The registry has 50 connected registries.".to_owned()));
    }
    let mode = match given["mode"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "readonly" | "mirror" => "ReadOnly",
        "readwrite" | "registry" => "ReadWrite",
        other => return Err(invalid(format!("The mode '{other}' is invalid."))),
    };
    let sync = &given["parent"]["syncProperties"];
    let token = edge.behind(azure, Kind::Token, &sync["tokenId"]);
    let Some(token) = token else {
        return Err((400, "TokenNotFound", format!("The sync token {} does not exist.", sync["tokenId"])));
    };
    if edge
        .connected
        .values()
        .any(|other| same(&other["properties"]["parent"]["syncProperties"]["tokenId"], &sync["tokenId"]))
    {
        return Err((
            409,
            "TokenInUse",
            format!("The token {} synchronises another connected registry.", sync["tokenId"]),
        ));
    }
    let mut gateway = vec![(own_name.to_owned(), token)];
    let mut parent = given["parent"]["id"].clone();
    let mut endpoint = format!("{}.{}.data.azurecr.io", azure.name, azure.location);
    if !parent.is_null() {
        let Some(above) = edge.behind(azure, Kind::Connected, &parent) else {
            return Err((400, "ParentNotFound", format!("The parent {parent} does not exist.")));
        };
        if mode == "ReadWrite" && above["properties"]["mode"] == "ReadOnly" {
            return Err(invalid("A ReadOnly parent has ReadOnly children only."));
        }
        endpoint = above["properties"]["loginServer"].as_str().unwrap_or_default().to_owned();
    }
    let parent_id = parent.clone();
    while let Some(above) = edge.behind(azure, Kind::Connected, &parent) {
        if let Some(token) =
            edge.behind(azure, Kind::Token, &above["properties"]["parent"]["syncProperties"]["tokenId"])
        {
            gateway.push((above["name"].as_str().unwrap_or_default().to_owned(), token));
        }
        parent = above["properties"]["parent"]["id"].clone();
    }
    let wanted = GATEWAY_ACTIONS.map(|action| format!("gateway/{}{action}", own_name.to_ascii_lowercase()));
    for (holder, token) in gateway {
        let map = edge.behind(azure, Kind::ScopeMap, &token["properties"]["scopeMapId"]).unwrap_or_default();
        let has =
            |action: &String| map["properties"]["actions"].as_array().is_some_and(|all| all.contains(&json!(action)));
        if let Some(missing) = wanted.iter().find(|action| !has(action)) {
            let text = format!("The sync scope map of '{holder}' lacks the action '{missing}'.");
            return Err((400, "ScopeMapActionMissing", text));
        }
    }
    Ok(json!({
        "mode": mode, "version": "0.12.0", "connectionState": "Offline", "activation": {"status": "Inactive"},
        "loginServer": "", "lastActivityTime": "0001-01-01T00:00:00+00:00",
        "parent": {"id": parent_id, "syncProperties": {
            "tokenId": sync["tokenId"], "schedule": "* * * * *", "messageTtl": "P2D", "gatewayEndpoint": endpoint,
        }},
        "clientTokenIds": [], "logging": {"logLevel": "Information", "auditLogStatus": "Disabled"},
        "statusDetails": [], "notificationsList": [], "garbageCollection": {"enabled": true, "schedule": "0 0 * * *"},
    }))
}

fn is_cron(text: &str) -> bool {
    let fields: Vec<_> = text.split_ascii_whitespace().collect();
    let is_field = |(field, most): (&&str, u32)| {
        field.split(',').all(|item| {
            let (range, step) = item.split_once('/').unwrap_or((item, "1"));
            let is_number = |number: &str| number.parse::<u32>().is_ok_and(|number| number <= most);
            is_number(step) && (range == "*" || range.split('-').all(is_number))
        })
    };
    fields.len() == 5 && fields.iter().zip([59, 23, 31, 12, 7]).all(is_field)
}

fn seconds(text: &str) -> Option<u64> {
    let (mut total, mut number, mut in_time, mut units) = (0, String::new(), false, 0);
    for c in text.strip_prefix('P')?.chars() {
        let unit = match (c, in_time) {
            ('0'..='9', _) => {
                number.push(c);
                continue;
            }
            ('T', false) => {
                in_time = true;
                continue;
            }
            ('W', false) => 604_800,
            ('D', false) => 86_400,
            ('H', true) => 3_600,
            ('M', true) => 60,
            ('S', true) => 1,
            _ => return None,
        };
        total += number.parse::<u64>().ok()? * unit;
        number.clear();
        units += 1;
    }
    (units > 0 && number.is_empty()).then_some(total)
}

//! Doing: work becomes requests. What others may write at the same time is read, changed, written, and read again: the
//! service replaces lists whole and knows no version of them.

use super::{
    Actions, Change, Detachment, Edit, Instance, New, NewToken, Removal, ScopeMap, Token, Work,
    actions::MOST_ACTIONS,
    ask::{self, Right},
    found::{last, same},
};
use crate::{
    azure::{Arm, ArmError},
    problem::{Problem, Side},
};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How often a list is written before somebody else's writing is called a quarrel.
const WRITES: u32 = 5;
/// How long the second attempt waits; later ones wait longer.
const PAUSE: Duration = Duration::from_millis(200);

fn failed(error: ArmError) -> Problem {
    ask::problem(&error, Right::Write)
}

impl Work {
    /// Does it, and reads again what was written.
    ///
    /// # Errors
    /// What went wrong; doing it again is safe.
    pub async fn apply(&self, arm: &Arm) -> Result<(), Problem> {
        match self {
            Self::Nothing => Ok(()),
            Self::Extend(it) | Self::Shrink(it) => edit(arm, it).await,
            Self::Token(new) => token(arm, new).await,
            Self::Create(new) => create(arm, new).await,
            Self::Update(change) => update(arm, change).await,
            Self::Delete(removal) => delete(arm, removal).await,
            Self::Detach(it) => detach(arm, it).await,
        }
    }
}

fn gone(id: &str) -> Problem {
    Problem::new(Side::Azure, format!("`{}` is not there any more", last(id))).hint("Plan again.")
}

fn quarrel(id: &str) -> Problem {
    Problem::new(
        Side::Azure,
        format!("`{}` was written {WRITES} times, and somebody else undid it each time", last(id)),
    )
    .hint("Find out who else keeps it, then run again.")
}

/// Changes a scope map until a fresh reading shows it changed. What others have added meanwhile is kept by every writing.
async fn edit(arm: &Arm, edit: &Edit) -> Result<(), Problem> {
    for attempt in 0..=WRITES {
        if attempt > 1 {
            tokio::time::sleep(PAUSE * (attempt - 1)).await;
        }
        let map = arm.resource(&edit.map).await.map_err(failed)?.ok_or_else(|| gone(&edit.map))?;
        let now = ScopeMap::read(&map).actions;
        let goal: Actions = now.union(&edit.add).filter(|action| !edit.remove.contains(*action)).cloned().collect();
        if goal == now {
            return Ok(());
        }
        if goal.len() > MOST_ACTIONS {
            let what =
                format!("`{}` would have {} permissions by now, at most {MOST_ACTIONS}", last(&edit.map), goal.len());
            return Err(Problem::new(Side::Target, what).hint("Somebody has added to it: plan again."));
        }
        if attempt < WRITES {
            arm.patch(&edit.map, &json!({"properties": {"actions": goal}})).await.map_err(failed)?;
        }
    }
    Err(quarrel(&edit.map))
}

/// Makes a token with its scope map. What an earlier attempt has made already is completed.
async fn token(arm: &Arm, new: &NewToken) -> Result<(), Problem> {
    if arm.resource(&new.map).await.map_err(failed)?.is_none() {
        let body = json!({"properties": {"description": new.description, "actions": new.actions}});
        arm.put(&new.map, &body).await.map_err(failed)?;
    }
    edit(arm, &Edit::adding(&new.map, new.actions.clone())).await?;
    if arm.resource(&new.token).await.map_err(failed)?.is_none() {
        let body = json!({"properties": {"scopeMapId": new.map, "status": "enabled"}});
        arm.put(&new.token, &body).await.map_err(failed)?;
    }
    let token = arm.resource(&new.token).await.map_err(failed)?.ok_or_else(|| gone(&new.token))?;
    if same(&Token::read(&token).map, &new.map) {
        return Ok(());
    }
    let what = format!("the token `{}` was made by somebody else meanwhile, with another scope map", last(&new.token));
    Err(Problem::new(Side::Target, what).hint("Plan again."))
}

async fn create(arm: &Arm, new: &New) -> Result<(), Problem> {
    if arm.resource(&new.id).await.map_err(failed)?.is_some() {
        let what = format!("`{}` was made by somebody else meanwhile", last(&new.id));
        return Err(Problem::new(Side::Target, what).hint("Plan again."));
    }
    token(arm, &new.sync).await?;
    arm.put(&new.id, &json!({"properties": without_nulls(&new.properties)})).await.map_err(failed)?;
    let there = arm.resource(&new.id).await.map_err(failed)?.ok_or_else(|| gone(&new.id))?;
    match there["properties"]["provisioningState"].as_str() {
        None | Some("Succeeded") => Ok(()),
        Some(state) => Err(Problem::new(Side::Azure, format!("`{}` is {state}", last(&new.id))).hint("Run again.")),
    }
}

/// The service takes an absent field for its default, and null for a mistake.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}

async fn update(arm: &Arm, change: &Change) -> Result<(), Problem> {
    rewrite(arm, &change.id, |now, value| {
        let mut body = Map::new();
        let there = &value["properties"]["parent"]["syncProperties"];
        let sync = change.sync.iter().filter(|(field, meant)| there[field] != meant.as_str());
        let sync: Map<_, _> = sync.map(|(field, meant)| ((*field).to_owned(), json!(meant))).collect();
        if !sync.is_empty() {
            body.insert("syncProperties".to_owned(), Value::Object(sync));
        }
        if let Some(level) = change.log_level.filter(|level| now.log_level.as_deref() != Some(level)) {
            body.insert("logging".to_owned(), json!({"logLevel": level}));
        }
        let clients: Vec<_> = change.clients.iter().filter(|id| !has(&now.clients, id)).collect();
        if !clients.is_empty() {
            body.insert("clientTokenIds".to_owned(), json!(now.clients.iter().chain(clients).collect::<Vec<_>>()));
        }
        let new: Vec<_> = change.notifications.iter().filter(|text| !now.notifications.contains(text)).collect();
        if !new.is_empty() {
            body.insert("notificationsList".to_owned(), json!(now.notifications.iter().chain(new).collect::<Vec<_>>()));
        }
        body
    })
    .await
}

async fn detach(arm: &Arm, it: &Detachment) -> Result<(), Problem> {
    rewrite(arm, &it.id, |now, _| {
        let mut body = Map::new();
        let clients: Vec<_> = now.clients.iter().filter(|id| !has(&it.clients, id)).collect();
        if clients.len() < now.clients.len() {
            body.insert("clientTokenIds".to_owned(), json!(clients));
        }
        let kept: Vec<_> = now.notifications.iter().filter(|text| !it.notifications.contains(text)).collect();
        if kept.len() < now.notifications.len() {
            body.insert("notificationsList".to_owned(), json!(kept));
        }
        body
    })
    .await?;
    for id in &it.with {
        arm.remove(id).await.map_err(failed)?;
    }
    Ok(())
}

fn has(ids: &[String], id: &str) -> bool {
    ids.iter().any(|other| same(other, id))
}

/// Changes a connected registry until a fresh reading asks for no change any more.
async fn rewrite(
    arm: &Arm,
    id: &str,
    differs: impl Fn(&Instance, &Value) -> Map<String, Value>,
) -> Result<(), Problem> {
    for attempt in 0..=WRITES {
        if attempt > 1 {
            tokio::time::sleep(PAUSE * (attempt - 1)).await;
        }
        let value = arm.resource(id).await.map_err(failed)?.ok_or_else(|| gone(id))?;
        let body = differs(&Instance::read(&value), &value);
        if body.is_empty() {
            return Ok(());
        }
        if attempt < WRITES {
            arm.patch(id, &json!({"properties": body})).await.map_err(failed)?;
        }
    }
    Err(quarrel(id))
}

async fn delete(arm: &Arm, removal: &Removal) -> Result<(), Problem> {
    arm.remove(&removal.id).await.map_err(failed)?;
    for above in &removal.above {
        match edit(arm, above).await {
            // Its parent may have been deleted with it.
            Err(_) if arm.resource(&above.map).await.map_err(failed)?.is_none() => {}
            other => other?,
        }
    }
    for id in &removal.with {
        arm.remove(id).await.map_err(failed)?;
    }
    Ok(())
}

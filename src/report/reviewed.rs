//! Reviewed: what the readers of a plan were shown, read from its machine form.

use crate::{
    plan::{Mark, Reviewed, Shard},
    reference::Digest,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Document {
    schema: String,
    #[serde(default)]
    shard: Option<String>,
    lines: Vec<Line>,
    #[serde(default)]
    registries: Vec<Registry>,
}

#[derive(Deserialize)]
struct Line {
    destination: String,
    action: String,
    digest: Option<Digest>,
}

#[derive(Deserialize)]
struct Registry {
    upkeep: Vec<Chore>,
}

#[derive(Deserialize)]
struct Chore {
    state: String,
    mark: Option<String>,
}

/// Reads what a plan file shows, for the run of a shard. The plan of the whole list is one for each of its shards.
///
/// # Errors
/// A fragment that says why it is none.
pub fn reviewed(text: &[u8], shard: Option<Shard>) -> Result<Reviewed, String> {
    let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if document.schema != "acr-sync.plan/1" {
        return Err(format!("its schema is {:?} and not \"acr-sync.plan/1\"", document.schema));
    }
    if let Some(theirs) = document.shard.filter(|theirs| shard.is_none_or(|ours| ours.to_string() != *theirs)) {
        let ours = shard.map_or_else(|| "the whole list".to_owned(), |ours| format!("shard {ours}"));
        return Err(format!("it is the plan of shard {theirs:?}, and this is a run of {ours}"));
    }
    let lines = document.lines.into_iter().filter(|line| line.action != "block");
    let digests = lines.filter_map(|line| Some((line.destination, line.digest?)));
    let chores = document.registries.into_iter().flat_map(|registry| registry.upkeep);
    let marks = chores.filter(|chore| chore.state == "due").filter_map(|chore| chore.mark);
    let marks = marks.map(|mark| mark.parse::<Mark>().map_err(|_| format!("`{mark}` is no mark of a removal")));
    Ok(Reviewed::of(digests).with_removals(marks.collect::<Result<Vec<_>, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::super::{json::plan_json, sample::Sample};
    use super::*;
    use crate::upkeep::{Outcome, State};

    #[test]
    fn a_plan_file_tells_what_its_readers_were_shown() {
        let sample = || {
            // A repository that begins like a host has the registry's before it, which is no part of its name.
            let nginx = "nginx:1 => contoso.azurecr.io/docker.io/library/nginx";
            let lines = Sample::new().import("a:1 => a").import(nginx).locked("b:1 => b");
            lines.untag("c:1", State::Due, Outcome::Done).untag("d:1", State::Unreviewed, Outcome::Unreviewed)
        };
        let report = sample().planned();
        let read = reviewed(plan_json(&report).as_bytes(), None).unwrap();
        assert_eq!(Some(&read), report.shown().as_ref());
        assert_eq!((read.iter().count(), read.removals().count()), (2, 1));
    }

    #[test]
    fn the_plan_of_another_shard_is_refused_and_that_of_the_whole_list_is_not() {
        let shard = |text: &str| text.parse::<Shard>().ok();
        let plan = |of: &str| {
            let mut report = Sample::new().import("a:1 => a").planned();
            report.shard = shard(of);
            plan_json(&report)
        };
        for (then, now, is_taken) in
            [("", "2/3", true), ("2/3", "2/3", true), ("1/3", "2/3", false), ("2/4", "2/3", false), ("2/3", "", false)]
        {
            let read = reviewed(plan(then).as_bytes(), shard(now));
            assert_eq!(read.is_ok(), is_taken, "{then} {now}: {read:?}");
        }
        let why = reviewed(plan("1/3").as_bytes(), shard("2/3")).unwrap_err();
        assert!(why.contains("\"1/3\"") && why.contains("shard 2/3"), "{why}");
    }

    #[test]
    fn another_document_is_refused() {
        for text in ["", "{}", r#"{"schema":"acr-sync.result/1","lines":[]}"#] {
            assert!(reviewed(text.as_bytes(), None).is_err(), "{text}");
        }
    }
}

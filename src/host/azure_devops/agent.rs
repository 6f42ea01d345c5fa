//! Agent: the logging commands by which a step talks to it (docs, "Logging commands"; `Command.cs`).

use crate::{
    inputs::Env,
    report::{
        annotations::{self, Annotation, at_most},
        escape::{agent_data, agent_property, log_line},
        log::Level,
    },
};
use std::{fs, path::Path};

/// Returns a remark on the whole step; the agent has none below a warning.
pub(super) fn remark(level: Level, what: &str) -> String {
    match level {
        Level::Info => log_line(what),
        Level::Warn => issue("warning", "", what),
        Level::Error => issue("error", "", what),
    }
}

/// Returns the command that hides a secret; its characters stay as they are, or it would hide others.
pub(super) fn mask(secret: &str) -> String {
    let secret = secret.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A");
    format!("##vso[task.setsecret]{secret}")
}

/// Returns the command that sets an output of the step.
pub(super) fn output(name: &str, value: &str) -> String {
    format!("##vso[task.setvariable variable={};isOutput=true]{}", agent_property(name), agent_data(value))
}

/// Returns the commands for lines of the list, at most nine of a level and one that counts the rest: the agent keeps ten
/// (`ExecutionContext.cs`). It knows no remarks below a warning.
pub(super) fn issues(annotations: &[Annotation]) -> Vec<String> {
    let of_level = |level, word| {
        let (shown, more) = at_most(annotations, level);
        let lines = shown.into_iter().map(move |annotation| of_line(word, annotation));
        lines.chain(more.map(move |more| issue(word, "", &format!("and {more} more, see the summary"))))
    };
    of_level(annotations::Level::Failure, "error").chain(of_level(annotations::Level::Warning, "warning")).collect()
}

/// With a path the agent writes `path(line,column): word code: message`, so that all of it is given.
fn of_line(word: &str, annotation: &Annotation) -> String {
    let place = format!(
        "sourcepath={};linenumber={};columnnumber={};code=acr-sync;",
        agent_property(annotation.file.strip_prefix("./").unwrap_or(&annotation.file)),
        annotation.line,
        annotation.column.unwrap_or(1),
    );
    issue(word, &place, &format!("{}: {}", annotation.title, annotation.message))
}

fn issue(word: &str, place: &str, message: &str) -> String {
    format!("##vso[task.logissue type={word};{place}]{}", agent_data(message))
}

/// Writes the summary where the agent will find it and returns the command that says so. The upload comes later, so the
/// file stays and has a folder of its own; its name is the heading.
pub(super) fn summary(env: &Env, text: &str) -> Result<String, String> {
    let unwritten = |why: String| format!("the summary was not written: {why}");
    let folder =
        env.get("AGENT_TEMPDIRECTORY").ok_or_else(|| unwritten("AGENT_TEMPDIRECTORY is not set".to_owned()))?;
    let folder = Path::new(folder).join(format!("acr-sync-{}", uuid::Uuid::new_v4().simple()));
    let path = folder.join("acr-sync.md");
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, text));
    written.map_err(|error| unwritten(error.to_string()))?;
    Ok(format!("##vso[task.uploadsummary]{}", agent_data(&path.display().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_as_the_agent_wants_it() {
        let annotation = Annotation {
            level: annotations::Level::Failure,
            file: "./a;b].txt".to_owned(),
            line: 3,
            column: Some(7),
            end_column: None,
            title: "blocked".to_owned(),
            message: "100 % ##vso[task.complete]\nsecond".to_owned(),
        };
        assert_eq!(
            issues(&[annotation]),
            [concat!(
                "##vso[task.logissue type=error;sourcepath=a%3Bb%5D.txt;linenumber=3;columnnumber=7;code=acr-sync;]",
                "blocked: 100 %AZP25 # #vso[task.complete]%0Asecond"
            )]
        );
    }
}

//! Standing: the tasks of `acr-sync.yaml`, each looked at when its entry changes, and all when all that the file states is
//! meant.

use super::{Asked, Chore, Clients, Finding, Gravity, Section, Task, Upkeep};
use crate::{
    problem::{Problem, Side},
    standing::{self, Site},
};

/// Plans what becomes of tasks. One that is stated nowhere is nobody's business here.
pub(super) async fn plan(asked: &Asked<'_>, clients: &Clients, upkeep: &mut Upkeep) {
    let meant = &asked.settings.tasks;
    let before = asked.before.map(|before| &before.tasks);
    for gone in before.into_iter().flatten().filter(|gone| meant.iter().all(|it| it.name != gone.name)) {
        let problem = Problem::new(Side::Settings, "its entry is gone; the task itself stays, and goes on")
            .hint(format!("Delete it by `az acr task delete --name {}`.", gone.name));
        upkeep.findings.push(found(&gone.name, Gravity::Warning, problem));
    }
    let is_other = |task: &&standing::Standing| before.is_none_or(|before| !before.contains(task));
    let tasks: Vec<_> = meant.iter().filter(is_other).collect();
    if tasks.is_empty() {
        return;
    }
    let section = Section::Tasks.to_string();
    let Some(azure) = &clients.azure else {
        let none = || {
            Problem::new(Side::Settings, format!("`{}` is no Azure Container Registry, and has none", clients.registry))
                .hint("Take `tasks` out of acr-sync.yaml.")
        };
        // Who could not sign in, such as a fork, asks nobody.
        let problem = clients.door.clone().err().unwrap_or_else(none);
        return upkeep.findings.push(found(&section, Gravity::Unchecked, problem));
    };
    let mut site = match Site::ask(&azure.arm, &azure.target.id).await {
        Ok(site) => site,
        // Nothing would be done after the merge either, and nobody would hear of it.
        Err(problem) => return upkeep.findings.push(found(&section, Gravity::Bad, problem)),
    };
    for task in tasks {
        match standing::ask(&azure.arm, &mut site, task).await {
            Ok(facts) => upkeep.chores.extend(
                standing::decide(task, &facts, &clients.secrets)
                    .map(|wish| Chore::of(Section::Tasks, wish, Task::Standing)),
            ),
            Err(problem) => upkeep.findings.push(found(&task.name, Gravity::Bad, problem)),
        }
    }
}

fn found(subject: &str, gravity: Gravity, problem: Problem) -> Finding {
    Finding { section: Section::Tasks, subject: subject.to_owned(), gravity, problem }
}

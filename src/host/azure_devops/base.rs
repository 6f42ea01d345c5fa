//! Base: which commit the list is compared with, and why that one (design §4).

use super::{
    AzureDevOps, BUILDS, Subject,
    api::{Api, Listing, READ},
    event::Provider,
    history,
};
use crate::{
    host::texts::{Chosen, Texts, unread},
    inputs::{Inputs, Scope},
    problem::Problem,
    report::Base,
};
use serde::Deserialize;

/// A push to a pull request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Iteration {
    pub id: u64,
    source_ref_commit: Option<Commit>,
    common_ref_commit: Option<Commit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    commit_id: String,
}

/// Returns the pushes to a pull request, the latest last.
pub(super) async fn iterations(api: &Api, number: u64) -> Result<Vec<Iteration>, crate::host::refusal::ApiError> {
    let all: Listing<Iteration> = api.get_git(&format!("/pullRequests/{number}/iterations")).await?;
    Ok(all.value)
}

impl AzureDevOps {
    pub(super) async fn base(&mut self, inputs: &Inputs, texts: &Texts<'_, Api>) -> Result<Chosen, Problem> {
        if inputs.scope == Some(Scope::All) {
            return Ok((None, Base::None));
        }
        if let Some(revision) = &inputs.base {
            return texts.base(revision, "named by the input `base`").await;
        }
        let (head, branch) = match &self.event.subject {
            Subject::PullRequest { head } => (head.clone(), None),
            Subject::Push(branch) => (None, Some(branch.clone())),
            Subject::Whole | Subject::Unknown(_) | Subject::Nothing(_) => return Ok((None, Base::None)),
        };
        match branch {
            Some(branch) => Ok(self.before_push(texts, &branch).await),
            None => match (self.before_merge(texts, head.as_deref()).await, Provider::of(&self.env)) {
                // The job's token opens no repository outside: only what is checked out can be read.
                (Err(problem), Provider::Other) => {
                    self.warnings.push(format!(
                        "the list before this pull request is out of reach, so the whole list is planned: {}; let the \
                         step `checkout: self` have `fetchDepth: 2`",
                        problem.what
                    ));
                    Ok((None, Base::None))
                }
                (chosen, _) => chosen,
            },
        }
    }

    /// The trial merge names what it goes onto and what it brings; where it is another merge, the last push to the pull
    /// request names where both sides part.
    async fn before_merge(&self, texts: &Texts<'_, Api>, head: Option<&str>) -> Result<Chosen, Problem> {
        let parents = texts.parents(self.env.get("BUILD_SOURCEVERSION")).await;
        let why = match &parents {
            Ok(parents) => match parents.as_slice() {
                [onto, brought] if head.is_none_or(|head| head == brought) => {
                    return texts.base(onto, "first parent of the merge commit").await;
                }
                [_, brought] => format!("the merge commit brings `{brought}` and not the pull request's head"),
                _ => "the commit that is built is no merge of the pull request".to_owned(),
            },
            Err(problem) => problem.what.clone(),
        };
        let (Some(number), Ok(api)) = (self.event.number, &self.repository) else {
            return Err(parents.err().unwrap_or_else(|| unread::<Api>("the base", &why)));
        };
        let pushes = iterations(api, number).await;
        let pushes = pushes.map_err(|error| {
            unread::<Api>("the base", &format!("{why}; {}", error.told("the pull request was not read", READ)))
        })?;
        let is_ours = |push: &&Iteration| {
            push.source_ref_commit.as_ref().is_some_and(|commit| head.is_none_or(|head| commit.commit_id == head))
        };
        let push = pushes.iter().rev().find(is_ours).or(pushes.last());
        match push.and_then(|push| push.common_ref_commit.as_ref()) {
            Some(common) => {
                let because = format!("where the pull request left its target; {why}");
                texts.base(&common.commit_id, &because).await
            }
            None => Err(unread::<Api>("the base", &why)),
        }
    }

    /// Lines of a build that failed or was cancelled are in no later push: the last one that succeeded is the base.
    async fn before_push(&mut self, texts: &Texts<'_, Api>, branch: &str) -> Chosen {
        let found = match &self.service {
            Ok(api) => history::last_success(api, &self.env, branch)
                .await
                .map_err(|error| error.told("the last successful build is not known", BUILDS)),
            Err(why) => Err(format!("the last successful build is not known: {why}")),
        };
        let because = "the last successful build of this pipeline for a push to the branch";
        match found {
            Ok(Some(build)) => {
                let chosen = texts.base(&build.commit, because).await;
                self.last = Some(build);
                match chosen {
                    Ok(chosen) => return chosen,
                    Err(problem) => self.notes.push(format!(
                        "the list of the last successful build is out of reach, so the whole list is applied: {}",
                        problem.what
                    )),
                }
            }
            Ok(None) => self.notes.push(
                "no earlier successful build of this pipeline for a push to the branch is known, so that the whole list is \
                 applied; tags of lines that are gone stay"
                    .to_owned(),
            ),
            Err(why) => self.warnings.push(format!("{why}; the whole list is applied")),
        }
        (None, Base::None)
    }
}

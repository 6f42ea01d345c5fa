//! Base: which commit the list is compared with, and why that one (design §4).

use super::{
    GitHub, Subject,
    api::Api,
    history::{self, Earlier},
    refusal::needs,
};
use crate::{
    host::texts::{self, Chosen, Texts, unread},
    inputs::{Inputs, Scope},
    problem::Problem,
    report::Base,
};

impl GitHub {
    pub(super) async fn base(&mut self, inputs: &Inputs, texts: &Texts<'_, Api>) -> Result<Chosen, Problem> {
        if inputs.scope == Some(Scope::All) {
            return Ok((None, Base::None));
        }
        if let Some(revision) = &inputs.base {
            return texts.base(revision, "named by the input `base`").await;
        }
        match &self.event.subject {
            Subject::PullRequest { stale_base } => {
                // What the host merges onto; the payload's own base may be that of long ago.
                let chosen = match texts.parents(self.env.get("GITHUB_SHA")).await {
                    Ok(parents) => match parents.first() {
                        Some(parent) => texts.base(parent, "first parent of the merge commit").await,
                        None => return Ok((Some(Vec::new()), Base::None)),
                    },
                    Err(problem) => Err(problem),
                };
                match (chosen, stale_base) {
                    (Err(problem), Some(base)) => {
                        let because = format!("the base when the pull request was opened; {}", problem.what);
                        // What is wrong with the merge commit is what should be mended.
                        texts.base(base, &because).await.map_err(|_| problem)
                    }
                    (chosen, _) => chosen,
                }
            }
            Subject::Foreign { base, .. } => {
                let tip = self.tip(base).await?;
                Ok(texts::chosen(texts.remote(&tip).await?, &tip, &format!("tip of `{base}`"), texts.file))
            }
            Subject::MergeGroup { base: Some(base) } => texts.base(base, "what the merge queue merges onto").await,
            Subject::Push { branch, before } => {
                let (branch, before) = (branch.clone(), before.clone());
                Ok(self.before_push(texts, &branch, before.as_deref()).await)
            }
            Subject::MergeGroup { base: None } | Subject::Whole | Subject::Unknown(_) | Subject::Nothing(_) => {
                Ok((None, Base::None))
            }
        }
    }

    /// Lines of a run that failed or was cancelled are in no later push: the last run that succeeded is the base.
    /// Where that is not known, the whole list is meant, for the branch before this push may hold lines that nobody
    /// applied; of it count the lines that are gone.
    async fn before_push(&mut self, texts: &Texts<'_, Api>, branch: &str, before: Option<&str>) -> Chosen {
        let found = match texts.api {
            Ok(api) => history::earlier(api, &self.env, branch)
                .await
                .map_err(|error| error.told("the last successful run is not known", &needs("actions: read"))),
            Err(why) => Err(format!("the last successful run is not known: {why}")),
        };
        match found {
            Ok(Earlier::Success(run)) => {
                let because = "the last successful run of this workflow for a push to the branch";
                match texts.base(&run, because).await {
                    Ok(chosen) => return chosen,
                    Err(problem) => self.notes.push(format!(
                        "the list of the last successful run is out of reach, so that the whole list is meant: {}",
                        problem.what
                    )),
                }
            }
            Ok(Earlier::None) => {
                let because = "the branch before this push; no earlier run of this workflow on it is known";
                // A commit that is gone (forced push) narrows nothing.
                if let Some(before) = before
                    && let Ok(chosen) = texts.base(before, because).await
                {
                    return chosen;
                }
            }
            Ok(Earlier::Failure(first)) => {
                self.notes.push(
                    "no earlier run of this workflow for a push to the branch has succeeded, so that the whole list is \
                     meant"
                        .to_owned(),
                );
                self.first = first;
            }
            Err(why) => self.warnings.push(format!("{why}; the whole list is meant")),
        }
        if let Some(before) = before {
            self.former = texts.at(before).await.ok().flatten();
        }
        (None, Base::None)
    }

    /// Returns the commit at the tip of a branch.
    async fn tip(&self, branch: &str) -> Result<String, Problem> {
        let api = self.api.as_ref().map_err(|why| unread::<Api>(branch, why))?;
        let found = api.commit(&format!("heads/{branch}")).await.map(|commit| commit.sha);
        found.map_err(|error| unread::<Api>(branch, &error.told("the branch was not read", &needs("contents: read"))))
    }
}

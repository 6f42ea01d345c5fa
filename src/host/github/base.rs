//! Base: which commit the list is compared with, and why that one (design §4).

use super::{GitHub, Subject, Texts, history};
use crate::{
    inputs::{Inputs, Scope},
    problem::Problem,
    report::Base,
};

/// The list that is compared with, none for the whole list; and what the report says of it.
type Chosen = (Option<Vec<u8>>, Base);

impl GitHub {
    pub(super) async fn base(&self, inputs: &Inputs, texts: &Texts<'_>) -> Result<Chosen, Problem> {
        if inputs.scope == Some(Scope::All) {
            return Ok((None, Base::None));
        }
        if let Some(revision) = &inputs.base {
            return at(texts, revision, "named by the input `base`").await;
        }
        match &self.event.subject {
            Subject::PullRequest { stale_base } => {
                // What the host merges onto; the payload's own base may be that of long ago.
                match (texts.parent(self.env.get("GITHUB_SHA")).await, stale_base) {
                    (Ok(Some(parent)), _) => at(texts, &parent, "first parent of the merge commit").await,
                    (Ok(None), _) => Ok((Some(Vec::new()), Base::None)),
                    (Err(problem), Some(base)) => {
                        let because = format!("the base when the pull request was opened; {}", problem.what);
                        // What is wrong with the merge commit is what should be mended.
                        at(texts, base, &because).await.map_err(|_| problem)
                    }
                    (Err(problem), None) => Err(problem),
                }
            }
            Subject::Foreign { base, .. } => {
                let tip = texts.tip(base).await?;
                let text = texts.remote(&tip).await?.unwrap_or_default();
                Ok((Some(text), commit(&tip, &format!("tip of `{base}`"))))
            }
            Subject::MergeGroup { base: Some(base) } => at(texts, base, "what the merge queue merges onto").await,
            Subject::Push { branch, before } => Ok(self.before_push(texts, branch, before.as_deref()).await),
            Subject::MergeGroup { base: None } | Subject::Whole | Subject::Unknown(_) | Subject::Nothing(_) => {
                Ok((None, Base::None))
            }
        }
    }

    /// Lines of a run that failed or was cancelled are in no later push: the last run that succeeded is the base.
    async fn before_push(&self, texts: &Texts<'_>, branch: &str, before: Option<&str>) -> Chosen {
        let found = match &self.api {
            Ok(api) => history::last_success(api, &self.env, branch)
                .await
                .map_err(|error| error.told("the last successful run is not known", "actions: read")),
            Err(why) => Err(format!("the last successful run is not known: {why}")),
        };
        let why = match found {
            Ok(Some(run)) => match at(texts, &run, "the last successful run of this workflow on the branch").await {
                Ok(chosen) => return chosen,
                Err(problem) => format!("the list of the last successful run is out of reach: {}", problem.what),
            },
            Ok(None) => "no earlier run of this workflow succeeded on it".to_owned(),
            Err(why) => why,
        };
        match before {
            // A commit that is gone (forced push) narrows nothing: the whole list is meant.
            Some(before) => {
                at(texts, before, &format!("the branch before this push; {why}")).await.unwrap_or((None, Base::None))
            }
            None => (None, Base::None),
        }
    }
}

async fn at(texts: &Texts<'_>, id: &str, because: &str) -> Result<Chosen, Problem> {
    let text = texts.at(id).await?;
    Ok((Some(text.unwrap_or_default()), commit(id, because)))
}

fn commit(id: &str, because: &str) -> Base {
    Base::Commit { id: id.to_owned(), because: because.to_owned() }
}

//! The corridor: from the two versions of the list to the report.
//!
//! Has no opinion of its own: it leads values from one room to the next.

mod doctor;
mod session;

use crate::{
    azure::RegistryName,
    change::{self, Changes},
    images::{self, ImageList, Parsed},
    import::{self, Event, Outcome},
    inputs::{Inputs, Mode},
    plan::{self, Plan, Reviewed},
    policy,
    problem::{Problem, Side},
    reference::Registry,
    report::{Base, Body, Report},
    settings,
};
pub use doctor::{Examination, examine};
use session::Session;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// What a run is about: the mode, and the two versions of the list.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// Whether the registry is to be changed.
    pub mode: Mode,
    /// The list's name, as it is shown.
    pub file: String,
    /// The list as it is meant to be.
    pub head: Vec<u8>,
    /// The list that it is compared with; none for the whole list.
    pub base: Option<Vec<u8>>,
    /// Which that is, and why.
    pub base_name: Base,
    /// What the reviewers of the change were shown, where that is known.
    pub reviewed: Option<Reviewed>,
    /// The text of `acr-sync.yaml`; empty where there is none.
    pub settings: Vec<u8>,
}

/// Walks one run. What goes wrong is in the report; there is always one.
///
/// `watch` follows the events while the plan is applied. When `stop` turns true, nothing new begins and the report
/// tells what still runs.
pub async fn walk(
    inputs: &Inputs,
    occasion: &Occasion,
    watch: impl AsyncFnOnce(&Plan, mpsc::UnboundedReceiver<Event>),
    stop: &watch::Receiver<bool>,
) -> Report {
    let began = Instant::now();
    let report = corridor(inputs, occasion, watch, stop).await;
    Report { took: Some(began.elapsed()), ..report }
}

async fn corridor(
    inputs: &Inputs,
    occasion: &Occasion,
    watch: impl AsyncFnOnce(&Plan, mpsc::UnboundedReceiver<Event>),
    stop: &watch::Receiver<bool>,
) -> Report {
    let known = known(inputs);
    let mut lists = Lists::read(occasion, known.as_ref());
    if !lists.changes().has_work() {
        // No line to act on: nobody is asked anything.
        let plan = lists.nothing();
        return lists.report(occasion, known, finished(occasion.mode, plan));
    }
    let mut stopped = stop.clone();
    let planned = tokio::select! {
        biased;
        () = import::stopped(&mut stopped) => Err(cancelled()),
        planned = survey(inputs, occasion, &mut lists) => planned,
    };
    let (session, plan) = match planned {
        Ok(planned) => planned,
        Err(problem) => return lists.report(occasion, known, Body::Stopped(problem)),
    };
    let target = Some(session.name().clone());
    let body = match occasion.mode {
        Mode::Plan => Body::Planned(plan),
        Mode::Apply => {
            let outcomes = apply(&session, &plan, &lists, watch, stop).await;
            Body::Applied(plan, outcomes)
        }
    };
    lists.report(occasion, target, body)
}

/// Signs in, finds the registry and asks for the facts.
async fn survey(inputs: &Inputs, occasion: &Occasion, lists: &mut Lists) -> Result<(Session, Plan), Problem> {
    let settings = settings::parse(&occasion.settings).map_err(|error| error.problem())?;
    let session = Session::open(inputs, occasion.mode, &lists.head.list.one_each()).await?;
    if let Some(registry) = session.login_server() {
        // Only now is it known which host a destination may name.
        *lists = Lists::read(occasion, Some(registry));
    }
    let mut plan = session.plan(&lists.changes(), lists.base.is_some()).await;
    policy::object(&mut plan, &settings.policy);
    if occasion.mode == Mode::Apply {
        plan::compare(&mut plan, occasion.reviewed.as_ref(), inputs.unreviewed);
    }
    Ok((session, plan))
}

async fn apply(
    session: &Session,
    plan: &Plan,
    lists: &Lists,
    watch: impl AsyncFnOnce(&Plan, mpsc::UnboundedReceiver<Event>),
    stop: &watch::Receiver<bool>,
) -> Vec<Outcome> {
    let importers = match session.importers() {
        Some(importers) if lists.head.error_count() == 0 => importers,
        // A list that cannot be read whole may lack what its author meant: nothing is written.
        _ => return vec![Outcome::Withheld; plan.steps.len()],
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let work = async {
        let outcomes = import::apply(plan, importers, &sender, stop).await;
        drop(sender);
        outcomes
    };
    let (outcomes, ()) = tokio::join!(work, watch(plan, receiver));
    outcomes
}

/// Returns whether no line of a list is new or different: such a run ends without asking anybody anything.
pub fn is_unchanged(inputs: &Inputs, head: &[u8], base: &[u8]) -> bool {
    head == base || !Lists::of(head, Some(base), known(inputs).as_ref()).changes().has_work()
}

/// Returns the target's host where it is known without asking.
fn known(inputs: &Inputs) -> Option<Registry> {
    match &inputs.registry {
        Some(RegistryName::LoginServer(registry)) => Some(registry.clone()),
        Some(RegistryName::Name(_) | RegistryName::Id(_)) | None => None,
    }
}

struct Lists {
    head: Parsed,
    base: Option<ImageList>,
}

impl Lists {
    fn read(occasion: &Occasion, target: Option<&Registry>) -> Self {
        Self::of(&occasion.head, occasion.base.as_deref(), target)
    }

    fn of(head: &[u8], base: Option<&[u8]>, target: Option<&Registry>) -> Self {
        let (head, base) = images::parse_both(head, base, target);
        Self { head, base }
    }

    fn changes(&self) -> Changes<'_> {
        match &self.base {
            Some(base) => change::between(base, &self.head.list),
            None => Changes::all(&self.head.list),
        }
    }

    /// The plan of a list in which no line is new or different.
    fn nothing(&self) -> Plan {
        let changes = self.changes();
        Plan { steps: Vec::new(), removed: plan::removed(&changes), unchanged: changes.unchanged }
    }

    fn report(self, occasion: &Occasion, target: Option<Registry>, body: Body) -> Report {
        Report {
            file: occasion.file.clone(),
            target,
            base: occasion.base_name.clone(),
            errors: self.head.errors,
            more_errors: self.head.more_errors,
            warnings: self.head.warnings,
            body,
            took: None,
        }
    }
}

fn finished(mode: Mode, plan: Plan) -> Body {
    match mode {
        Mode::Plan => Body::Planned(plan),
        Mode::Apply => Body::Applied(plan, Vec::new()),
    }
}

fn cancelled() -> Problem {
    Problem::new(Side::Settings, "the run was stopped before anything was written").hint("Run again.")
}

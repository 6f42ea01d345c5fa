//! Part: the corridor as it leads to one of the registries.

use super::{Occasion, Stated, lists::Lists, reach::Reach, session::Session};
use crate::{
    azure::RegistryName,
    http::during,
    import::{self, Event, Outcome, Span},
    inputs::{Inputs, Mode, Variable},
    plan::{self, Plan, Shard},
    policy,
    problem::{Problem, Side},
    reference::Registry,
    report::{self, Body},
    settings::Place,
    signature::Gate,
    stop,
    upkeep::{self, Asked, Hands, Upkeep},
};
use tokio::sync::{mpsc, watch};

/// A registry with its plan.
pub(super) struct Part {
    pub(super) lists: Lists,
    target: Option<Registry>,
    plan: Result<Planned, Problem>,
}

/// What was found out.
struct Planned {
    /// None where nobody had to be asked.
    session: Option<Session>,
    plan: Plan,
    upkeep: Upkeep,
}

/// What was done: the outcomes of the steps, when each began and how long it took, and the outcomes of the chores.
type Applied = (Vec<Outcome>, Vec<Option<Span>>, Vec<upkeep::Outcome>);

impl Part {
    /// Plans for one registry; `name` is none where the run was given none.
    pub(super) async fn plan(
        inputs: &Inputs,
        occasion: &Occasion,
        stated: &Stated,
        name: Option<&RegistryName>,
        reach: &Reach,
        stop: &watch::Receiver<bool>,
    ) -> Self {
        let target = name.and_then(known);
        let doubt = name.and_then(|name| stated.doubt(name, occasion.mode, inputs.docker_config.is_some()));
        let (place, stated) = match name.map(|name| stated.at(name)).transpose() {
            Ok(found) => found.unwrap_or_else(|| (Place::default(), stated.clone())),
            Err(problem) => {
                let lists = Lists::read(occasion, target.as_ref(), stated, &Place::default(), inputs.shard);
                return Self { lists, target, plan: Err(problem) };
            }
        };
        let mut lists = Lists::read(occasion, target.as_ref(), &stated, &place, inputs.shard);
        let (has_lines, has_upkeep) = {
            let changes = lists.changes();
            (changes.has_work(), is_keeper(inputs) && stated.has_upkeep(&changes))
        };
        if !has_lines && !has_upkeep {
            // Nothing to act on: nobody is asked anything.
            let plan = lists.nothing();
            return Self { lists, target, plan: Ok(Planned { session: None, plan, upkeep: Upkeep::default() }) };
        }
        let own = match &doubt {
            Some(_) => Ok(inputs.clone()),
            None => with_place(inputs, &place, occasion.mode),
        };
        let own = match own {
            Ok(own) => own,
            Err(problem) => return Self { lists, target, plan: Err(problem) },
        };
        let mut stopped = stop.clone();
        let planned = tokio::select! {
            biased;
            () = stop::stopped(&mut stopped) => Err(cancelled()),
            planned = survey(&own, occasion, &stated, (name, &place, doubt), reach, &mut lists) => planned,
        };
        let found = planned.as_ref().ok().and_then(|planned| planned.session.as_ref());
        let target = found.map(|session| session.name().clone()).or(target);
        Self { lists, target, plan: planned }
    }

    /// Ends with the plan.
    pub(super) fn planned(self) -> report::Part {
        match self.plan {
            Ok(planned) => {
                let part = report::Part::new(self.target, Body::Planned(planned.plan));
                report::Part { upkeep: planned.upkeep, ..part }
            }
            Err(problem) => report::Part::new(self.target, Body::Stopped(problem)),
        }
    }

    /// Makes the plan true: the lines first, then what is beside them.
    pub(super) async fn applied(
        self,
        watch: &impl AsyncFn(&Plan, mpsc::UnboundedReceiver<Event>),
        stop: &watch::Receiver<bool>,
    ) -> report::Part {
        let Planned { session, plan, upkeep } = match self.plan {
            Ok(planned) => planned,
            Err(problem) => return report::Part::new(self.target, Body::Stopped(problem)),
        };
        // A list that cannot be read whole may lack what its author meant: nothing is written.
        let session = session.filter(|_| self.lists.head.error_count() == 0);
        let (outcomes, spans, done) = match &session {
            Some(session) => apply(session, &plan, &upkeep, watch, stop).await,
            None => (
                vec![Outcome::Withheld; plan.steps.len()],
                Vec::new(),
                vec![upkeep::Outcome::Withheld; upkeep.chores.len()],
            ),
        };
        report::Part { upkeep, done, spans, ..report::Part::new(self.target, Body::Applied(plan, outcomes)) }
    }
}

/// Signs in, unless there is a doubt, finds the registry and asks for the facts.
async fn survey(
    inputs: &Inputs,
    occasion: &Occasion,
    stated: &Stated,
    (name, place, doubt): (Option<&RegistryName>, &Place, Option<Problem>),
    reach: &Reach,
    lists: &mut Lists,
) -> Result<Planned, Problem> {
    let name = name.ok_or_else(|| {
        Problem::new(Side::Settings, "no registry is given").hint("Set the input `registry` (`--registry NAME`).")
    })?;
    let policy = &stated.settings.policy;
    let gate = Gate::new(&policy.signatures, &occasion.evidence.files)?;
    let entries = lists.head.list.one_each();
    let opened = Session::open(inputs, reach.client(inputs)?, name, occasion.mode, &entries, doubt);
    let mut session = during("sign-in", None, opened).await?;
    if let Some(registry) = session.login_server() {
        // Only now is it known which host a destination may name.
        *lists = Lists::read(occasion, Some(registry), stated, place, inputs.shard);
    }
    let changes = lists.changes();
    let mut plan = session.plan(&changes, lists.has_base(), policy.ages()).await;
    let signatures = during("signatures", None, gate.ask(&plan, session.registries())).await;
    policy::object(&mut plan, policy, &occasion.evidence, &signatures);
    if occasion.mode == Mode::Apply {
        plan::compare(&mut plan, occasion.reviewed.as_ref(), inputs.unreviewed);
    }
    let removed: Vec<_> = changes.removed.iter().map(|&entry| entry.clone()).collect();
    let of_lines = (!is_keeper(inputs)).then(|| stated.of_lines(&plan.steps));
    let stated = of_lines.as_ref().unwrap_or(stated);
    let asked = Asked {
        settings: &stated.settings,
        before: stated.before.as_ref(),
        list: &lists.head.list,
        elsewhere: &changes.elsewhere,
        removed: &removed,
        steps: &plan.steps,
        certificates: &occasion.evidence.certificates,
        overwrite: inputs.overwrite,
        now: occasion.evidence.now,
    };
    let mut upkeep = Box::pin(during("upkeep", None, upkeep::plan(&asked, session.clients()))).await;
    if occasion.mode == Mode::Apply {
        upkeep::compare(&mut upkeep.chores, occasion.reviewed.as_ref());
    }
    Ok(Planned { session: Some(session), plan, upkeep })
}

async fn apply(
    session: &Session,
    plan: &Plan,
    upkeep: &Upkeep,
    watch: &impl AsyncFn(&Plan, mpsc::UnboundedReceiver<Event>),
    stop: &watch::Receiver<bool>,
) -> Applied {
    let (sender, receiver) = mpsc::unbounded_channel();
    let work = async move {
        let (outcomes, spans): (Vec<_>, Vec<_>) = match session.importers() {
            Some(importers) => import::apply(plan, importers, &sender, stop).await.into_iter().unzip(),
            None => (vec![Outcome::Withheld; plan.steps.len()], Vec::new()),
        };
        // Whoever does not watch misses nothing that the report does not tell.
        let say = |line| drop(sender.send(Event::Said(line)));
        let may_remove = outcomes.iter().all(Outcome::is_good);
        let hands = Hands { clients: session.clients(), may_remove, stop, say: &say };
        let done = during("upkeep", None, upkeep::apply(&upkeep.chores, &hands)).await;
        (outcomes, spans, done)
    };
    let (applied, ()) = tokio::join!(work, watch(plan, receiver));
    applied
}

/// Returns whether what is no line is this run's as well.
fn is_keeper(inputs: &Inputs) -> bool {
    inputs.shard.is_none_or(Shard::is_first)
}

/// Returns the run's settings with what the registry has of its own.
fn with_place(inputs: &Inputs, place: &Place, mode: Mode) -> Result<Inputs, Problem> {
    let mut own = inputs.clone();
    if place.tenant_id.is_some() || place.client_id.is_some() {
        // Another identity than the run's: neither its service connection nor its secret proves it.
        own.identity.connection = None;
        own.identity.client_secret = None;
    }
    own.identity.tenant_id = place.tenant_id.clone().or(own.identity.tenant_id);
    own.identity.client_id = place.client_id.clone().or(own.identity.client_id);
    own.subscription = place.subscription_id.clone().or(own.subscription);
    own.cloud = place.cloud.clone().unwrap_or(own.cloud);
    if let Some(variable) = &place.client_secret {
        match (inputs.variables.get(variable.name()), mode) {
            (Some(secret), _) => {
                own.identity.mask.hide(secret);
                own.identity.client_secret = Some(secret.into());
            }
            // A fork's pull request has no secrets, and nobody else's is the identity that is meant.
            (None, Mode::Plan) => own.identity.client_secret = None,
            (None, Mode::Apply) => {
                let what = format!("the variable `{}`, which `client-secret` names, is not set", variable.name());
                return Err(Problem::new(Side::Settings, what).hint(Variable::HINT));
            }
        }
    }
    Ok(own)
}

/// Returns the target's host where it is known without asking.
fn known(name: &RegistryName) -> Option<Registry> {
    match name {
        RegistryName::LoginServer(registry) => Some(registry.clone()),
        RegistryName::Name(_) | RegistryName::Id(_) => None,
    }
}

fn cancelled() -> Problem {
    Problem::new(Side::Settings, "the run was stopped before anything was written").hint("Run again.")
}

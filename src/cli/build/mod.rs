//! `build`: measures a context, sends it, orders the build, and follows it to its end. Stopped, it calls the run off.

mod arguments;

use super::{
    BAD, GOOD, outlet,
    sign_in::{mask, sign_in},
    stop,
};
use crate::{
    context::{Context, Size},
    credential::{self, Mask},
    inputs::{Env, Inputs},
    problem::{Problem, Side},
    reference::Registry,
    registry,
    report::{
        escape::{self, legible},
        size,
    },
    tasks::{self, Argument, Build, Ended, Login, Pace, Secret, Service, Watch, Work},
};
use secrecy::SecretString;
use std::sync::Arc;
use tokio::sync::watch;

pub use arguments::Order;
pub(super) use arguments::{command, read};

pub(super) async fn run(mut inputs: Inputs, order: &Order, env: &Env) -> u8 {
    inputs.identity.mask = mask(env);
    match build(&inputs, order, env, &stop::listen()).await {
        Ok(()) => GOOD,
        Err(problem) => {
            outlet::problems(&[problem]);
            BAD
        }
    }
}

async fn build(inputs: &Inputs, order: &Order, env: &Env, stop: &watch::Receiver<bool>) -> Result<(), Problem> {
    let context = Arc::new(Context::open(&order.folder, order.file.as_deref())?);
    measure(&context, order).await?;
    // What is missing here is found out before anything is sent.
    let arguments = arguments(order, env, &inputs.identity.mask)?;
    let logins = logins(inputs, order).await?;
    let (arm, target) = sign_in(inputs, "a build").await?;
    let service = Service { arm: &arm, registry: &target.id };
    let identity = service.identity().await?;
    let packed = Arc::clone(&context);
    let mut stopped = stop.clone();
    let source = tokio::select! {
        biased;
        // Where nobody is left who could stop it, nobody does.
        Ok(_) = stopped.wait_for(|stop| *stop) => {
            return Err(Problem::new(Side::Settings, "stopped before anything was ordered"));
        }
        sent = service.send(tasks::pieces(move |to| packed.pack(to))) => sent?,
    };
    let asked = tasks::Order {
        platform: order.platform.clone(),
        timeout: order.timeout,
        agent_pool: order.agent_pool.clone(),
        identity,
        logins,
        ..tasks::Order::of(Work::Build(Build {
            images: order.tags.clone(),
            source,
            dockerfile: context.dockerfile().to_owned(),
            target: order.target.clone(),
            arguments,
            is_pushed: order.is_pushed,
            no_cache: order.no_cache,
        }))
    };
    let run = service.schedule(&asked).await?;
    say(&format!("run {} for {} at {}", run.id, order.platform, target.login_server));
    let watch = Watch { pace: Pace::of(order.timeout), stop, secrets: asked.secrets().cloned().collect() };
    follow(&service, &run.id, &watch).await
}

/// Follows a run to its end, with its log, and tells what came of it.
pub(super) async fn follow(service: &Service<'_>, run: &str, watch: &Watch<'_>) -> Result<(), Problem> {
    let ended = service.follow(run, watch, &mut |line| outlet::print(&format!("{}\n", legible(line)))).await?;
    told(&ended)
}

async fn measure(context: &Arc<Context>, order: &Order) -> Result<(), Problem> {
    let measured = Arc::clone(context);
    let counted = tokio::task::spawn_blocking(move || measured.measure()).await;
    let Size { files, bytes, others, largest } =
        counted.map_err(|error| Problem::new(Side::Settings, format!("the context cannot be counted: {error}")))??;
    let folder = order.folder.display();
    say(&format!("context {folder}: {files} files, {}; Dockerfile {}", size(bytes), context.dockerfile()));
    if others > 0 {
        say(&format!("{others} sockets, pipes or devices are left out"));
    }
    if bytes <= order.most {
        return Ok(());
    }
    let largest: Vec<_> = largest.iter().map(|(name, bytes)| format!("`{name}` ({})", size(*bytes))).collect();
    let what = format!("the context has {}, and {} is the most that is sent", size(bytes), size(order.most));
    let hint = format!(
        "The largest in it: {}. Name what no build needs in .dockerignore, or raise `--max-context`.",
        largest.join(", ")
    );
    Err(Problem::new(Side::Settings, what).hint(hint))
}

fn arguments(order: &Order, env: &Env, mask: &Mask) -> Result<Vec<Argument>, Problem> {
    let open = order.arguments.iter().cloned().map(|(name, value)| Ok(Argument { name, value: Secret::No(value) }));
    let hidden = order.secrets.iter().map(|name| {
        let value = env.get(name).ok_or_else(|| {
            Problem::new(Side::Settings, format!("the variable `{name}` of `--secret-build-arg` is not set"))
        })?;
        mask.hide(value);
        Ok(Argument { name: name.clone(), value: Secret::Yes(value.to_owned().into()) })
    });
    open.chain(hidden).collect()
}

/// Returns the logins for the registries that are named: those of the inputs, else docker's.
async fn logins(inputs: &Inputs, order: &Order) -> Result<Vec<Login>, Problem> {
    let mut logins = Vec::new();
    for host in &order.logins {
        let (user, password) = login(inputs, host).await.ok_or_else(|| {
            Problem::new(Side::Settings, format!("there is no login for `{host}` (`--login`)"))
                .hint("Give it by `credentials` (INPUT_CREDENTIALS), or by `docker login`.")
        })?;
        logins.push(Login { host: host.as_str().to_owned(), user, password });
    }
    Ok(logins)
}

async fn login(inputs: &Inputs, host: &Registry) -> Option<(String, SecretString)> {
    if let Some(registry::Login::Password { username, password }) = inputs.logins.find(host, "") {
        return Some((username.clone(), password.clone()));
    }
    let file = inputs.docker_config.as_ref()?;
    let accounts = credential::docker_accounts(file, &[host.clone()].into()).await;
    accounts.into_iter().next().map(|account| (account.username, account.password))
}

fn told(ended: &Ended) -> Result<(), Problem> {
    if let Some(unread) = &ended.unread {
        say(&format!("the log could not be read: {unread}"));
    }
    if let Some(problem) = ended.problem() {
        return Err(problem);
    }
    for image in &ended.run.images {
        say(&format!("pushed {}/{}:{}@{}", image.registry, image.repository, image.tag, image.digest));
    }
    Ok(())
}

/// Writes a line of our own; what it names may be foreign.
pub(super) fn say(line: &str) {
    outlet::print(&format!("{}\n", escape::log_line(line)));
}

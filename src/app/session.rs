//! Session: who we are and whom we talk to, for the length of a run.

use crate::{
    azure::{self, Arm, RegistryName, Target},
    certificates::Known,
    change::Changes,
    copy::Copier,
    credential,
    images::Entry,
    import::{AcrImport, DirectCopy, Importers, Sources},
    inputs::{Inputs, Mode},
    plan::{self, Ages, Plan, Service, Surveyor},
    problem::{Problem, Side},
    reference::Registry,
    registry::{Client, Login, Logins},
    upkeep::{Clients, ControlPlane},
    verify::Verifier,
};
use std::collections::{BTreeSet, HashSet};
use tokio::time::Instant;

/// The clients of a run.
pub(super) struct Session {
    surveyor: Surveyor,
    clients: Clients,
    importers: Option<Importers>,
}

impl Session {
    /// Signs in and finds the registry.
    ///
    /// A plan without any credential goes on, with what it cannot ask left unchecked: a pull request from a fork
    /// has none, and where there is a `doubt` nobody signs in. A credential that is refused, and an apply, end here.
    pub(super) async fn open(
        inputs: &Inputs,
        client: Client,
        registry: &RegistryName,
        mode: Mode,
        entries: &[Entry],
        doubt: Option<Problem>,
    ) -> Result<Self, Problem> {
        let http = client.http().clone();
        if let RegistryName::LoginServer(host) = registry
            && !inputs.cloud.has_login_server(host)
        {
            return Ok(Self::other(inputs, client, host, entries).await);
        }
        if let Some(problem) = doubt {
            return Ok(Self::anonymous(inputs, client, registry, problem, entries).await);
        }
        let credential = credential::azure(&inputs.identity, &http, &inputs.cloud)
            .await
            .map_err(|why| Problem::new(Side::Settings, why).hint("Complete the settings for signing in."))?;
        let arm = Arm::new(http.clone(), credential.clone(), inputs.cloud.clone());
        if let Err(error) = arm.sign_in().await {
            let mut problem = inputs.identity.advice().into_iter().fold(error.problem(), Problem::hint);
            if let Some(page) = inputs.identity.page() {
                problem.what = format!("{}; the service connection is set up at {page}", problem.what);
            }
            let is_anonymous = !inputs.identity.is_explicit() && mode == Mode::Plan;
            return if is_anonymous {
                Ok(Self::anonymous(inputs, client, registry, problem, entries).await)
            } else {
                Err(problem)
            };
        }
        let target = azure::find(&arm, registry, inputs.subscription.as_deref()).await?;
        let own = own_sources(&arm, &target, entries).await;
        let ours: HashSet<_> = own.iter().chain([&target]).map(|target| &target.login_server).collect();
        let given = with_docker(inputs, entries, &ours, None).await;
        let mut logins = given.clone();
        logins.hide_by(inputs.identity.mask.clone());
        logins.add(target.login_server.clone(), "", Login::Azure(credential.clone()));
        for source in &own {
            if !logins.has(&source.login_server) {
                logins.add(source.login_server.clone(), "", Login::Azure(credential.clone()));
            }
        }
        let registries = client.with(logins);
        let since = Instant::now();
        // One question beforehand, or every line would wait for a door that is closed to all of them.
        let door = registries.ping(&target.login_server).await.map_err(|error| error.problem(Side::Target));
        let verifier = door.is_ok().then(|| Verifier::new(registries.clone(), target.login_server.clone()));
        let copier = || Copier::new(registries.clone(), target.login_server.clone());
        let clients = Clients {
            registry: target.login_server.clone(),
            registries: registries.clone(),
            door: door.clone(),
            azure: Some(ControlPlane { arm: arm.clone(), target: target.clone() }),
            layers: Known::default(),
            secrets: inputs.secrets(),
        };
        let importers = Importers {
            acr: Some(AcrImport {
                arm,
                registry: target.id.clone(),
                sources: Sources::new(&own, given),
                retry: http.retry().clone(),
            }),
            direct: door.clone().map(|()| DirectCopy { copier: copier(), overwrite: inputs.overwrite, since }),
            verifier: verifier.clone(),
            pace: inputs.pace.clone(),
        };
        let surveyor = Surveyor {
            registries,
            target: door.map(|()| target.login_server.clone()),
            service: Service::Acr,
            direct: inputs.direct.clone(),
            check: inputs.check,
            referrers: inputs.referrers,
            ages: Ages::Leave,
            verifier,
            overwrite: inputs.overwrite,
        };
        Ok(Self { surveyor, clients, importers: Some(importers) })
    }

    /// A registry that is no ACR: there is nobody to sign in at but the registry itself, which is not asked beforehand.
    async fn other(inputs: &Inputs, client: Client, target: &Registry, entries: &[Entry]) -> Self {
        let logins = with_docker(inputs, entries, &HashSet::new(), Some(target)).await;
        let registries = client.with(logins);
        let verifier = Verifier::new(registries.clone(), target.clone());
        let clients = Clients {
            registry: target.clone(),
            registries: registries.clone(),
            door: Ok(()),
            azure: None,
            layers: Known::default(),
            secrets: inputs.secrets(),
        };
        let importers = Importers {
            acr: None,
            direct: Ok(DirectCopy {
                copier: Copier::new(registries.clone(), target.clone()),
                overwrite: inputs.overwrite,
                since: Instant::now(),
            }),
            verifier: Some(verifier.clone()),
            pace: inputs.pace.clone(),
        };
        let surveyor = Surveyor {
            registries,
            target: Ok(target.clone()),
            service: Service::Other,
            direct: inputs.direct.clone(),
            check: inputs.check,
            referrers: inputs.referrers,
            ages: Ages::Leave,
            verifier: Some(verifier),
            overwrite: inputs.overwrite,
        };
        Self { surveyor, clients, importers: Some(importers) }
    }

    async fn anonymous(
        inputs: &Inputs,
        client: Client,
        registry: &RegistryName,
        problem: Problem,
        entries: &[Entry],
    ) -> Self {
        let name = match registry {
            RegistryName::LoginServer(registry) => registry.clone(),
            RegistryName::Name(name) => as_registry(name, &inputs.cloud.registry_suffix),
            RegistryName::Id(id) => {
                as_registry(id.rsplit('/').next().unwrap_or_default(), &inputs.cloud.registry_suffix)
            }
        };
        let registries = client.with(with_docker(inputs, entries, &HashSet::new(), None).await);
        let clients = Clients {
            registry: name,
            registries: registries.clone(),
            door: Err(problem.clone()),
            azure: None,
            layers: Known::default(),
            secrets: inputs.secrets(),
        };
        let surveyor = Surveyor {
            registries,
            target: Err(problem),
            service: Service::Acr,
            direct: inputs.direct.clone(),
            check: inputs.check,
            referrers: inputs.referrers,
            ages: Ages::Leave,
            verifier: None,
            overwrite: inputs.overwrite,
        };
        Self { surveyor, clients, importers: None }
    }

    pub(super) fn login_server(&self) -> Option<&Registry> {
        self.clients.azure.as_ref().map(|azure| &azure.target.login_server)
    }

    /// Returns the registry as it was found, else as it was named.
    pub(super) fn name(&self) -> &Registry {
        &self.clients.registry
    }

    /// Returns whom the upkeep is asked of.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Returns the client that reads from sources and target.
    pub(super) fn registries(&self) -> &Client {
        &self.surveyor.registries
    }

    pub(super) fn importers(&self) -> Option<&Importers> {
        self.importers.as_ref()
    }

    /// Asks for the facts; `ages` as the policy wants it.
    pub(super) async fn plan(&mut self, changes: &Changes<'_>, has_base: bool, ages: Ages) -> Plan {
        self.surveyor.ages = ages;
        plan::build(changes, has_base, &self.surveyor).await
    }
}

/// Shows a registry that could not be looked up; nothing is asked at this host.
fn as_registry(name: &str, suffix: &str) -> Registry {
    Registry::parse(&format!("{name}{suffix}")).unwrap_or_else(|_| Registry::docker_hub())
}

/// Returns the logins that were given, and docker's for those sources that have none and are not ours by identity.
async fn with_docker(
    inputs: &Inputs,
    entries: &[Entry],
    ours: &HashSet<&Registry>,
    target: Option<&Registry>,
) -> Logins {
    let mut logins = inputs.logins.clone();
    let Some(file) = &inputs.docker_config else { return logins };
    let hosts: BTreeSet<_> = entries.iter().map(|entry| entry.source.host()).chain(target.cloned()).collect();
    let hosts = hosts.into_iter().filter(|host| !logins.has(host) && !ours.contains(host)).collect();
    for account in credential::docker_accounts(file, &hosts).await {
        let login = Login::Password { username: account.username, password: account.password };
        logins.add(account.registry, &account.path, login);
    }
    logins
}

/// Returns the ACRs of our own subscription that the list imports from; asked only if it names any ACR.
async fn own_sources(arm: &Arm, target: &Target, entries: &[Entry]) -> Vec<Target> {
    let suffix = &arm.cloud().registry_suffix;
    let wanted: HashSet<_> =
        entries.iter().map(|entry| entry.source.registry()).filter(|host| host.ends_with(suffix.as_str())).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    // Without the right to list, such sources are asked like any other registry.
    let own = azure::login_servers(arm, target).await.unwrap_or_default();
    own.into_iter().filter(|own| wanted.contains(own.login_server.as_str())).collect()
}

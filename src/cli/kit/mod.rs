//! `connected-registry kit`: asks for what is needed, makes passwords where there are none, and writes the files.

mod arguments;
mod folder;

use super::{
    BAD, GOOD, outlet,
    sign_in::{mask, sign_in},
};
use crate::{
    connected::{
        Found,
        kit::{self, Mirror, Passwords, Pull, Site},
    },
    inputs::{Env, Inputs},
    problem::Problem,
    report::escape,
};
use folder::{Readers, Written};
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};

pub use arguments::Order;
pub(super) use arguments::{command, read};

pub(super) async fn run(mut inputs: Inputs, order: &Order, env: &Env) -> u8 {
    inputs.identity.mask = mask(env);
    match make(&inputs, order).await {
        Ok(lines) => {
            for line in lines {
                outlet::print(&format!("{}\n", escape::disarm(&line)));
            }
            GOOD
        }
        Err(problem) => {
            outlet::problems(&[problem]);
            BAD
        }
    }
}

/// What the folder has, and what will be written into it.
struct Files<'a> {
    order: &'a Order,
    lines: Vec<String>,
}

async fn make(inputs: &Inputs, order: &Order) -> Result<Vec<String>, Problem> {
    // All that can be wrong with files is found out before a password is made.
    let registries = registries(order)?;
    let merged = mirror(order).map(|mirror| kit::merge(&registries, &mirror)).transpose()?.flatten();
    folder::make(&order.folder)?;
    let mut files = Files { order, lines: Vec::new() };
    for name in ["connection-string", "connection.secret.yaml", "pull.secret.yaml"] {
        folder::probe(&files.path(name))?;
    }
    if order.address.is_some() {
        folder::probe(&registries_path(order))?;
    }
    let (arm, target) = sign_in(inputs, "a kit").await?;
    let (site, found) = kit::find(&arm, &target.id, &order.name).await?;
    let client = site.client(order.client.as_ref())?;
    let parent = order.parent.as_ref().map(|(scheme, host)| (*scheme, host.as_str()));
    site.parent(parent)?;

    let passwords = Passwords { arm: &arm, found: &found, mask: &inputs.identity.mask };
    let connection = connection(&files, &site, parent, &passwords).await?;
    files.write("namespace.yaml", &kit::namespace(&order.namespace), Readers::All)?;
    files.write("values.yaml", &kit::values(&site.name, &order.values), Readers::All)?;
    files.write("connection-string", connection.expose_secret(), Readers::Owner)?;
    let secret = kit::connection_secret(&site.name, &order.namespace, &connection);
    files.write("connection.secret.yaml", secret.expose_secret(), Readers::Owner)?;
    let has_pull_secret = pull(&mut files, client, &found, &passwords).await?;
    let into = order.registries.as_ref().map(|path| path.display().to_string());
    if order.address.is_some() {
        let path = registries_path(order);
        match merged {
            Some(text) => files.put(&path, &text, Readers::All)?,
            // The mode that others need to read it is part of what is asked for.
            None => files.put(&path, &registries, Readers::All)?,
        }
    }
    let install = kit::install(&site.name, &order.namespace, order.values.scheme, has_pull_secret, into.as_deref());
    files.write("install.sh", &install, Readers::All)?;
    files.lines.push(format!("next, where kubectl means the cluster: sh {}", files.path("install.sh").display()));
    Ok(files.lines)
}

async fn connection(
    files: &Files<'_>,
    site: &Site,
    parent: Option<(kit::Scheme, &str)>,
    passwords: &Passwords<'_>,
) -> Result<SecretString, Problem> {
    let kept = folder::read(&files.path("connection-string"))?;
    let password = passwords.get(&site.token, site.password_in(&kept), files.order.rotates).await?;
    site.connection(parent, &password)
}

/// Writes the pull secret, where the address is known and somebody pulls.
async fn pull(
    files: &mut Files<'_>,
    client: Option<&str>,
    found: &Found,
    passwords: &Passwords<'_>,
) -> Result<bool, Problem> {
    let Some(host) = &files.order.address else { return Ok(false) };
    let Some(token) = client else {
        files.lines.push("no pull secret: the connected registry has no clients".to_owned());
        return Ok(false);
    };
    let user = found.user(token);
    let kept = folder::read(&files.path("pull.secret.yaml"))?;
    let kept = kit::pull_secret_password(&kept, &user);
    let password = passwords.get(token, kept, files.order.rotates).await?;
    let (secret, namespace) = &files.order.pull_secret;
    let manifest = kit::pull_secret(&Pull { secret, namespace, host, user: &user, password: &password });
    files.write("pull.secret.yaml", manifest.expose_secret(), Readers::Owner)?;
    Ok(true)
}

fn registries_path(order: &Order) -> PathBuf {
    order.registries.clone().unwrap_or_else(|| order.folder.join("registries.yaml"))
}

fn registries(order: &Order) -> Result<String, Problem> {
    if order.address.is_none() { Ok(String::new()) } else { folder::read(&registries_path(order)) }
}

fn mirror(order: &Order) -> Option<Mirror> {
    let host = order.address.clone()?;
    Some(Mirror { host, scheme: order.values.scheme, ca_file: order.ca_file.clone() })
}

impl Files<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.order.folder.join(name)
    }

    fn write(&mut self, name: &str, text: &str, readers: Readers) -> Result<(), Problem> {
        self.put(&self.path(name), text, readers)
    }

    fn put(&mut self, path: &Path, text: &str, readers: Readers) -> Result<(), Problem> {
        let written = folder::write(path, text, readers)?;
        let mode = match readers {
            Readers::Owner => "0600",
            Readers::All => "0644",
        };
        let what = match written {
            Written::Changed => "wrote",
            Written::AsItWas => "kept",
        };
        self.lines.push(format!("{what} {} ({mode})", path.display()));
        Ok(())
    }
}

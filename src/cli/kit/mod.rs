//! `connected-registry kit`: asks for what is needed, makes passwords where there are none, and writes the files.

mod arguments;
mod folder;

use super::{
    BAD, GOOD,
    files::{self, Readers, Written},
    outlet,
    sign_in::{mask, sign_in},
};
use crate::{
    azure::Target,
    connected::{
        Found,
        kit::{self, Mirror, Passwords, Pull, Site},
    },
    inputs::{Env, Inputs},
    problem::Problem,
    pull_check::quoted,
    report::escape,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

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
        files::probe(&files.path(name))?;
    }
    if order.address.is_some() {
        files::probe(&registries_path(order))?;
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
    if order.address.is_some() {
        let path = registries_path(order);
        // One that somebody named is his: k3s keeps passwords for registries in it, and reads it as root.
        let readers = match &order.registries {
            Some(path) if path.exists() => Readers::AsItIs,
            Some(_) => Readers::Owner,
            None => Readers::All,
        };
        files.put(&path, merged.as_deref().unwrap_or(&registries), readers)?;
    }
    let next = next(order, &target);
    let install = kit::install(&site.name, &order.namespace, has_pull_secret, order.registries.is_some(), &next);
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

/// Returns the command that completes the kit once its address is known, without its folder and that address.
fn next(order: &Order, target: &Target) -> String {
    let mut words =
        vec!["acr-sync".to_owned(), "connected-registry".to_owned(), "kit".to_owned(), order.name.to_string()];
    if !order.inputs.iter().any(|(name, _)| name == "registry") {
        words.push(format!("--registry={}", target.login_server));
    }
    words.extend(order.again.iter().cloned());
    if order.registries.is_none() {
        words.push(format!("--registries-yaml={}", kit::K3S));
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

impl Files<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.order.folder.join(name)
    }

    fn write(&mut self, name: &str, text: &str, readers: Readers) -> Result<(), Problem> {
        self.put(&self.path(name), text, readers)
    }

    fn put(&mut self, path: &Path, text: &str, readers: Readers) -> Result<(), Problem> {
        let what = match files::put(path, text.as_bytes(), readers)? {
            Written::Changed => "wrote",
            Written::AsItWas => "kept",
        };
        let mode = fs::metadata(path).map(|file| format!(" ({:04o})", file.mode() & 0o7777)).unwrap_or_default();
        self.lines.push(format!("{what} {}{mode}", path.display()));
        Ok(())
    }
}

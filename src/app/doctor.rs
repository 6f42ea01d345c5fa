//! Doctor: whether clusters can pull, asked alone: nothing is planned and nothing is changed.

use crate::{
    azure::{self, Arm},
    credential,
    http::Http,
    images::ImageList,
    inputs::Inputs,
    problem::{Problem, Side},
    pull_check::{self, DataPlane, Image, PullCheck, Question, Remark},
    reference::Registry,
    registry::{Client, Login, Logins},
};

/// What was found out about the clusters of a registry.
#[derive(Debug, Clone)]
pub struct Examination {
    /// The registry's host.
    pub registry: Registry,
    /// Cluster by cluster; those on images at the end.
    pub remarks: Vec<Remark>,
}

/// Looks whether clusters can pull the images of a list from the registry.
///
/// # Errors
/// A [`Problem`] where nothing can be asked: no registry, no sign-in.
pub async fn examine(inputs: &Inputs, checks: &[PullCheck], list: &ImageList) -> Result<Examination, Problem> {
    let http = Http::new(&inputs.way).map_err(|error| Problem::new(Side::Settings, error.to_string()))?;
    let registry = inputs.registries.first().ok_or_else(|| {
        Problem::new(Side::Settings, "no registry is given").hint("Set the input `registry` (`--registry NAME`).")
    })?;
    let credential = credential::azure(&inputs.identity, &http, &inputs.cloud)
        .await
        .map_err(|why| Problem::new(Side::Settings, why).hint("Complete the settings for signing in."))?;
    let arm = Arm::new(http.clone(), credential.clone(), inputs.cloud.clone());
    if let Err(error) = arm.sign_in().await {
        return Err(inputs.identity.advice().into_iter().fold(error.problem(), Problem::hint));
    }
    let target = azure::find(&arm, registry, inputs.subscription.as_deref()).await?;
    let mut logins = Logins::default();
    logins.hide_by(inputs.identity.mask.clone());
    logins.add(target.login_server.clone(), "", Login::Azure(credential));
    let registries = Client::new(http, logins);
    let door = registries.ping(&target.login_server).await.map_err(|error| error.problem(Side::Target));
    let plane = door.map(|()| DataPlane { registries: &registries, host: &target.login_server });
    let entries = list.entries();
    let image = |entry: &crate::images::Entry| Image {
        repository: entry.destination.repository().to_owned(),
        tag: entry.destination.tag().to_owned(),
    };
    let images: Vec<_> = entries.iter().map(image).collect();
    let of_patterns = list.selections().iter().map(|selection| selection.repository().to_owned());
    let repositories = images.iter().map(|image| image.repository.clone()).chain(of_patterns).collect();
    let question = Question { checks, repositories: &repositories, images: &images };
    let remarks = pull_check::check(&question, &arm, &target.id, &plane).await;
    Ok(Examination { registry: target.login_server, remarks })
}

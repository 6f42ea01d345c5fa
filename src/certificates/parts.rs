//! Parts: the platforms of an image that ACR Tasks builds, each with what its Dockerfile leans on. One run builds one
//! platform (section 11.1).

use super::{
    Authority, Base, Known, Unfit, edit,
    image::{self, Failure},
    layer,
    listing::{BUNDLE, RHEL_BUNDLE},
    read::{Place, Reader},
    recipe::{How, Part},
};
use crate::{
    problem::{Problem, Side},
    reference::{Digest, Platform},
    registry::{Descriptor, Manifest},
    tasks,
};
use serde_json::Value;

/// What is known of a build before the image is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) authorities: &'a [Authority],
    /// What the settings say the image is made of.
    pub(super) stated: Option<Base>,
    /// An image with a shell, for those that have none.
    pub(super) helper: Option<&'a str>,
}

/// The platforms of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Those that are built.
    pub(super) built: Vec<Part>,
    /// Those that are not, which the variant does not have.
    pub(super) left_out: Vec<Platform>,
}

impl Parts {
    /// Looks at an image.
    pub(super) async fn of(
        place: &Place<'_>,
        base: Digest,
        manifest: &Manifest,
        wanted: Wanted<'_>,
        known: &Known,
    ) -> Result<Self, Failure> {
        let mut parts = Self { built: Vec::new(), left_out: Vec::new() };
        let mut reader = Reader::new(place, known);
        if !manifest.is_index() {
            parts.take(&mut reader, base, manifest, None, wanted).await?;
        }
        for (child, platform) in edit::images(&manifest.children) {
            if !is_built(platform) {
                parts.left_out.push(platform.clone());
                continue;
            }
            let found = image::part(place, child.digest).await?;
            parts.take(&mut reader, child.digest, &found, Some(platform), wanted).await?;
        }
        if parts.built.is_empty() {
            return Err(Unfit::NoPlatform(names(&parts.left_out, ", ")).into());
        }
        Ok(parts)
    }

    async fn take(
        &mut self,
        reader: &mut Reader<'_>,
        digest: Digest,
        manifest: &Manifest,
        platform: Option<&Platform>,
        wanted: Wanted<'_>,
    ) -> Result<(), Failure> {
        let (config, found) = image::configuration(reader.place, manifest).await?;
        let found: Value =
            serde_json::from_slice(&found).map_err(|error| Unfit::Broken { layer: config, why: error.to_string() })?;
        let own = || serde_json::from_value::<Platform>(found.clone()).ok();
        let platform = platform.cloned().or_else(own).filter(|it| !it.os.is_empty() && !it.architecture.is_empty());
        let platform = platform.ok_or_else(|| Unfit::NoPlatform("a platform that it does not name".to_owned()))?;
        if !is_built(&platform) {
            self.left_out.push(platform);
            return Ok(());
        }
        // Of two for one platform, everybody takes the first.
        if self.built.iter().any(|part| part.platform == platform) {
            return Ok(());
        }
        let user = found["config"]["User"].as_str().unwrap_or_default().to_owned();
        // It stands in the Dockerfile, where a `$` or a line end would be read as something else.
        if !user.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c)) {
            let problem = Problem::new(Side::Source, format!("no Dockerfile can name the image's user `{user}`"));
            return Err(Failure::Untold(problem.hint("Take the image out of `images`, or use `way: layer`.")));
        }
        let (base, how) = how(reader, &manifest.layers, wanted).await?;
        self.built.push(Part { platform, digest, base, user, how });
        Ok(())
    }

    /// Says what is built, of what and without what.
    pub(super) fn about(&self) -> String {
        let mut bases: Vec<Base> = Vec::new();
        for part in &self.built {
            if !bases.contains(&part.base) {
                bases.push(part.base);
            }
        }
        let platforms: Vec<_> = self.built.iter().map(|part| part.platform.clone()).collect();
        let about = format!(" over {} for {}", names(&bases, " and "), names(&platforms, " and "));
        match self.left_out.is_empty() {
            true => about,
            false => format!("{about}, without {}", names(&self.left_out, " and ")),
        }
    }
}

/// Joins what can be written.
pub(super) fn names<T: ToString>(all: &[T], between: &str) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn is_built(platform: &Platform) -> bool {
    platform.os == "linux" && tasks::builds_for(platform)
}

/// Chooses how the bundle comes about, by what is seen of the image, else by what is stated.
async fn how(reader: &mut Reader<'_>, layers: &[Descriptor], wanted: Wanted<'_>) -> Result<(Base, How), Failure> {
    let Wanted { authorities, stated, helper } = wanted;
    let helped = |base: Base, why: &Unfit| {
        let path = if base == Base::Rhel { RHEL_BUNDLE } else { BUNDLE };
        let helper = helper.ok_or_else(|| {
            let what = format!("{why}, and the image has no tool that makes its bundle anew");
            let hint = "State as `helper` an image of this registry that has a shell: it makes the bundle.";
            Failure::Untold(Problem::new(Side::Settings, what).hint(hint))
        })?;
        Ok((base, How::Helped { path, helper: helper.to_owned() }))
    };
    let root = match image::root(reader, layers).await {
        Ok(root) => root,
        Err(Failure::Unfit(unfit)) if unfit.may_be_built() => {
            return match stated {
                Some(Base::Distroless) => helped(Base::Distroless, &unfit),
                Some(base) => Ok((base, How::Tool)),
                None => {
                    let what = format!("{unfit}: what the image is made of is not known");
                    let hint = "State its `base`: debian, ubuntu, alpine, rhel or distroless.";
                    Err(Failure::Untold(Problem::new(Side::Settings, what).hint(hint)))
                }
            };
        }
        Err(failure) => return Err(failure),
    };
    match root.store(stated) {
        Ok(store) if root.has_tool(store.base) => Ok((store.base, How::Tool)),
        Ok(store) => {
            Ok((store.base, How::Ready { path: store.path, bundle: layer::merged(&store.bundle, authorities) }))
        }
        Err(unfit @ Unfit::Linked { .. }) => match root.family(stated) {
            Some(base) if root.has_tool(base) => Ok((base, How::Tool)),
            base => helped(base.unwrap_or(Base::Distroless), &unfit),
        },
        Err(unfit) => Err(unfit.into()),
    }
}

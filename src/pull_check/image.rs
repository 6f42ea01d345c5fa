//! Image: whether the tags that clusters pull are in the registry.

use super::{
    PullCheck,
    command::Command,
    remark::{Grade, Judgement, Remark, Topic},
};
use crate::{
    plan::nearest,
    problem::{Problem, Side},
    reference::Registry,
    registry::Client,
};
use futures_util::{StreamExt, stream};

/// Images that are asked for at once.
const AT_ONCE: usize = 16;
/// Tags that are read to find the nearest.
const TAGS: usize = 5_000;
const NEAREST: usize = 3;

/// An image of the registry that clusters pull.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    /// Its repository in the registry.
    pub repository: String,
    /// Its tag.
    pub tag: String,
}

/// The registry's data plane.
#[derive(Debug, Clone, Copy)]
pub struct DataPlane<'a> {
    /// Who asks.
    pub registries: &'a Client,
    /// Its host.
    pub host: &'a Registry,
}

enum There {
    Yes,
    /// The tags that look alike, the nearest first.
    No(Vec<String>),
    Unknown(Problem),
}

/// Looks for every image, once for all clusters that pull it.
pub(super) async fn check(
    checks: &[PullCheck],
    images: &[Image],
    plane: &Result<DataPlane<'_>, Problem>,
) -> Vec<Remark> {
    let pullers = |image: &Image| {
        let pulling = checks.iter().filter(|check| check.pulls(&image.repository));
        pulling.map(|check| check.cluster.name().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let wanted: Vec<_> = images.iter().map(|image| (image, pullers(image))).filter(|(_, by)| !by.is_empty()).collect();
    let plane = match plane {
        Ok(plane) => plane,
        Err(why) => {
            // One sentence for all of them.
            let first = wanted.first().map(|(_, by)| by.clone());
            let told = |by: String| Judgement::unchecked(Topic::Image, "the images in the registry", why).of(&by);
            return first.map(told).into_iter().collect();
        }
    };
    let asked: Vec<_> =
        stream::iter(&wanted).map(async |(image, _)| there(image, plane).await).buffered(AT_ONCE).collect().await;
    let remark = |((image, by), there): (&(&Image, String), There)| Some(judge(image, &there, plane.host)?.of(by));
    let mut remarks: Vec<_> = wanted.iter().zip(asked).filter_map(remark).collect();
    if remarks.is_empty() && !wanted.is_empty() {
        let what = format!("{} tag{} in the registry", wanted.len(), if wanted.len() == 1 { " is" } else { "s are" });
        remarks.push(Judgement::new(Topic::Image, Grade::Good, what).of(&wanted[0].1));
    }
    remarks
}

async fn there(image: &Image, plane: &DataPlane<'_>) -> There {
    let Image { repository, tag } = image;
    let unknown = |error: crate::registry::RegistryError| There::Unknown(error.problem(Side::Target));
    match plane.registries.tag(plane.host, repository, tag).await {
        Ok(Some(_)) => There::Yes,
        Ok(None) => match plane.registries.tags(plane.host, repository, TAGS).await {
            Ok(tags) => There::No(nearest(tag, &tags, NEAREST)),
            Err(error) => unknown(error),
        },
        Err(error) => unknown(error),
    }
}

fn judge(image: &Image, there: &There, host: &Registry) -> Option<Judgement> {
    let Image { repository, tag } = image;
    let missing = |what: String| Judgement::new(Topic::Image, Grade::Bad, what);
    Some(match there {
        There::Yes => return None,
        There::Unknown(problem) => Judgement::unchecked(Topic::Image, &format!("`{repository}:{tag}`"), problem),
        There::No(nearest) => {
            match nearest.first() {
                Some(first) => {
                    let run = Command::new("kubectl set image")
                        .with("deployment/NAME", &format!("*={host}/{repository}:{first}"));
                    missing(format!(
                        "not found: `{repository}:{tag}` is not in the registry; nearest tags: {}",
                        nearest.join(", ")
                    ))
                    .hint(format!("Mend the line of the list, or run what is there: {run}."))
                }
                None => {
                    let name = host.as_str().split('.').next().unwrap_or_default();
                    let show = Command::new("az acr repository list").with("--name", name);
                    missing(format!("not found: `{repository}:{tag}` is not in the registry, nor is any tag of its repository"))
                    .hint(format!("See which repositories there are, {show}, and write the right one into the list or the manifest."))
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_is_missing_is_named_with_what_is_there() {
        let image = Image { repository: "prod/app".to_owned(), tag: "v2.0.0".to_owned() };
        let host = Registry::parse("contosoacr.azurecr.io").unwrap();
        let judged = |there| judge(&image, &there, &host).unwrap();
        let near = judged(There::No(vec!["v1.0.0".to_owned(), "latest".to_owned()]));
        assert_eq!(near.grade, Grade::Bad);
        assert!(
            near.problem.what.starts_with("not found: `prod/app:v2.0.0`")
                && near.problem.what.ends_with("v1.0.0, latest")
        );
        let hint = near.problem.hint.unwrap();
        assert!(
            hint.contains("`kubectl set image deployment/NAME '*=contosoacr.azurecr.io/prod/app:v1.0.0'`"),
            "{hint}"
        );
        assert!(judged(There::No(vec![])).problem.hint.unwrap().contains("`az acr repository list --name contosoacr`"));
        assert_eq!(judged(There::Unknown(Problem::new(Side::Network, "x"))).grade, Grade::Unchecked);
        assert!(judge(&image, &There::Yes, &host).is_none());
    }
}

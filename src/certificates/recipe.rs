//! Recipe: the Dockerfile that adds authorities to one platform of an image, and the files that it copies (section 11.5;
//! Docker documentation, "Dockerfile reference"). Asks nobody, and needs nothing but the classic builder.

use super::{
    Authority, Base, edit,
    listing::{RHEL_SOURCES, SOURCES},
};
use crate::reference::{Digest, Platform, Registry};

/// The folder of the context that has the authorities.
const FOLDER: &str = "ca";

/// One platform of an image, as it is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) platform: Platform,
    /// The image for the platform.
    pub(super) digest: Digest,
    /// What it is made of.
    pub(super) base: Base,
    /// As whom its programs run; empty for root.
    pub(super) user: String,
    pub(super) how: How,
}

/// How the bundle comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// The image's own tool makes it anew.
    Tool,
    /// It is copied as it is here, made of the image's own.
    Ready { path: &'static str, bundle: Vec<u8> },
    /// An image with a shell makes it of the image's own.
    Helped { path: &'static str, helper: String },
}

/// Where a part is, and what it becomes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variant<'a> {
    pub(super) registry: &'a Registry,
    pub(super) repository: &'a str,
    /// What the variant says it is made of.
    pub(super) of: Digest,
    pub(super) authorities: &'a [Authority],
}

impl Part {
    /// Returns what tells this platform's files and tags from the others': `linux-arm64`.
    pub(super) fn name(&self) -> String {
        self.platform.to_string().replace('/', "-")
    }

    /// Returns where its Dockerfile is in the context.
    pub(super) fn path(&self) -> String {
        format!("Dockerfile.{}", self.name())
    }

    fn bundle(&self) -> String {
        format!("bundle.{}.crt", self.name())
    }

    /// Returns its Dockerfile.
    pub(super) fn dockerfile(&self, variant: &Variant<'_>) -> String {
        let base = format!("{}/{}@{}", variant.registry, variant.repository, self.digest);
        // What needs the right to write: the base's own user gets its place back behind it.
        let as_root = |steps: String| match self.user.as_str() {
            "" => steps,
            user => format!("USER root\n{steps}USER {user}\n"),
        };
        let steps = match &self.how {
            How::Tool => {
                let (folder, command) = match self.base {
                    Base::Rhel => (RHEL_SOURCES, "update-ca-trust extract"),
                    Base::Debian | Base::Ubuntu | Base::Alpine | Base::Distroless => {
                        (SOURCES, "update-ca-certificates")
                    }
                };
                format!("FROM {base}\n{}", as_root(format!("COPY {FOLDER}/ /{folder}/\nRUN {command}\n")))
            }
            How::Ready { path, .. } => format!("FROM {base}\nCOPY {} /{path}\n", self.bundle()),
            How::Helped { path, helper } => format!(
                "FROM {base} AS base\n\
                 FROM {helper} AS bundle\n\
                 USER root\n\
                 COPY --from=base /{path} /base.crt\n\
                 COPY {FOLDER}/ /{FOLDER}/\n\
                 RUN echo >> /base.crt && cat /base.crt /{FOLDER}/*.crt > /bundle.crt\n\
                 FROM base\n\
                 COPY --from=bundle /bundle.crt /{path}\n"
            ),
        };
        let authorities = super::named(variant.authorities);
        format!("{steps}LABEL {}=\"{}\" {}=\"{authorities}\"\n", edit::BASE, variant.of, edit::AUTHORITIES)
    }
}

/// Returns the files of a context for these parts.
pub(super) fn context(parts: &[Part], variant: &Variant<'_>) -> Vec<(String, Vec<u8>)> {
    let own = |it: &Authority| (format!("{FOLDER}/{}.crt", it.name()), it.pem.clone().into_bytes());
    let mut files: Vec<_> = variant.authorities.iter().map(own).collect();
    for part in parts {
        files.push((part.path(), part.dockerfile(variant).into_bytes()));
        if let How::Ready { bundle, .. } = &part.how {
            files.push((part.bundle(), bundle.clone()));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

    fn part(base: Base, user: &str, how: How) -> Part {
        let platform = Platform::parse("linux/arm64/v8").unwrap();
        Part { platform, digest: Digest::of(b"child"), base, user: user.to_owned(), how }
    }

    fn written(part: &Part) -> String {
        let authority = Authority { digest: Digest::of(b"a"), pem: "PEM\n".to_owned(), hash: 1 };
        let registry = Registry::parse("contosoacr.azurecr.io").unwrap();
        let variant = Variant {
            registry: &registry,
            repository: "vendor/app",
            of: Digest::of(b"index"),
            authorities: std::slice::from_ref(&authority),
        };
        let files = context(std::slice::from_ref(part), &variant);
        assert_eq!(files[0], (format!("ca/acr-sync-{}.crt", authority.digest.short()), b"PEM\n".to_vec()));
        assert_eq!(files[1].0, "Dockerfile.linux-arm64-v8");
        let text = String::from_utf8(files[1].1.clone()).unwrap();
        let labels = format!(
            "LABEL org.opencontainers.image.base.digest=\"{}\" acr-sync.certificates=\"{}\"\n",
            Digest::of(b"index"),
            authority.digest
        );
        let from = format!("FROM contosoacr.azurecr.io/vendor/app@{}", Digest::of(b"child"));
        text.replace(&labels, "LABEL\n").replace(&from, "FROM it")
    }

    #[test]
    fn each_family_has_its_own_folder_and_command_and_the_user_comes_back() {
        let debian = "FROM it\nUSER root\nCOPY ca/ /usr/local/share/ca-certificates/\nRUN update-ca-certificates\nUSER 1000:1000\nLABEL\n";
        assert_eq!(written(&part(Base::Debian, "1000:1000", How::Tool)), debian);
        let rhel = "FROM it\nCOPY ca/ /etc/pki/ca-trust/source/anchors/\nRUN update-ca-trust extract\nLABEL\n";
        assert_eq!(written(&part(Base::Rhel, "", How::Tool)), rhel);
        let ready = How::Ready { path: BUNDLE, bundle: b"ready".to_vec() };
        let distroless = "FROM it\nCOPY bundle.linux-arm64-v8.crt /etc/ssl/certs/ca-certificates.crt\nLABEL\n";
        assert_eq!(written(&part(Base::Distroless, "65532", ready)), distroless);
    }

    #[test]
    fn an_image_without_a_shell_is_helped_by_another_in_a_stage_of_its_own() {
        let how = How::Helped { path: BUNDLE, helper: "contosoacr.azurecr.io/mirror/alpine:3.20".to_owned() };
        assert_eq!(
            written(&part(Base::Distroless, "65532", how)),
            "FROM it AS base\n\
             FROM contosoacr.azurecr.io/mirror/alpine:3.20 AS bundle\n\
             USER root\n\
             COPY --from=base /etc/ssl/certs/ca-certificates.crt /base.crt\n\
             COPY ca/ /ca/\n\
             RUN echo >> /base.crt && cat /base.crt /ca/*.crt > /bundle.crt\n\
             FROM base\n\
             COPY --from=bundle /bundle.crt /etc/ssl/certs/ca-certificates.crt\n\
             LABEL\n"
        );
    }
}

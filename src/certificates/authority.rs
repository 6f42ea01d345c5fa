//! Authority: a certificate that is fit for a trust store, and what is wrong with those that are not. Asks nobody.

use super::{
    pem,
    strength::{self, Strength},
    subject,
};
use crate::{
    problem::{Grade, Problem, Remark, Side},
    reference::Digest,
};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};
use x509_cert::{
    Certificate,
    der::{Decode, oid::AssociatedOid},
    ext::pkix::{BasicConstraints, KeyUsage},
};

/// How long before its end a certificate is told of: who replaces a root has to reach every image with it.
const SOON: Duration = Duration::days(90);
/// The most certificates of one entry.
const MOST: usize = 200;
/// How many letters of a name are shown.
const LONGEST_NAME: usize = 120;

/// A certificate that signs others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The digest of its bytes, as DER.
    pub digest: Digest,
    /// The certificate as PEM, the same for the same certificate.
    pub(super) pem: String,
    /// What OpenSSL finds it by: the hash of its subject.
    pub(super) hash: u32,
}

impl Authority {
    /// Returns what its file is called, without an ending.
    pub(super) fn name(&self) -> String {
        format!("acr-sync-{}", self.digest.short())
    }
}

/// The authorities of one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// Those that are fit, each once, by their digests: their order in the files makes no difference.
    pub fit: Vec<Authority>,
    /// What is to be said of the files.
    pub remarks: Vec<Remark>,
}

impl Authorities {
    /// Reads the certificates of the files of an entry.
    pub fn read(names: &[String], files: &BTreeMap<String, Vec<u8>>, now: OffsetDateTime) -> Self {
        let mut all = Self::default();
        let mut fit = BTreeMap::new();
        for name in names {
            let Some(bytes) = files.get(name) else {
                let problem = Problem::new(Side::Settings, format!("there is no `{name}`"));
                let hint = "Commit the file, or correct its name in acr-sync.yaml.";
                all.remarks.push(Remark { subject: name.clone(), grade: Grade::Bad, problem: problem.hint(hint) });
                continue;
            };
            match pem::read(bytes) {
                Ok(blocks) => {
                    for block in blocks {
                        all.take(&mut fit, name, &block, now);
                    }
                }
                Err(error) => {
                    let problem = Problem::new(Side::Settings, error.what).hint(error.hint);
                    all.remarks.push(Remark { subject: place(name, error.line), grade: Grade::Bad, problem });
                }
            }
        }
        if fit.len() > MOST {
            let problem = Problem::new(Side::Settings, format!("{} certificates are given, {MOST} at most", fit.len()))
                .hint("Give the authorities of the company alone.");
            all.remarks.push(Remark { subject: names.join(", "), grade: Grade::Bad, problem });
        }
        all.fit = fit.into_values().collect();
        all
    }

    /// Returns those that are fit as PEM.
    pub fn pem(&self) -> String {
        self.fit.iter().map(|authority| authority.pem.as_str()).collect()
    }

    /// Returns why nothing can be made with them.
    pub fn obstacle(&self) -> Option<Problem> {
        let bad: Vec<_> = self.remarks.iter().filter(|remark| remark.grade == Grade::Bad).collect();
        let first = bad.first()?;
        let more = if bad.len() > 1 { format!(", and {} more", bad.len() - 1) } else { String::new() };
        let what = format!("{}: {}{more}", first.subject, first.problem.what);
        Some(Problem { what, ..first.problem.clone() })
    }

    fn take(&mut self, fit: &mut BTreeMap<Digest, Authority>, name: &str, block: &pem::Block, now: OffsetDateTime) {
        let digest = Digest::of(&block.der);
        let mut say = |grade, problem| self.remarks.push(Remark { subject: place(name, block.line), grade, problem });
        if fit.contains_key(&digest) {
            let problem = Problem::new(Side::Settings, "the same certificate is given twice");
            return say(Grade::Doubtful, problem.hint("Take one of them out."));
        }
        let certificate = match Certificate::from_der(&block.der) {
            Ok(certificate) => certificate,
            Err(error) => {
                let problem = Problem::new(Side::Settings, format!("is no certificate: {error}"));
                return say(Grade::Bad, problem.hint("Copy the certificate again, whole."));
            }
        };
        let before = judged(&certificate, now);
        let is_bad = before.iter().any(|(grade, _)| *grade == Grade::Bad);
        for (grade, problem) in before {
            say(grade, problem);
        }
        if !is_bad {
            let hash = subject::hash(&certificate.tbs_certificate.subject);
            fit.insert(digest, Authority { digest, pem: pem::write(&block.der), hash });
        }
    }
}

fn place(file: &str, line: usize) -> String {
    if line == 0 { file.to_owned() } else { format!("{file}:{line}") }
}

/// Returns what is to be said of a certificate.
fn judged(certificate: &Certificate, now: OffsetDateTime) -> Vec<(Grade, Problem)> {
    let tbs = &certificate.tbs_certificate;
    let name: String = subject::shown(&tbs.subject).chars().take(LONGEST_NAME).collect();
    let mut told = Vec::new();
    let mut say = |grade, what: String, hint: &str| {
        told.push((grade, Problem::new(Side::Settings, format!("`{name}` {what}")).hint(hint)));
    };
    let authority = "Give the certificate of the authority that signs, not one that it has signed.";
    match tbs.get::<BasicConstraints>() {
        Ok(Some((_, constraints))) if constraints.ca => {}
        Ok(Some(_) | None) => say(Grade::Bad, "is no authority (basicConstraints: CA)".to_owned(), authority),
        Err(_) => say(Grade::Bad, format!("has {} that cannot be read", BasicConstraints::OID), authority),
    }
    match tbs.get::<KeyUsage>() {
        Ok(Some((_, usage))) if !usage.key_cert_sign() => {
            say(Grade::Bad, "may not sign certificates (keyUsage lacks keyCertSign)".to_owned(), authority);
        }
        Ok(Some(_) | None) => {}
        Err(_) => say(Grade::Bad, format!("has {} that cannot be read", KeyUsage::OID), authority),
    }
    let time = |time: x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        // Whatever is beyond what a calendar shows is far in the future.
        OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH + Duration::days(2_000_000))
    };
    let (begin, end) = (time(tbs.validity.not_before), time(tbs.validity.not_after));
    let new = "Replace it by the authority's new certificate.";
    if end <= now {
        say(Grade::Bad, format!("has expired on {}", end.date()), new);
    } else if end <= now + SOON {
        let days = (end - now).whole_days();
        say(Grade::Doubtful, format!("expires on {}, in {days} days", end.date()), "Add its successor beside it.");
    }
    if begin > now {
        let hint = "Nothing is wrong if it is a successor that is given early.";
        say(Grade::Doubtful, format!("is not valid before {}", begin.date()), hint);
    }
    match strength::of_key(&tbs.subject_public_key_info) {
        Strength::Enough => {}
        Strength::Weak(what) => say(Grade::Bad, format!("has a weak key: {what}"), new),
    }
    match strength::of_signature(&certificate.signature_algorithm) {
        Strength::Enough => {}
        // Nobody checks how a root has signed itself: it is trusted because it is here.
        Strength::Weak(what) if tbs.subject == tbs.issuer => {
            say(Grade::Doubtful, format!("has signed itself with {what}"), new);
        }
        Strength::Weak(what) => say(Grade::Bad, format!("is signed with {what}, which clients refuse"), new),
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints as Constraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};

    const NOW: OffsetDateTime = time::macros::datetime!(2026-07-01 0:00 UTC);

    fn certificate(change: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Contoso Root");
        params.is_ca = IsCa::Ca(Constraints::Unconstrained);
        params.not_before = NOW - Duration::days(100);
        params.not_after = NOW + Duration::days(1000);
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!("tests/fixtures/certificates/{name}")).unwrap()
    }

    fn read_at(now: OffsetDateTime, files: &[(&str, &str)]) -> Authorities {
        let names: Vec<_> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        Authorities::read(&names, &files, now)
    }

    fn told(authorities: &Authorities) -> Vec<(Grade, String)> {
        let remarks = authorities.remarks.iter();
        remarks.map(|it| (it.grade, format!("{}: {}", it.subject, it.problem.what))).collect()
    }

    #[test]
    fn a_good_authority_is_taken_without_a_word_and_its_form_makes_no_difference() {
        let (one, two) = (certificate(|_| {}), certificate(|_| {}));
        let plain = read_at(NOW, &[("a.crt", &one), ("b.crt", &two)]);
        assert_eq!((plain.remarks.as_slice(), plain.fit.len(), plain.obstacle()), (&[][..], 2, None));
        let bundled = format!("root\r\n{}\nissuing\n{}", two.replace('\n', "\r\n"), one);
        assert_eq!(read_at(NOW, &[("bundle.crt", &bundled)]), plain);
    }

    #[test]
    fn what_is_not_fit_is_named_by_file_and_line() {
        let good = certificate(|_| {});
        let line = good.lines().count() + 1;
        for (second, expected) in [
            (certificate(|it| it.is_ca = IsCa::NoCa), "is no authority (basicConstraints: CA)"),
            (certificate(|it| it.is_ca = IsCa::ExplicitNoCa), "is no authority (basicConstraints: CA)"),
            (
                certificate(|it| it.key_usages = vec![KeyUsagePurpose::DigitalSignature]),
                "may not sign certificates (keyUsage lacks keyCertSign)",
            ),
            (certificate(|it| it.not_after = NOW - Duration::days(1)), "has expired on 2026-06-30"),
            (fixture("weak-rsa.crt"), "has a weak key: RSA of 1024 bits, and 2048 are the fewest"),
            (fixture("weak-curve.crt"), "has a weak key: the curve 1.3.132.0.33"),
            (fixture("sha1-issuing.crt"), "is signed with SHA-1, which clients refuse"),
            ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned(), "is no certificate: "),
        ] {
            let read = read_at(NOW, &[("certs/ca.crt", &format!("{good}{second}"))]);
            let bad: Vec<_> = told(&read).into_iter().filter(|(grade, _)| *grade == Grade::Bad).collect();
            let [(_, what)] = bad.as_slice() else { panic!("{expected}: {bad:?}") };
            assert!(what.starts_with(&format!("certs/ca.crt:{line}: ")) && what.contains(expected), "{what}");
            assert_eq!((read.fit.len(), read.obstacle().unwrap().what), (1, what.clone()));
        }
    }

    #[test]
    fn what_people_should_look_at_is_told_and_taken() {
        let soon = certificate(|it| it.not_after = NOW + Duration::days(89));
        let later = certificate(|it| it.not_after = NOW + Duration::days(91));
        let early = certificate(|it| it.not_before = NOW + Duration::days(3));
        for (text, expected) in [
            (soon.as_str(), Some("`Contoso Root` expires on 2026-09-28, in 89 days")),
            (&later, None),
            (&early, Some("`Contoso Root` is not valid before 2026-07-04")),
            (&later.repeat(2), Some("the same certificate is given twice")),
        ] {
            let read = read_at(NOW, &[("a.crt", text)]);
            let what: Vec<_> = read.remarks.iter().map(|it| (it.grade, it.problem.what.as_str())).collect();
            let expected: Vec<_> = expected.map(|what| (Grade::Doubtful, what)).into_iter().collect();
            assert_eq!((what, read.fit.len(), read.obstacle()), (expected, 1, None));
        }
        let old = read_at(NOW + Duration::days(365), &[("a.crt", &fixture("sha1-root.crt"))]);
        assert_eq!(told(&old), [(Grade::Doubtful, "a.crt:1: `old root` has signed itself with SHA-1".to_owned())]);
    }

    #[test]
    fn a_file_that_is_missing_or_holds_a_key_leaves_nothing_to_be_made() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        let text = format!("{}{key}", certificate(|_| {}));
        let names = ["ca.crt".to_owned(), "gone.crt".to_owned()];
        let read = Authorities::read(&names, &[("ca.crt".to_owned(), text.clone().into_bytes())].into(), NOW);
        assert!(read.fit.is_empty());
        let line = text.lines().position(|line| line.contains("PRIVATE KEY")).unwrap() + 1;
        let expected = format!("ca.crt:{line}: holds a private key; nothing of this file is used");
        assert_eq!(
            told(&read),
            [(Grade::Bad, expected.clone()), (Grade::Bad, "gone.crt: there is no `gone.crt`".to_owned())]
        );
        assert_eq!(read.obstacle().unwrap().what, format!("{expected}, and 1 more"));
        let secret = key.lines().nth(1).unwrap();
        assert!(!format!("{read:?}").contains(secret));
    }

    #[test]
    fn a_subject_has_the_hash_that_openssl_gives_it() {
        // What `openssl x509 -subject_hash` of OpenSSL 3.0.19 says.
        for (name, hash) in [
            ("root-ca.crt", 0xed78_947c),
            ("umlaut-ca.crt", 0xf48a_8edd),
            ("issuing-ca.crt", 0xdb95_5643),
            ("bmp-ca.crt", 0x688c_4367),
        ] {
            let read = read_at(NOW + Duration::days(365), &[(name, &fixture(name))]);
            assert_eq!(read.fit.iter().map(|it| it.hash).collect::<Vec<_>>(), [hash], "{name}: {:?}", read.remarks);
        }
    }
}

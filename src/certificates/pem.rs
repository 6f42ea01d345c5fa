//! PEM: the blocks of a file with certificates, by their lines. What stands in a block is for others to judge.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A block of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The line of its beginning, from 1.
    pub(super) line: usize,
    /// Its bytes.
    pub(super) der: Vec<u8>,
}

/// What is wrong with a file, at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PemError {
    /// From 1; 0 for the file as a whole.
    pub(super) line: usize,
    /// What is wrong, a fragment. Never holds what stands in a block.
    pub(super) what: String,
    /// What to do next.
    pub(super) hint: &'static str,
}

/// The most bytes of one file: a bundle of every public authority has a quarter of that.
const MOST_BYTES: usize = 1 << 20;
/// How many bytes of a label are repeated.
const LONGEST_LABEL: usize = 40;

/// Reads the certificates of a file, in their order (RFC 7468). Text around them is nobody's business.
///
/// # Errors
/// The first thing that is wrong. Anything like a private key is refused before all else: it has no place beside
/// certificates that are given away with every image.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    let error = |line: usize, what: String, hint: &'static str| PemError { line, what, hint };
    let text = String::from_utf8_lossy(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes));
    if let Some((at, _)) = text.lines().enumerate().find(|(_, line)| is_key(line)) {
        let hint =
            "Take the key out of the repository and its history, and replace it: whoever read the repository has it.";
        return Err(error(at + 1, "holds a private key; nothing of this file is used".to_owned(), hint));
    }
    if bytes.len() > MOST_BYTES {
        let what = format!("has {} bytes, and at most {MOST_BYTES} are read", bytes.len());
        return Err(error(0, what, "Give the authorities of the company alone."));
    }
    if text.trim().is_empty() {
        return Err(error(0, "is empty".to_owned(), "Give a certificate, as PEM."));
    }
    // A SEQUENCE with a length of two bytes, as every certificate of more than 255 bytes begins.
    if bytes.starts_with(&[0x30, 0x82]) {
        let what = "is DER and not PEM".to_owned();
        return Err(error(0, what, "Write it as PEM: `openssl x509 -inform der -in FILE -out FILE.pem`."));
    }
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        match (&mut open, mark(line, "BEGIN"), mark(line, "END")) {
            (None, Some("CERTIFICATE" | "X509 CERTIFICATE"), _) => open = Some((at + 1, String::new())),
            (None, Some(label), _) => {
                let what = format!("holds a block `{}`, which is no certificate", shortened(label));
                return Err(error(at + 1, what, "Leave blocks `CERTIFICATE` alone in the file."));
            }
            (None, None, _) => {}
            (Some((line, base64)), None, Some("CERTIFICATE" | "X509 CERTIFICATE")) => {
                let decoded = STANDARD.decode(base64.as_bytes());
                let what = "holds a block that is no base64".to_owned();
                let der = decoded.map_err(|_| error(*line, what, "Copy the certificate again, whole."))?;
                blocks.push(Block { line: *line, der });
                open = None;
            }
            (Some(_), None, None) if !line.starts_with("-----") => {
                if let Some((_, base64)) = &mut open {
                    base64.push_str(line);
                }
            }
            (Some((line, _)), _, _) => {
                let what = "holds a certificate without its end".to_owned();
                return Err(error(*line, what, "Copy the certificate again, whole."));
            }
        }
    }
    match open {
        Some((line, _)) => {
            Err(error(line, "holds a certificate without its end".to_owned(), "Copy the certificate again, whole."))
        }
        None if blocks.is_empty() => {
            let what = "holds no certificate".to_owned();
            Err(error(0, what, "Give a certificate as PEM, from `-----BEGIN CERTIFICATE-----` on."))
        }
        None => Ok(blocks),
    }
}

/// Whatever its form and case: a mark with a dash too few is no reason to give a key away.
fn is_key(line: &str) -> bool {
    let line = line.to_ascii_uppercase();
    line.contains("PRIVATE KEY") && line.contains("--")
}

fn mark<'a>(line: &'a str, which: &str) -> Option<&'a str> {
    line.strip_prefix("-----")?.strip_suffix("-----")?.strip_prefix(which)?.strip_prefix(' ').map(str::trim)
}

fn shortened(label: &str) -> String {
    label.chars().take(LONGEST_LABEL).collect()
}

/// Writes a certificate as a block, the same for the same bytes whatever form it was given in.
pub(super) fn write(der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = String::with_capacity(base64.len() + base64.len() / 64 + 64);
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    // Base64 is ASCII, and a line of RFC 7468 has 64 letters.
    for at in (0..base64.len()).step_by(64) {
        text.push_str(&base64[at..base64.len().min(at + 64)]);
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let PemError { line, what, .. } = read(text.as_bytes()).unwrap_err();
        format!("{line}: {what}")
    }

    #[test]
    fn blocks_are_read_whatever_stands_around_them() {
        let (one, two) = (write(&[7; 100]), write(&[8; 3]));
        let expected = [(1, vec![7; 100]), (7, vec![8; 3])];
        for text in [
            format!("{one}\n{two}"),
            format!("{one}\n{two}").replace('\n', "\r\n"),
            format!("\u{feff}{one}two\n{two}\nend"),
            format!("{one}\n{two}").replace("-----BEGIN", "  -----BEGIN"),
        ] {
            let blocks: Vec<_> = read(text.as_bytes()).unwrap().into_iter().map(|it| (it.line, it.der)).collect();
            assert_eq!(blocks, expected, "{text:?}");
        }
        assert!(one.lines().all(|line| line.len() <= 64) && one.ends_with("-----END CERTIFICATE-----\n"));
    }

    #[test]
    fn a_private_key_is_refused_in_any_form_and_never_repeated() {
        let certificate = write(&[7; 100]);
        for (label, line) in [
            ("-----BEGIN PRIVATE KEY-----", 7),
            ("-----BEGIN RSA PRIVATE KEY-----", 7),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----", 7),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", 7),
            ("----BEGIN private key----", 7),
        ] {
            let text = format!("{certificate}\n{label}\nc2VjcmV0\n");
            assert_eq!(refused(&text), format!("{line}: holds a private key; nothing of this file is used"));
        }
        let error = read(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n").unwrap_err();
        assert!(!format!("{error:?}").contains("c2VjcmV0"));
    }

    #[test]
    fn what_is_no_certificate_is_named_with_its_line() {
        assert_eq!(refused(" \r\n"), "0: is empty");
        assert_eq!(refused("hello"), "0: holds no certificate");
        assert_eq!(refused("a\n-----BEGIN CERTIFICATE-----\n"), "2: holds a certificate without its end");
        let twice = "-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\n";
        assert_eq!(refused(twice), "1: holds a certificate without its end");
        let bad = "\n-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
        assert_eq!(refused(bad), "2: holds a block that is no base64");
        let other = "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n";
        assert_eq!(refused(other), "1: holds a block `PKCS7`, which is no certificate");
        let der = [&[0x30, 0x82, 1, 0][..], &[0; 256]].concat();
        assert_eq!(read(&der).unwrap_err().what, "is DER and not PEM");
        assert!(read(&vec![b'a'; MOST_BYTES + 1]).unwrap_err().what.contains("at most 1048576"));
    }
}

//! Subject: the hash by which OpenSSL finds an authority in a folder (`openssl x509 -subject_hash`, OpenSSL 1.0 and
//! later): four bytes of SHA-1 over the name in a form without case and without spaces that make no difference.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use x509_cert::{
    attr::AttributeTypeAndValue,
    der::{Encode, Tag, Tagged},
    name::Name,
};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF8_STRING: u8 = 0x0c;
/// BMPString and UniversalString, which the parser has no names for.
const BMP_STRING: u8 = 0x1e;

/// What people call an authority by: its common name, else its unit, else its organization (X.520, 6.2.2 and 6.4).
const CALLED: [&str; 3] = ["2.5.4.3", "2.5.4.11", "2.5.4.10"];

/// Returns what a name is called.
pub(super) fn shown(name: &Name) -> String {
    let attributes = || name.0.iter().flat_map(|set| set.0.iter());
    let of = |oid: &str| attributes().find(|attribute| attribute.oid.to_string() == oid);
    let text = CALLED.iter().find_map(|oid| of(oid)).and_then(|it| text(it.value.tag(), it.value.value()));
    text.unwrap_or_else(|| "an authority without a name".to_owned())
}

/// Returns the hash of a name.
pub(super) fn hash(name: &Name) -> u32 {
    let mut canonical = Vec::new();
    for set in &name.0 {
        let mut attributes: Vec<_> = set.0.iter().map(attribute).collect();
        // Distinguished encoding: what is a set is sorted.
        attributes.sort_unstable();
        wrap(&mut canonical, SET, &attributes.concat());
    }
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &canonical);
    match hash.as_ref() {
        [a, b, c, d, ..] => u32::from_le_bytes([*a, *b, *c, *d]),
        _ => 0,
    }
}

fn attribute(attribute: &AttributeTypeAndValue) -> Vec<u8> {
    let mut pair = attribute.oid.to_der().unwrap_or_default();
    let value = &attribute.value;
    match text(value.tag(), value.value()) {
        Some(text) => wrap(&mut pair, UTF8_STRING, folded(&text).as_bytes()),
        None => pair.extend(value.to_der().unwrap_or_default()),
    }
    let mut whole = Vec::new();
    wrap(&mut whole, SEQUENCE, &pair);
    whole
}

/// Returns what a string says; none for what is no string.
fn text(tag: Tag, bytes: &[u8]) -> Option<String> {
    match tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        // Read as Latin-1, as OpenSSL does.
        Tag::TeletexString => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        tag if u8::from(tag) == BMP_STRING => {
            let units: Vec<_> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            Some(String::from_utf16_lossy(&units))
        }
        _ => None,
    }
}

/// Spaces at the ends go, several become one, and letters of ASCII lose their case.
fn folded(text: &str) -> String {
    let words: Vec<_> =
        text.split(|c: char| c.is_ascii_whitespace() || c == '\u{b}').filter(|it| !it.is_empty()).collect();
    words.join(" ").to_ascii_lowercase()
}

fn wrap(to: &mut Vec<u8>, tag: u8, content: &[u8]) {
    to.push(tag);
    let length = content.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => to.push(short),
        Ok(_) | Err(_) => {
            let bytes = length.to_be_bytes();
            let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            // A length has at most eight bytes.
            to.push(0x80 | bytes.len() as u8);
            to.extend(bytes);
        }
    }
    to.extend(content);
}

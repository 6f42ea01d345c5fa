//! Appending: new lines at the end of a list, of which not a byte changes.

/// Returns the list with further lines. They end as its last line does, and the file ends as it did: with an end of
/// the line, or without one where it had none.
pub fn append(text: &[u8], lines: &[String]) -> Vec<u8> {
    let end = match text.iter().rposition(|&byte| byte == b'\n') {
        Some(at) if at > 0 && text[at - 1] == b'\r' => "\r\n",
        Some(_) | None => "\n",
    };
    let mut longer = text.to_vec();
    let is_ended = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).is_empty() || text.ends_with(b"\n");
    if lines.is_empty() {
        return longer;
    }
    if !is_ended {
        // Half of an end stands there already; a whole one behind it would make a line of its own.
        longer.extend(if text.ends_with(b"\r") { b"\n" } else { end.as_bytes() });
    }
    longer.extend(lines.join(end).bytes());
    if is_ended {
        longer.extend(end.bytes());
    }
    longer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_goes_on_in_its_own_style() {
        for (text, expected) in [
            ("", "x\ny\n"),
            ("\u{feff}", "\u{feff}x\ny\n"),
            ("a\n", "a\nx\ny\n"),
            ("a\n\n", "a\n\nx\ny\n"),
            ("a", "a\nx\ny"),
            ("a\nb", "a\nb\nx\ny"),
            ("a\r\n", "a\r\nx\r\ny\r\n"),
            ("a\r\nb", "a\r\nb\r\nx\r\ny"),
            ("a\r\nb\r", "a\r\nb\r\nx\r\ny"),
            ("\n", "\nx\ny\n"),
        ] {
            let lines = ["x", "y"].map(str::to_owned);
            assert_eq!(String::from_utf8(append(text.as_bytes(), &lines)).unwrap(), expected, "{text:?}");
            assert_eq!(append(text.as_bytes(), &[]), text.as_bytes());
        }
    }
}

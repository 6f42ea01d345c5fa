//! Section: a part of the page that gives way row by row where there is no room for all of it.

/// A table or a folded list that can be cut between its rows.
pub(super) struct Section {
    opening: String,
    rows: Vec<String>,
    more: fn(usize) -> String,
    closing: &'static str,
}

impl Section {
    /// A heading or a drawing stands or falls as a whole.
    pub(super) fn whole(text: String) -> Self {
        Self { opening: String::new(), rows: vec![text], more: |_| String::new(), closing: "" }
    }

    pub(super) fn table(opening: &str, rows: Vec<String>, more: usize) -> Self {
        // Lines that were only counted are nowhere else.
        let mut rows = rows;
        rows.extend((more > 0).then(|| format!("| | {more} more lines cannot be read | | |\n")));
        Self { opening: opening.to_owned(), rows, more: |more| format!("\nand {more} more\n"), closing: "" }
    }

    pub(super) fn folded(title: &str, rows: Vec<String>) -> Self {
        let opening = format!("\n<details><summary>{title}: {}</summary>\n\n", rows.len());
        Self { opening, rows, more: |more| format!("- and {more} more\n"), closing: "\n</details>\n" }
    }

    pub(super) fn folded_lines(title: &str, rows: Vec<String>) -> Self {
        let opening = format!("\n<details><summary>{title}</summary>\n\n```text\n");
        Self { opening, rows, more: |more| format!("# and {more} more\n"), closing: "```\n\n</details>\n" }
    }

    /// Returns as many rows as there is room for, and says how many are left out; nothing where no row fits.
    pub(super) fn fitting(&self, room: usize) -> String {
        let count = self.rows.len();
        let mut length = self.opening.len() + self.closing.len();
        let mut best = 0;
        for (index, row) in self.rows.iter().enumerate() {
            length += row.len();
            if length > room {
                break;
            }
            let left = count - index - 1;
            let more = if left > 0 { (self.more)(left).len() } else { 0 };
            if length + more <= room {
                best = index + 1;
            }
        }
        if best == 0 {
            return String::new();
        }
        let left = if best < count { (self.more)(count - best) } else { String::new() };
        format!("{}{}{left}{}", self.opening, self.rows[..best].concat(), self.closing)
    }
}

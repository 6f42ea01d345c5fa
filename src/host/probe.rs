//! Probe: the readers and writers of this room that meet foreign text, for [`crate::fuzz`].

pub(crate) use super::{
    azure_devops::probe::{commands as azure_devops_commands, event as azure_devops_event},
    github::probe::{commands as github_commands, event as github_event, outputs as github_outputs},
};
use super::{kept, marker::Marker};

/// What is kept in a post says the same when it is kept again.
pub(crate) fn kept(comment: &str) {
    let marker = Marker::new("images.txt contoso.azurecr.io", None).to_string();
    // Foreign is what stands behind the marker, and in an edited post all of it.
    for comment in [comment.to_owned(), format!("{marker}{comment}"), format!("{marker} <!-- run 7 --> {comment}")] {
        let Some(reviewed) = kept::read(&comment, &marker) else { continue };
        let Some(block) = kept::block(&reviewed, usize::MAX) else { continue };
        let inner = block.trim_start_matches("<!-- ").trim_end_matches(" -->");
        assert!(!inner.contains("--") && !inner.contains('>'), "{block}");
        let again = kept::read(&format!("{marker} <!-- run 7 --> {block}"), &marker);
        assert_eq!(again.as_ref(), Some(&reviewed), "{block}");
    }
}

//! Copying: what `COPY` takes of a context or of another image, as a layer.

use super::context::{File, Files};
use std::io;

/// Packs what a `COPY` takes of some files, as it stands in the image; `owner` is a number.
pub(super) fn archive(files: &Files, sources: &[String], to: &str, workdir: &str, owner: u64) -> io::Result<Vec<u8>> {
    let is_folder = to.ends_with('/') || to.ends_with('.') || sources.len() > 1;
    let to = joined(workdir, to);
    let to = to.trim_matches('/');
    let mut archive = tar::Builder::new(Vec::new());
    for source in sources {
        let source = source.trim_start_matches("./").trim_matches('/');
        let found = found(files, source);
        if found.is_empty() {
            return Err(io::Error::other(format!(
                "COPY failed: file not found in build context or excluded by .dockerignore: stat {source}: file does not exist"
            )));
        }
        for (path, file) in found {
            let base = path.rsplit('/').next().unwrap_or_default();
            let inside = path.strip_prefix(source).map(|rest| rest.trim_matches('/'));
            let target = match inside {
                // What is in a folder is copied, not the folder itself.
                Some(rest) if !rest.is_empty() => format!("{to}/{rest}"),
                _ if source.is_empty() || source == "." => format!("{to}/{path}"),
                _ if is_folder || source.contains(['*', '?']) => format!("{to}/{base}"),
                _ => to.to_owned(),
            };
            put(&mut archive, target.trim_matches('/'), file, owner)?;
        }
    }
    archive.into_inner()
}

fn found<'a>(files: &'a Files, source: &str) -> Vec<(&'a String, &'a File)> {
    let files = files.iter();
    if source.is_empty() || source == "." {
        return files.filter(|(_, file)| **file != File::Folder).collect();
    }
    if source.contains(['*', '?']) {
        let pattern = regex::escape(source).replace(r"\*", "[^/]*").replace(r"\?", "[^/]");
        let pattern = regex::Regex::new(&format!("^{pattern}$"));
        return files
            .filter(|(path, file)| **file != File::Folder && pattern.as_ref().is_ok_and(|it| it.is_match(path)))
            .collect();
    }
    let folder = format!("{source}/");
    files
        .filter(|(path, file)| **file != File::Folder && (path.as_str() == source || path.starts_with(&folder)))
        .collect()
}

pub(super) fn put(archive: &mut tar::Builder<Vec<u8>>, path: &str, file: &File, owner: u64) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_uid(owner);
    header.set_gid(owner);
    match file {
        File::Folder => Ok(()),
        File::Plain { bytes, mode } => {
            header.set_size(bytes.len() as u64);
            header.set_mode(*mode);
            archive.append_data(&mut header, path, bytes.as_slice())
        }
        File::Link(to) => {
            header.set_size(0);
            header.set_mode(0o777);
            header.set_entry_type(tar::EntryType::Symlink);
            archive.append_link(&mut header, path, to)
        }
    }
}

/// Returns a path in the image, from its root on.
pub(super) fn joined(workdir: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let path = path.trim_start_matches("./").trim_end_matches('.');
    format!("{}/{path}", workdir.trim_end_matches('/'))
}

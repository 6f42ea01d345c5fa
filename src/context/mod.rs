//! Context: the folder of a build, what of it is sent, and the archive of that. Nobody is asked and nothing is kept in
//! memory; how it is sent is for others.

mod pack;
mod rules;
mod walk;

use crate::problem::{Problem, Side};
use pack::Archive;
use rules::Rules;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use walk::{Entry, unreadable, walk};

const IGNORE: &str = ".dockerignore";
/// What a Dockerfile from outside the folder is called in the archive.
const OUTSIDE: &str = ".acr-sync.Dockerfile";
/// The longest Dockerfile and `.dockerignore`, in bytes.
const LONGEST: u64 = 1 << 20;

/// A folder that is built from.
#[derive(Debug)]
pub struct Context {
    folder: PathBuf,
    rules: Rules,
    ignore: String,
    dockerfile: String,
    /// The text of a Dockerfile that is not in the folder.
    outside: Option<Vec<u8>>,
}

/// How much is sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// How many files, links among them.
    pub files: u64,
    /// Their bytes, before they are packed.
    pub bytes: u64,
    /// Sockets, pipes and devices, which stay here.
    pub others: u64,
    /// What stands at the top, by its bytes, the largest first; three at most.
    pub largest: Vec<(String, u64)>,
}

impl Context {
    /// Opens a folder. A Dockerfile is looked for as `docker build` does, from the working folder, and then from the
    /// context itself, as the Azure CLI does; where none is named it is `Dockerfile` in the context.
    ///
    /// # Errors
    /// What is not there or cannot be read, and the line of a `.dockerignore` that is wrong.
    pub fn open(folder: &Path, dockerfile: Option<&Path>) -> Result<Self, Problem> {
        let root = fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
        if !root.is_dir() {
            return Err(Problem::new(Side::Settings, format!("`{}` is no folder", folder.display()))
                .hint("A context is the folder that the Dockerfile copies from."));
        }
        let ignore = match short(&root.join(IGNORE)) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unreadable(&root.join(IGNORE), &error)),
        };
        let rules = Rules::parse(&ignore)
            .map_err(|(line, why)| Problem::new(Side::Settings, format!("{IGNORE}, line {line}: {why}")))?;
        let inside = root.join(dockerfile.unwrap_or(Path::new("Dockerfile")));
        let place = dockerfile.filter(|path| path.is_file()).unwrap_or(&inside);
        let place = fs::canonicalize(place).map_err(|error| {
            let problem = Problem::new(Side::Settings, format!("the Dockerfile `{}`: {error}", place.display()));
            problem.hint("Name it by `--file`, from here or from the context.")
        })?;
        let text = short(&place).map_err(|error| unreadable(&place, &error))?;
        let name = place.strip_prefix(&root).ok().and_then(Path::to_str).map(str::to_owned);
        let outside = name.is_none().then_some(text);
        Ok(Self { folder: root, rules, ignore, dockerfile: name.unwrap_or_else(|| OUTSIDE.to_owned()), outside })
    }

    /// Returns what the Dockerfile is called in the archive.
    pub fn dockerfile(&self) -> &str {
        &self.dockerfile
    }

    /// Counts what will be sent, without reading any of it.
    ///
    /// # Errors
    /// What cannot be looked at; a folder without an end.
    pub fn measure(&self) -> Result<Size, Problem> {
        let mut size = Size::default();
        let mut tops = BTreeMap::<String, u64>::new();
        self.walk(&mut |entry| {
            let kind = entry.metadata.file_type();
            let bytes = if kind.is_file() { entry.metadata.len() } else { 0 };
            size.files += u64::from(kind.is_file() || kind.is_symlink());
            size.others += u64::from(!kind.is_file() && !kind.is_symlink() && !kind.is_dir());
            size.bytes += bytes;
            let top = entry.name.split('/').next().unwrap_or_default();
            *tops.entry(top.to_owned()).or_default() += bytes;
            Ok(())
        })?;
        let mut largest: Vec<_> = tops.into_iter().filter(|(_, bytes)| *bytes > 0).collect();
        largest.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        largest.truncate(3);
        Ok(Size { largest, ..size })
    }

    /// Packs what is sent, as tar and gzip. The Dockerfile and `.dockerignore` are always in it, as with Docker: the
    /// builder reads both, and leaves out again what is not to be copied.
    ///
    /// # Errors
    /// What cannot be read or written.
    pub fn pack(&self, to: impl Write) -> Result<(), Problem> {
        let mut archive = Archive::new(to);
        self.walk(&mut |entry| match entry.name.as_str() {
            // Written below, with what must not be copied.
            IGNORE if self.outside.is_some() => Ok(()),
            _ => archive.add(entry),
        })?;
        if let Some(text) = &self.outside {
            archive.add_text(OUTSIDE, text)?;
            archive.add_text(IGNORE, format!("{}\n{OUTSIDE}\n", self.ignore).as_bytes())?;
        }
        archive.finish()
    }

    fn walk(&self, visit: &mut dyn FnMut(&Entry) -> Result<(), Problem>) -> Result<(), Problem> {
        walk(&self.folder, &self.rules, &[&self.dockerfile, IGNORE], visit)
    }
}

fn short(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it is longer than {} MiB", LONGEST >> 20)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    /// Returns path, mode and content of everything in the archive.
    fn packed(context: &Context) -> Vec<(String, u32, String)> {
        let mut bytes = Vec::new();
        context.pack(&mut bytes).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut all = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let link = entry.link_name().unwrap().map(|to| format!("-> {}", to.display())).unwrap_or_default();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            all.push((entry.path().unwrap().display().to_string(), header.mode().unwrap(), text + &link));
        }
        all
    }

    fn names(context: &Context) -> Vec<String> {
        packed(context).into_iter().map(|(name, ..)| name.trim_end_matches('/').to_owned()).collect()
    }

    #[test]
    fn what_is_ignored_stays_and_what_the_builder_reads_goes() {
        let folder = folder(&[
            (".dockerignore", "*\n!src\nsrc/secret\n"),
            ("docker/Dockerfile", "FROM scratch\n"),
            ("src/a", "1"),
            ("src/secret", "2"),
            ("note", "3"),
        ]);
        let context = Context::open(folder.path(), Some(Path::new("docker/Dockerfile"))).unwrap();
        assert_eq!(context.dockerfile(), "docker/Dockerfile");
        assert_eq!(names(&context), [".dockerignore", "src", "src/a", "docker/Dockerfile"]);
        let size = context.measure().unwrap();
        assert_eq!((size.files, size.bytes), (3, 18 + 13 + 1));
        assert_eq!(size.largest[0], (".dockerignore".to_owned(), 18));
    }

    #[test]
    fn a_dockerfile_from_outside_goes_along_and_is_not_copied() {
        let folder = folder(&[("Dockerfile.web", "FROM scratch\n"), ("app/a", "1"), ("app/.dockerignore", "b")]);
        let context = Context::open(&folder.path().join("app"), Some(&folder.path().join("Dockerfile.web"))).unwrap();
        let all = packed(&context);
        let text = |name: &str| all.iter().find(|(path, ..)| path == name).map(|(_, _, text)| text.as_str());
        assert_eq!((context.dockerfile(), text(OUTSIDE)), (OUTSIDE, Some("FROM scratch\n")));
        assert_eq!((all.len(), text(IGNORE)), (3, Some("b\n.acr-sync.Dockerfile\n")));
    }

    #[test]
    fn modes_links_and_long_names_are_as_they_are_and_the_rest_stays_here() {
        let long = "d/".repeat(60) + "file";
        let folder = folder(&[("Dockerfile", "FROM scratch\n"), ("run", "#!"), (&long, "deep")]);
        fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/etc/passwd", folder.path().join("link")).unwrap();
        symlink(".", folder.path().join("round")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let context = Context::open(folder.path(), None).unwrap();
        let all = packed(&context);
        let found =
            |name: &str| all.iter().find(|(path, ..)| path == name).map(|(_, mode, text)| (*mode, text.as_str()));
        assert_eq!(found("run"), Some((0o755, "#!")));
        assert_eq!(found("link").unwrap().1, "-> /etc/passwd", "a link is sent, not what it leads to");
        assert_eq!(found("round").unwrap().1, "-> .");
        assert_eq!(found(&long).unwrap().1, "deep");
        assert_eq!((found("socket"), context.measure().unwrap().others), (None, 1));
        drop(socket);
    }

    #[test]
    fn what_cannot_be_a_context_is_said() {
        let folder = folder(&[("file", ""), ("app/.dockerignore", "a\n[\n"), ("app/Dockerfile", "")]);
        let problem = |path: &str, file: Option<&str>| {
            Context::open(&folder.path().join(path), file.map(Path::new)).unwrap_err().to_string()
        };
        assert!(problem("file", None).contains("is no folder"));
        assert!(problem("none", None).contains("cannot be read"));
        assert!(problem("app", None).contains(".dockerignore, line 2"));
        fs::remove_file(folder.path().join("app/.dockerignore")).unwrap();
        assert!(problem("app", Some("Dockerfile.x")).contains("the Dockerfile `"));
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_read_is_an_error_and_one_that_grows_is_cut() {
        let folder = folder(&[("a", "12345")]);
        let entry = |length: u64| {
            let file = File::open(folder.path().join("a")).unwrap();
            let mut text = String::new();
            pack::Exactly { file, left: length }.read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(entry(3).unwrap(), "123");
        assert!(entry(9).is_err());
    }
}

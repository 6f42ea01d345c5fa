//! The real program looks for needed images in files, folders and its standard input.

use assert_cmd::Command;
use std::{fs, path::Path};
use tempfile::TempDir;

const LIST: &str = "docker.io/library/nginx:1.27 => mirror/nginx\n";

struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.put("images.txt", LIST);
        for (name, text) in files {
            folder.put(name, text);
        }
        folder
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    /// Runs the program, and returns its exit code and everything it said.
    fn scan(&self, arguments: &[&str], input: &str) -> (i32, String) {
        scan(self.0.path(), arguments, input)
    }
}

fn scan(folder: &Path, arguments: &[&str], input: &str) -> (i32, String) {
    let mut command = Command::cargo_bin("acr-sync").unwrap();
    command.env_clear().current_dir(folder).arg("scan").args(arguments).write_stdin(input);
    let output = command.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), said)
}

fn pod(image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: \"{image}\"}}]}}\n"
    )
}

#[test]
fn a_rendered_chart_is_scanned_from_standard_input() {
    let folder = Folder::with(&[]);
    let chart = format!("---\n# Source: x\n{}---\n{}", pod("nginx:1.27"), pod("contoso.azurecr.io/mirror/nginx:1.27"));
    let (code, said) = folder.scan(&["-", "--registry", "contoso"], &chart);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("use contoso.azurecr.io/mirror/nginx:1.27"), "{said}");
    let chart = chart + "---\n" + &pod("redis:7") + "---\n" + &pod("contoso.azurecr.io/nginx:1.27");
    let (code, said) = folder.scan(&["-", "--registry", "contoso.azurecr.io"], &chart);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("add to images.txt: docker.io/library/redis:7 => mirror/redis"), "{said}");
    assert!(said.contains("-, document 4 (line 18): Pod p, container c"), "{said}");
    assert!(said.contains("the cluster asks the registry for it and no line brings it in"), "{said}");
    assert_eq!(said.lines().last(), Some("scan: 2 missing, 1 to rename; 4 images in 4 objects of 1 file"));
}

#[test]
fn a_tree_is_read_with_what_can_be_read_in_it() {
    let folder = Folder::with(&[
        ("tree/a.yaml", &pod("nginx:1.27")),
        ("tree/b/c.YML", &pod("nginx:1.27").replace('\n', "\r\n")),
        ("tree/b/d.json", r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "nginx:1.27"}]}}"#),
        ("tree/templates/e.yaml", "{{- if .Values.on }}\nimage: {{ .Values.image }}\n{{- end }}\n"),
        ("tree/twice.yaml", "a: 1\nb: 2\na: 3\n"),
        ("tree/.git/f.yaml", &pod("no:1")),
        ("tree/notes.txt", &pod("no:1")),
        ("outside/g.yaml", &pod("no:1")),
    ]);
    fs::write(folder.at("tree/latin.yaml"), b"a: \xff\n").unwrap();
    fs::File::create(folder.at("tree/large.yaml")).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    for (target, link) in
        [("../outside", "way-out"), ("../outside/g.yaml", "h.yaml"), (".", "round"), ("a.yaml", "i.yaml")]
    {
        std::os::unix::fs::symlink(target, folder.at("tree").join(link)).unwrap();
    }
    let (code, said) = folder.scan(&["tree"], "");
    assert_eq!(code, 0, "{said}");
    for skipped in [
        "tree/h.yaml: a symbolic link out of the tree",
        "tree/way-out: a symbolic link out of the tree",
        "tree/large.yaml: more than 16 MiB",
        "tree/latin.yaml: no text in UTF-8",
        "tree/templates/e.yaml, document 1 (line 1): a template that is not rendered",
        "tree/twice.yaml, document 1 (line 3): the key `a` stands twice",
    ] {
        assert!(said.contains(&format!("skipped   {skipped}")), "{skipped}\n{said}");
    }
    assert!(said.ends_with("scan: 1 to rename; 1 image in 3 objects of 5 files, 6 skipped\n"), "{said}");
}

#[test]
fn what_is_missing_is_written_once_and_nothing_else_changes() {
    let list = "# ours\r\ndocker.io/library/nginx:1.27   => mirror/nginx";
    let folder = Folder::with(&[("images.txt", list), ("a.yaml", &(pod("redis:7") + "---\n" + &pod("quay.io/a/b:1")))]);
    let (code, said) = folder.scan(&["a.yaml", "--write", "--json", "found.json"], "");
    assert_eq!(code, 0, "{said}");
    let written = format!("{list}\r\ndocker.io/library/redis:7 => mirror/redis\r\nquay.io/a/b:1 => a/b");
    assert_eq!(folder.text("images.txt"), written);
    assert!(
        said.contains("added     quay.io/a/b:1 => a/b\n") && said.contains("2 lines added to images.txt"),
        "{said}"
    );
    let found: serde_json::Value = serde_json::from_str(&folder.text("found.json")).unwrap();
    assert_eq!((found["schema"].as_str(), found["added"].as_array().map(Vec::len)), (Some("acr-sync.scan/1"), Some(2)));

    for no_file in ["/dev/stdout", "/dev/null", "."] {
        let (code, said) = folder.scan(&["a.yaml", "--json", no_file], "");
        assert!(code == 1 && said.contains("it is a folder, a pipe or a device"), "{no_file}: {said}");
        assert!(!said.contains("acr-sync.scan/1"), "{said}");
    }
    let (code, said) = folder.scan(&["a.yaml", "--write"], "");
    assert_eq!((code, folder.text("images.txt")), (0, written.clone()), "{said}");
    // One destination for two images: named, and not written.
    let (code, said) = folder.scan(&["-", "--write"], &(pod("ghcr.io/a/b:1") + "---\n" + &pod("quay.io/a/c:1")));
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("line 4 has the destination it would get"), "{said}");
    assert_eq!(folder.text("images.txt"), format!("{written}\r\nquay.io/a/c:1 => a/c"));
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn what_cannot_be_answered_is_an_error() {
    let folder = Folder::with(&[("broken.txt", "a -> b\n"), ("t.yaml", "{{ template }}\n"), ("empty/x.txt", "")]);
    for (arguments, input, why) in [
        (&["none"][..], "", "no such file or folder"),
        (&["-", "--images-file", "none.txt"], "a: b", "no such file"),
        (&["-", "--images-file", "broken.txt"], "a: b", "1 error"),
        (&["-", "--registry", "a b"], "a: b", "`--registry a b`"),
        (&["-"], "", "nothing that could be read"),
        (&["t.yaml"], "", "a template that is not rendered"),
        (&["empty"], "", "nothing that could be read"),
        (&[], "", "PATH"),
    ] {
        let (code, said) = folder.scan(arguments, input);
        assert_eq!(code, 1, "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

#[test]
fn ten_thousand_files_are_read() {
    let folder = Folder::with(&[]);
    for at in 0..10_000 {
        folder.put(&format!("tree/{}/{at}.yaml", at % 100), &pod(&format!("quay.io/a/b{}:1", at % 500)));
    }
    let (code, said) = folder.scan(&["tree", "--write"], "");
    assert_eq!(code, 0, "{}", said.lines().last().unwrap_or_default());
    assert!(said.contains("500 lines added to images.txt; 500 images in 10000 objects of 10000 files"), "{said}");
}

//! The kit of a connected registry: the real program, and the files that it leaves.
#![cfg(unix)]

use crate::{
    binary::{code, online, stdout},
    connected::Sea,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};
use tempfile::TempDir;

/// A vessel at sea, and the folder of somebody at its cluster.
struct Deck {
    sea: Sea,
    folder: TempDir,
}

impl Deck {
    async fn new() -> Self {
        Self { sea: Box::pin(Sea::with_vessel()).await, folder: TempDir::new().unwrap() }
    }

    /// Runs the program beside the stand-in, which lives in this runtime.
    async fn kit(&self, arguments: &str) -> Output {
        let mut command = online(self.folder.path(), &self.sea.emulator);
        command.args(["connected-registry", "kit", "vessel-1", "--registry", "contosoacr"]);
        command.args(arguments.split_whitespace());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn good(&self, arguments: &str) -> String {
        let output = self.kit(arguments).await;
        assert_eq!(code(&output), 0, "{}", stdout(&output));
        stdout(&output)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("vessel-1-kit").join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn sync_password(&self) -> String {
        let text = self.text("connection-string");
        let part = text.split(';').find_map(|part| part.strip_prefix("SyncTokenPassword="));
        part.unwrap().to_owned()
    }

    fn pull_password(&self) -> String {
        let manifest: serde_yaml::Value = serde_yaml::from_str(&self.text("pull.secret.yaml")).unwrap();
        let config = STANDARD.decode(manifest["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
        let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        config["auths"]["10.1.1.1:80"]["password"].as_str().unwrap().to_owned()
    }

    fn generated(&self) -> usize {
        let requests = self.sea.emulator.world().requests();
        requests.iter().filter(|seen| seen.method == "POST" && seen.path.contains("/generateCredentials?")).count()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_has_every_step_of_the_article_and_its_passwords_work() {
    let deck = Deck::new().await;
    let printed = deck.good("").await;
    assert_eq!(
        deck.text("connection-string"),
        format!(
            "ConnectedRegistryName=vessel-1;SyncTokenName=vessel-1;SyncTokenPassword={};ParentGatewayEndpoint=contosoacr.westeurope.data.azurecr.io;ParentEndpointProtocol=https",
            deck.sync_password()
        )
    );
    assert!(deck.sea.registry.is_password("vessel-1", &deck.sync_password()));
    let values: serde_yaml::Value = serde_yaml::from_str(&deck.text("values.yaml")).unwrap();
    assert_eq!((&values["httpEnabled"], &values["pvc"]["storageRequest"]), (&true.into(), &"20Gi".into()));
    assert!(deck.text("install.sh").contains("kubectl get service vessel-1"), "the address is not known yet");
    assert!(!deck.path("pull.secret.yaml").exists());
    // Deployed: its address is known.
    let more = deck.good("--address 10.1.1.1 --pull-secret mypullsecret --pull-namespace apps").await;
    assert!(more.contains("kept vessel-1-kit/connection-string (0600)"), "{more}");
    let manifest: serde_yaml::Value = serde_yaml::from_str(&deck.text("pull.secret.yaml")).unwrap();
    assert_eq!(
        (&manifest["metadata"]["name"], &manifest["metadata"]["namespace"]),
        (&"mypullsecret".into(), &"apps".into())
    );
    let registries: serde_yaml::Value = serde_yaml::from_str(&deck.text("registries.yaml")).unwrap();
    assert_eq!(registries["mirrors"]["10.1.1.1:80"]["endpoint"][0], "http://10.1.1.1:80");
    deck.sea.pulls("vessel-1-pull", &deck.pull_password()).await;
    for name in ["connection-string", "connection.secret.yaml", "pull.secret.yaml"] {
        assert_eq!(mode(&deck.path(name)), 0o600, "{name}");
    }
    for name in ["values.yaml", "registries.yaml", "install.sh"] {
        assert_eq!(mode(&deck.path(name)), 0o644, "{name}");
    }
    for text in [printed, more, deck.text("values.yaml"), deck.text("install.sh"), deck.text("registries.yaml")] {
        for secret in [deck.sync_password(), deck.pull_password()] {
            assert!(!text.contains(&secret), "a secret stands where it must not: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_made_once_and_rotated_on_request() {
    let deck = Deck::new().await;
    let arguments = "--address 10.1.1.1";
    deck.good(arguments).await;
    let first = (deck.sync_password(), deck.pull_password());
    let before = deck.text("pull.secret.yaml");
    deck.good(arguments).await;
    assert_eq!(
        (deck.sync_password(), deck.pull_password(), deck.text("pull.secret.yaml")),
        (first.0.clone(), first.1.clone(), before)
    );
    assert_eq!(deck.generated(), 2);
    deck.good(&format!("{arguments} --rotate")).await;
    let second = (deck.sync_password(), deck.pull_password());
    assert!(second.0 != first.0 && second.1 != first.1);
    // What is deployed works on until the new one is.
    for password in [&first.1, &second.1] {
        deck.sea.pulls("vessel-1-pull", password).await;
    }
    deck.good(&format!("{arguments} --rotate")).await;
    assert!(!deck.sea.registry.is_password("vessel-1-pull", &first.1), "the older one is made anew");
    assert!(deck.sea.registry.is_password("vessel-1-pull", &second.1));
    // Another folder must not end what works here.
    let output = deck.kit("--out elsewhere").await;
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("has both its passwords already"), "{}", stdout(&output));
    assert!(deck.sea.registry.is_password("vessel-1", &deck.sync_password()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_put_into_the_file_that_is_there_and_a_broken_file_stops_everything() {
    let deck = Deck::new().await;
    let file = deck.folder.path().join("registries.yaml");
    fs::write(&file, "mirrors: [\n").unwrap();
    let output = deck.kit("--address 10.1.1.1 --registries-yaml registries.yaml").await;
    assert_eq!(code(&output), 1);
    assert!(
        stdout(&output).contains("registries.yaml: did not find expected node content at line 2"),
        "{}",
        stdout(&output)
    );
    assert_eq!((deck.generated(), fs::read_to_string(&file).unwrap().as_str()), (0, "mirrors: [\n"), "nothing is lost");
    assert!(!deck.path("connection-string").exists());
    let before = "# by hand\nmirrors:\n  docker.io:\n    endpoint: [\"https://mirror.office\"]\n";
    fs::write(&file, before).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    deck.good("--address ship.example --scheme https --ca-file /etc/ssl/ship.pem --registries-yaml registries.yaml")
        .await;
    let after = fs::read_to_string(&file).unwrap();
    assert!(before.lines().all(|line| after.contains(line)), "{after}");
    let read: serde_yaml::Value = serde_yaml::from_str(&after).unwrap();
    assert_eq!(read["mirrors"]["ship.example:443"]["endpoint"][0], "https://ship.example:443");
    assert_eq!(read["configs"]["ship.example:443"]["tls"]["ca_file"], "/etc/ssl/ship.pem");
    assert_eq!(mode(&file), 0o600, "other registries' passwords may stand in it");
    let values: serde_yaml::Value = serde_yaml::from_str(&deck.text("values.yaml")).unwrap();
    assert_eq!(values["httpEnabled"], false);
    let again = deck
        .good("--address ship.example --scheme https --ca-file /etc/ssl/ship.pem --registries-yaml registries.yaml")
        .await;
    assert!(again.contains("kept registries.yaml (0600)"), "{again}");
    assert_eq!(mode(&file), 0o600);
    // Who lets others read his file goes on to do so, and one that is made here is its maker's.
    fs::write(&file, before).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
    deck.good("--address 10.1.1.1 --registries-yaml registries.yaml").await;
    assert_eq!(mode(&file), 0o664);
    deck.good("--address 10.1.1.1 --registries-yaml new.yaml").await;
    assert_eq!(mode(&deck.folder.path().join("new.yaml")), 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_s_next_command_completes_the_kit_where_it_was_carried() {
    let deck = Deck::new().await;
    deck.good("--out x --namespace ships --storage-class fast --chunk-size 4 --registries-yaml registries.yaml").await;
    let carried = deck.folder.path().join("it's here");
    fs::rename(deck.folder.path().join("x"), &carried).unwrap();
    let read = |name: &str| fs::read_to_string(carried.join(name)).unwrap();
    let before = (read("values.yaml"), read("namespace.yaml"), read("connection-string"));
    let tools = deck.folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    for (name, text) in
        [("helm", "#!/bin/sh\n"), ("kubectl", "#!/bin/sh\n[ \"$1 $2\" != 'get service' ] || echo 10.1.1.1\n")]
    {
        fs::write(tools.join(name), text).unwrap();
        fs::set_permissions(tools.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::os::unix::fs::symlink(assert_cmd::cargo::cargo_bin("acr-sync"), tools.join("acr-sync")).unwrap();
    let run = |command: String| {
        let online = online(deck.folder.path(), &deck.sea.emulator);
        let mut shell = std::process::Command::new("sh");
        shell.env_clear().envs(online.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.env("PATH", format!("{}:/usr/bin:/bin", tools.display())).current_dir("/").args(["-c", &command]);
        tokio::task::spawn_blocking(move || shell.output().unwrap())
    };
    let installed = run(format!("sh \"{}/install.sh\"", carried.display())).await.unwrap();
    let printed = stdout(&installed);
    let next = printed.lines().find_map(|line| line.strip_prefix("next: ")).unwrap_or_else(|| panic!("{printed}"));
    let completed = run(next.to_owned()).await.unwrap();
    assert_eq!(code(&completed), 0, "{next}: {}", stdout(&completed));
    assert_eq!((read("values.yaml"), read("namespace.yaml"), read("connection-string")), before);
    assert!(carried.join("pull.secret.yaml").exists() && deck.folder.path().join("registries.yaml").exists());
    assert_eq!(deck.generated(), 2, "the password of the connected registry and that of its client, each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_job_every_password_is_hidden_before_anything_else_is_said() {
    let deck = Deck::new().await;
    let mut command = online(deck.folder.path(), &deck.sea.emulator);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "workflow_dispatch");
    command.args(["connected-registry", "kit", "vessel-1", "--registry", "contosoacr", "--address", "10.1.1.1"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let printed = stdout(&output);
    assert_eq!(code(&output), 0, "{printed}");
    for secret in [deck.sync_password(), deck.pull_password()] {
        let lines: Vec<_> = printed.lines().filter(|line| line.contains(&secret)).collect();
        assert_eq!(lines, [format!("::add-mask::{secret}")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_with_what_is() {
    let deck = Deck::new().await;
    let output = online(deck.folder.path(), &deck.sea.emulator);
    let mut command = output;
    command.args(["connected-registry", "kit", "vessel-9", "--registry", "contosoacr"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(stdout(&output).contains("no connected registry `vessel-9`; there are: vessel-1"), "{}", stdout(&output));
    let output = deck.kit("--address 10.1.1.1 --client somebody").await;
    assert!(stdout(&output).contains("has no client `somebody`; it has: vessel-1-pull"), "{}", stdout(&output));
    assert_eq!((code(&output), deck.generated()), (1, 0));
}

//! Docker's configuration: the logins that the person at the command line has already, and the helpers that keep them.
//!
//! Nothing here is fatal: a file or a helper that cannot be used has no login, and the registry says what it wants.

use crate::reference::Registry;
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    path::Path,
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

/// A user and a password for one registry, or for what lies below a path of it.
#[derive(Debug)]
pub struct Account {
    /// The exact registry.
    pub registry: Registry,
    /// The repositories that it is for; empty for all.
    pub path: String,
    /// The user's name.
    pub username: String,
    /// The secret.
    pub password: SecretString,
}

/// No configuration and no answer of a helper comes near it.
const LIMIT: u64 = 1 << 20;
/// A key chain may ask its owner first.
const PATIENCE: Duration = Duration::from_secs(30);
/// The name that Docker Hub has in configurations and key chains.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// The user name by which a helper says that its secret is an identity token (docker-credential-helpers).
const IDENTITY_TOKEN: &str = "<token>";

/// Returns the accounts for these registries from docker's `config.json`; helpers are asked for no others.
pub async fn docker_accounts(file: &Path, registries: &BTreeSet<Registry>) -> Vec<Account> {
    if registries.is_empty() {
        return Vec::new();
    }
    let Some(config) = Config::read(file) else { return Vec::new() };
    let found = join_all(registries.iter().map(|registry| config.find(registry))).await;
    found.into_iter().flatten().collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    auths: Option<BTreeMap<String, Entry>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    /// Good for a token service's own protocol only, which we do not speak.
    identitytoken: Option<SecretString>,
}

impl Config {
    fn read(file: &Path) -> Option<Self> {
        // A pipe would be waited for.
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(file).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Asks the helper in charge, as docker does, and then the file itself.
    async fn find(&self, registry: &Registry) -> Vec<Account> {
        if let Some(helper) = self.helper(registry).and_then(program) {
            let server = if registry.is_docker_hub() { DOCKER_HUB } else { registry.as_str() };
            if let Some((username, password)) = ask(Command::new(helper), server, PATIENCE).await {
                return vec![Account { registry: registry.clone(), path: String::new(), username, password }];
            }
        }
        self.written(registry)
    }

    fn helper(&self, registry: &Registry) -> Option<&str> {
        let mut own = self.cred_helpers.iter().flatten();
        let own = own.find(|(key, _)| place(key).is_some_and(|(at, path)| at == *registry && path.is_empty()));
        own.map(|(_, name)| name).or(self.creds_store.as_ref()).map(String::as_str)
    }

    fn written(&self, registry: &Registry) -> Vec<Account> {
        let places = self.auths.iter().flatten().filter_map(|(key, entry)| Some((place(key)?, entry)));
        places
            .filter(|((at, _), _)| at == registry)
            .filter_map(|((registry, path), entry)| {
                let (username, password) = entry.login()?;
                Some(Account { registry, path, username, password })
            })
            .collect()
    }
}

impl Entry {
    fn login(&self) -> Option<(String, SecretString)> {
        if self.identitytoken.as_ref().is_some_and(|token| !token.expose_secret().is_empty()) {
            return None;
        }
        let pair = match &self.auth {
            Some(auth) if !auth.expose_secret().is_empty() => pair(auth.expose_secret()),
            _ => Some((self.username.clone()?, self.password.clone()?)),
        };
        pair.filter(|(username, password)| !username.is_empty() && !password.expose_secret().is_empty())
    }
}

/// Reads `base64(user:password)`.
fn pair(auth: &str) -> Option<(String, SecretString)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(auth).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    // Old versions of docker padded the password.
    Some((username.to_owned(), password.trim_end_matches('\0').into()))
}

/// Returns the registry that a key names: a host, a host and path, or the address of an API.
fn place(key: &str) -> Option<(Registry, String)> {
    let address = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let (host, path) = address.unwrap_or(key).split_once('/').unwrap_or((address.unwrap_or(key), ""));
    let registry = Registry::parse(host).ok()?;
    match path.trim_end_matches('/') {
        "" | "v1" | "v2" => Some((registry, String::new())),
        // Docker writes no other addresses; whom one was meant for is not guessed.
        _ if address.is_some() => None,
        path => Some((registry, path.to_owned())),
    }
}

/// Returns the program of a helper; a name that could lead anywhere else has none.
fn program(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!name.is_empty() && name.bytes().all(is_plain)).then(|| format!("docker-credential-{name}"))
}

/// Speaks with a helper (docker-credential-helpers): the registry in, a user and a secret out.
async fn ask(mut helper: Command, server: &str, patience: Duration) -> Option<(String, SecretString)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: SecretString,
    }
    let talk = async {
        // What a helper complains of may hold what it keeps.
        helper.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = helper.spawn().ok()?;
        // A helper that answers without having read is no error.
        drop(child.stdin.take()?.write_all(server.as_bytes()).await);
        let mut bytes = Vec::new();
        child.stdout.take()?.take(LIMIT).read_to_end(&mut bytes).await.ok()?;
        child.wait().await.ok()?.success().then_some(bytes)
    };
    let bytes = tokio::time::timeout(patience, talk).await.ok()??;
    let answer: Answer = serde_json::from_slice(&bytes).ok()?;
    let is_login =
        !answer.username.is_empty() && answer.username != IDENTITY_TOKEN && !answer.secret.expose_secret().is_empty();
    is_login.then_some((answer.username, answer.secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    fn written(json: &str, registry: &str) -> Vec<(String, String, String)> {
        let accounts = config(json).written(&Registry::parse(registry).unwrap());
        let shown = |account: Account| (account.path, account.username, account.password.expose_secret().to_owned());
        accounts.into_iter().map(shown).collect()
    }

    fn one(username: &str, password: &str) -> Vec<(String, String, String)> {
        vec![(String::new(), username.to_owned(), password.to_owned())]
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn an_entry_is_a_pair_or_two_fields() {
        assert_eq!(written(r#"{"auths":{"quay.io":{"auth":"bWU6aHVudGVyMjp4"}}}"#, "quay.io"), one("me", "hunter2:x"));
        let fields = r#"{"auths":{"quay.io":{"auth":"","username":"me","password":"hunter2"}}}"#;
        assert_eq!(written(fields, "quay.io"), one("me", "hunter2"));
    }

    #[test]
    fn what_is_no_password_is_passed_over() {
        for entry in [
            "{}",
            r#"{"auth":"bWU6aHVudGVyMg==","identitytoken":"x"}"#,
            r#"{"auth":"?"}"#,
            r#"{"auth":"bWU="}"#,
            r#"{"auth":"bWU6"}"#,
            r#"{"username":"me"}"#,
        ] {
            assert_eq!(written(&format!(r#"{{"auths":{{"quay.io":{entry}}}}}"#), "quay.io"), [], "{entry}");
        }
    }

    #[test]
    fn a_key_is_for_its_exact_registry() {
        let entry = |key: &str| format!(r#"{{"auths":{{"{key}":{{"auth":"bWU6aHVudGVyMg=="}}}}}}"#);
        for key in ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "https://registry-1.docker.io"] {
            assert_eq!(written(&entry(key), "docker.io"), one("me", "hunter2"), "{key}");
            for other in ["docker.io.example.com", "docker.io:444", "hub.docker.io"] {
                assert_eq!(written(&entry(key), other), [], "{key}");
            }
        }
        for key in ["https://quay.io@example.com", "https://quay.io/team/", "ftp://quay.io", "quay.io:x", ""] {
            assert_eq!(written(&entry(key), "quay.io"), [], "{key}");
        }
        let below = written(&entry("quay.io/team"), "quay.io");
        assert_eq!(below, [("team".to_owned(), "me".to_owned(), "hunter2".to_owned())]);
    }

    #[test]
    fn a_registry_has_its_helper_else_the_store() {
        let config = config(r#"{"credHelpers":{"https://index.docker.io/v1/":"hub"},"credsStore":"pass"}"#);
        assert_eq!(config.helper(&Registry::docker_hub()), Some("hub"));
        assert_eq!(config.helper(&Registry::parse("quay.io").unwrap()), Some("pass"));
    }

    #[test]
    fn only_a_plain_name_is_a_helper() {
        assert_eq!(program("ecr-login").as_deref(), Some("docker-credential-ecr-login"));
        for name in ["", "../x", "a b", "a;b", "A", "a/b", "a\0"] {
            assert_eq!(program(name), None, "{name:?}");
        }
    }

    #[tokio::test]
    async fn a_helper_is_told_the_registry_and_answers() {
        let helper =
            shell(r#"read -r it; [ "$0" = get ]; printf '{"ServerURL":"","Username":"me","Secret":"%s"}' $it"#);
        let (username, password) = ask(helper, "quay.io", PATIENCE).await.unwrap();
        assert_eq!((username.as_str(), password.expose_secret()), ("me", "quay.io"));
    }

    #[tokio::test]
    async fn a_helper_that_fails_has_no_login() {
        for script in [
            "exit 1",
            "echo credentials not found; exit 1",
            "echo hunter2",
            r#"echo '{"Username":"<token>","Secret":"x"}'"#,
            r#"echo '{"Username":"me","Secret":""}'"#,
            r#"echo '{"Username":"me","Secret":"x"}'; exit 1"#,
            "sleep 60",
        ] {
            let answer = ask(shell(script), "quay.io", Duration::from_millis(300)).await;
            assert!(answer.is_none(), "{script}");
        }
        assert!(ask(Command::new("docker-credential-missing"), "quay.io", PATIENCE).await.is_none());
    }

    #[tokio::test]
    async fn a_file_that_is_none_has_no_logins_and_an_account_is_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let hub = BTreeSet::from([Registry::docker_hub()]);
        for text in ["", "[]", "{\"auths\":1}"] {
            let file = folder.path().join("config.json");
            std::fs::write(&file, text).unwrap();
            assert!(docker_accounts(&file, &hub).await.is_empty());
        }
        assert!(docker_accounts(folder.path(), &hub).await.is_empty());
        let file = folder.path().join("good.json");
        std::fs::write(&file, r#"{"auths":{"docker.io":{"username":"me","password":"hunter2"}},"credsStore":"../x"}"#)
            .unwrap();
        let accounts = docker_accounts(&file, &hub).await;
        assert!(accounts.len() == 1 && !format!("{accounts:?}").contains("hunter2"));
    }
}

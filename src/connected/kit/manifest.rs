//! Manifest: the files of a kit as texts. Only those that are called secrets hold one.

use super::Scheme;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// The chart that Microsoft has for connected registries on Kubernetes.
const CHART: &str = "oci://mcr.microsoft.com/acr/connected-registry/chart";
const CHART_VERSION: &str = "0.2.0";
/// Where k3s has its registries.
pub const K3S: &str = "/etc/rancher/k3s/registries.yaml";

/// What the chart is told.
#[derive(Debug, Clone)]
pub struct Values {
    /// How it serves its clients.
    pub scheme: Scheme,
    /// In how large pieces layers are fetched, in MB: small ones for a slow or broken line.
    pub chunk: u32,
    /// The storage class of its volume; `local-path` is that of k3s.
    pub storage_class: String,
    /// How large its volume is, in Kubernetes' notation.
    pub storage: String,
}

/// What a cluster pulls with.
#[derive(Debug)]
pub struct Pull<'a> {
    /// The secret's name.
    pub secret: &'a str,
    /// The namespace of those who pull.
    pub namespace: &'a str,
    /// `host:port` of the connected registry, as images are called there.
    pub host: &'a str,
    /// The client token's name.
    pub user: &'a str,
    /// One of its passwords.
    pub password: &'a SecretString,
}

/// Returns `values.yaml`: everything but the connection string.
pub fn values(name: &str, values: &Values) -> String {
    let body = json!({
        "httpEnabled": values.scheme == Scheme::Http,
        "sync": {"chunkSizeInMb": values.chunk.to_string()},
        "pvc": {"storageClassName": values.storage_class, "storageRequest": values.storage},
    });
    format!(
        "# Values of {CHART}, version {CHART_VERSION}, for the connected registry {name}.\n\
         # connectionString is not here: `helm --set-file connectionString=connection-string`, or valuesFrom the Secret\n\
         # {name}-connection, key connectionString.\n{}",
        yaml(&body)
    )
}

/// Returns the manifest of the namespace.
pub fn namespace(namespace: &str) -> String {
    yaml(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))
}

/// Returns the manifest of the secret with the connection string. It is secret.
pub fn connection_secret(name: &str, namespace: &str, connection: &SecretString) -> SecretString {
    secret(&format!("{name}-connection"), namespace, "Opaque", "connectionString", connection.expose_secret())
}

/// Returns the manifest of the pull secret. It is secret.
pub fn pull_secret(pull: &Pull<'_>) -> SecretString {
    let password = pull.password.expose_secret();
    let auth = STANDARD.encode(format!("{}:{password}", pull.user));
    let config = json!({"auths": {pull.host: {"username": pull.user, "password": password, "auth": auth}}});
    secret(pull.secret, pull.namespace, "kubernetes.io/dockerconfigjson", ".dockerconfigjson", &config.to_string())
}

/// Returns the password of a user in a pull secret that was made before.
pub fn pull_secret_password(manifest: &str, user: &str) -> Option<SecretString> {
    let manifest: Value = serde_yaml::from_str(manifest).ok()?;
    let config = STANDARD.decode(manifest["data"][".dockerconfigjson"].as_str()?).ok()?;
    let config: Value = serde_json::from_slice(&config).ok()?;
    let own = config["auths"].as_object()?.values().find(|one| one["username"] == user)?;
    own["password"].as_str().filter(|password| !password.is_empty()).map(Into::into)
}

fn secret(name: &str, namespace: &str, kind: &str, key: &str, value: &str) -> SecretString {
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "type": kind,
        "data": {key: STANDARD.encode(value)},
    });
    yaml(&body).into()
}

/// A value of plain JSON can always be written.
fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}

/// Returns the commands that are left to do where the cluster is, in their order. None of them shows a secret.
///
/// `next` is the line for a shell that makes the kit again, but for its folder and the address, which are known there.
pub fn install(name: &str, namespace: &str, has_pull_secret: bool, is_merged: bool, next: &str) -> String {
    let mut lines = vec![
        "#!/bin/sh".to_owned(),
        format!("# Brings the connected registry {name} to the cluster that kubectl means. Doing it again is safe."),
        "set -eu".to_owned(),
        "cd \"$(dirname \"$0\")\"".to_owned(),
        "kubectl apply -f namespace.yaml".to_owned(),
        format!(
            "helm upgrade -n {namespace} --install --wait -f values.yaml --set-file connectionString=connection-string \
             connected-acr {CHART} --version {CHART_VERSION}"
        ),
        format!("kubectl get pods -n {namespace}"),
    ];
    if has_pull_secret {
        lines.push("kubectl apply -f pull.secret.yaml".to_owned());
        if !is_merged {
            // One that is there may have more in it than this one.
            lines.push(format!(
                "if [ -e {K3S} ] && ! cmp -s registries.yaml {K3S}; then\n    echo \"{K3S} is there already: make the kit \
                 with --registries-yaml {K3S}\" >&2\n    exit 1\nfi"
            ));
            lines.push(format!("sudo install -m 0644 registries.yaml {K3S}"));
        }
        lines.push("sudo systemctl restart k3s".to_owned());
    } else {
        lines.push(
            "# The address is known now: with it, the kit gets the pull secret and the mirror of k3s.".to_owned(),
        );
        lines.push(format!("address=$(kubectl get service {name} -o=jsonpath='{{@.spec.clusterIP}}' -n {namespace})"));
        // The folder may have been carried here, to a name that a shell would read more in.
        lines.push(r#"folder=$(pwd | sed "s/'/'\\\\''/g")"#.to_owned());
        lines.push(format!(
            "printf '%s\\n' 'next: {}'\" --out='$folder' --address=$address\"",
            next.replace('\'', r"'\''")
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_of_the_charts_article_and_hold_no_secret() {
        let plain = Values {
            scheme: Scheme::Http,
            chunk: 1,
            storage_class: "local-path".to_owned(),
            storage: "20Gi".to_owned(),
        };
        let text = values("vessel-1", &plain);
        let read: Value = serde_yaml::from_str(&text).unwrap();
        let expected = json!({"httpEnabled": true, "sync": {"chunkSizeInMb": "1"},
            "pvc": {"storageClassName": "local-path", "storageRequest": "20Gi"}});
        assert_eq!(read, expected);
        let https: Value = serde_yaml::from_str(&values("v", &Values { scheme: Scheme::Https, ..plain })).unwrap();
        assert_eq!(https["httpEnabled"], false);
    }

    #[test]
    fn a_pull_secret_is_what_kubectl_would_make_and_is_read_back() {
        let password = "p+=: #\"'".into();
        let pull = Pull {
            secret: "fleet",
            namespace: "apps",
            host: "10.1.1.1:80",
            user: "vessel-1-pull",
            password: &password,
        };
        let text = pull_secret(&pull);
        let read: Value = serde_yaml::from_str(text.expose_secret()).unwrap();
        assert_eq!(
            (&read["type"], &read["metadata"]["namespace"]),
            (&"kubernetes.io/dockerconfigjson".into(), &"apps".into())
        );
        let config = STANDARD.decode(read["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        let auth = STANDARD.decode(config["auths"]["10.1.1.1:80"]["auth"].as_str().unwrap()).unwrap();
        assert_eq!(auth, b"vessel-1-pull:p+=: #\"'");
        assert_eq!(pull_secret_password(text.expose_secret(), "vessel-1-pull").unwrap().expose_secret(), "p+=: #\"'");
        assert!(pull_secret_password(text.expose_secret(), "somebody").is_none());
        assert!(pull_secret_password("not: [yaml", "vessel-1-pull").is_none());
    }

    #[test]
    fn no_command_holds_a_secret_and_each_step_has_its_place() {
        let first = install("vessel-1", "connected-registry", false, false, "acr-sync kit --storage-class='it'\\''s'");
        assert!(first.contains("jsonpath='{@.spec.clusterIP}' -n connected-registry"), "{first}");
        assert!(first.contains("--set-file connectionString=connection-string"), "{first}");
        let second = install("vessel-1", "connected-registry", true, true, "");
        assert!(
            second.contains("kubectl apply -f pull.secret.yaml") && second.contains("systemctl restart k3s"),
            "{second}"
        );
        assert!(!second.contains("install -m 0644"), "{second}");
        let apart = install("vessel-1", "connected-registry", true, false, "");
        let (looked, put) = (apart.find("is there already").unwrap(), apart.find("install -m 0644").unwrap());
        assert!(looked < put, "a file that is there is not lost: {apart}");
    }
}

//! Arguments of `connected-registry kit`.

use crate::{
    cli::sign_in::{flags, given, with},
    connected::{
        Name,
        kit::{Scheme, Values},
    },
    reference::Registry,
};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PathBufValueParser, parser::ValueSource, value_parser};
use std::path::PathBuf;

/// What a kit is to be made of.
#[derive(Debug, Clone)]
pub struct Order {
    /// The connected registry.
    pub name: Name,
    /// The folder of the kit.
    pub folder: PathBuf,
    /// The namespace of the connected registry's pods.
    pub namespace: String,
    /// What the chart is told.
    pub values: Values,
    /// Where the nodes of the cluster reach it, `host:port`; not known before it is deployed.
    pub address: Option<String>,
    /// The authority of its certificate, a path on the nodes.
    pub ca_file: Option<String>,
    /// The `registries.yaml` to put the mirror into; one in the folder where none is named.
    pub registries: Option<PathBuf>,
    /// The client that the cluster pulls with.
    pub client: Option<Name>,
    /// Name and namespace of the pull secret.
    pub pull_secret: (String, String),
    /// Where its parent is reached, if that is no cloud's registry.
    pub parent: Option<(Scheme, String)>,
    /// Whether new passwords are made.
    pub rotates: bool,
    /// The flags of which the same kit is made again, but its folder, the address and new passwords.
    pub again: Vec<String>,
    /// The inputs that were given as flags.
    pub inputs: Vec<(String, String)>,
}

/// Returns the command `connected-registry` with what it offers.
pub(in crate::cli) fn command() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let path =
        |name: &'static str, help: &'static str| text(name, "PATH", help).value_parser(PathBufValueParser::new());
    let kit = Command::new("kit")
        .about("Writes what the cluster on premises needs of a connected registry, passwords among it")
        .arg(
            Arg::new("name").value_name("NAME").required(true).value_parser(Name::parse).help("The connected registry"),
        )
        .arg(path("out", "The folder of the kit [default: NAME-kit]"))
        .arg(
            text(
                "address",
                "HOST[:PORT]",
                "Where the cluster's nodes reach it, once it is deployed: for the pull secret and the mirror of k3s",
            )
            .value_parser(address),
        )
        .arg(
            text("scheme", "SCHEME", "How it serves the cluster: `http` or `https` [default: http]")
                .value_parser(["http", "https"]),
        )
        .arg(text("ca-file", "PATH", "The authority of its certificate, a path on the nodes (`https`)"))
        .arg(path("registries-yaml", "The registries.yaml of k3s to put the mirror into [default: one in the kit]"))
        .arg(
            text("client", "NAME", "The client token that the cluster pulls with, where there are several")
                .value_parser(Name::parse),
        )
        .arg(text("pull-secret", "NAME", "The name of the pull secret [default: NAME-pull]").value_parser(label))
        .arg(text("pull-namespace", "NAME", "The namespace of those who pull [default: default]").value_parser(label))
        .arg(
            text("namespace", "NAME", "The namespace of the connected registry [default: connected-registry]")
                .value_parser(label),
        )
        .arg(text("storage-class", "NAME", "The storage class of its volume [default: local-path]").value_parser(label))
        .arg(text("storage", "SIZE", "How large its volume is [default: 20Gi]").value_parser(quantity))
        .arg(
            text("chunk-size", "MB", "In how large pieces layers are fetched [default: 1]")
                .value_parser(value_parser!(u32).range(1..=1024)),
        )
        .arg(
            text("parent-address", "URL", "Where its parent is reached, if that is no registry in the cloud")
                .value_parser(parent),
        )
        .arg(
            Arg::new("rotate")
                .long("rotate")
                .action(ArgAction::SetTrue)
                .help("Make the older password of each token anew; the other works on"),
        )
        .after_help(
            "Secrets go to files of mode 0600 and nowhere else. Exit codes: 0 all is written, 1 something is wrong.",
        );
    Command::new("connected-registry")
        .about("For clusters on premises that a connected registry serves")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with(kit, flags()))
}

/// Reads the matches of `connected-registry`; nothing where no command of it is given.
pub(in crate::cli) fn read(matches: &ArgMatches) -> Option<Order> {
    let ("kit", matches) = matches.subcommand()? else { return None };
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let or = |name: &str, default: &str| text(name).unwrap_or_else(|| default.to_owned());
    let name = matches.get_one::<Name>("name")?.clone();
    let scheme = if text("scheme").as_deref() == Some("https") { Scheme::Https } else { Scheme::Http };
    let lower = name.as_str().to_ascii_lowercase();
    let address = text("address").map(|host| if has_port(&host) { host } else { format!("{host}:{}", scheme.port()) });
    Some(Order {
        folder: matches.get_one::<PathBuf>("out").cloned().unwrap_or_else(|| format!("{lower}-kit").into()),
        namespace: or("namespace", "connected-registry"),
        values: Values {
            scheme,
            chunk: matches.get_one::<u32>("chunk-size").copied().unwrap_or(1),
            storage_class: or("storage-class", "local-path"),
            storage: or("storage", "20Gi"),
        },
        address,
        ca_file: text("ca-file"),
        registries: matches.get_one::<PathBuf>("registries-yaml").cloned(),
        client: matches.get_one::<Name>("client").cloned(),
        pull_secret: (or("pull-secret", &format!("{lower}-pull")), or("pull-namespace", "default")),
        parent: matches.get_one::<(Scheme, String)>("parent-address").cloned(),
        rotates: matches.get_flag("rotate"),
        again: again(matches),
        inputs: given(matches, flags()),
        name,
    })
}

/// What was not given is what it was for want of it, and will be so again.
fn again(matches: &ArgMatches) -> Vec<String> {
    let mut words = Vec::new();
    for id in matches.ids().map(clap::Id::as_str) {
        let is_once = matches!(id, "name" | "out" | "address" | "rotate");
        if is_once || matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            // It is run where the cluster is, from the folder that the person there is in.
            let path = matches!(id, "registries-yaml").then(|| std::path::absolute(value).ok()).flatten();
            let value = path.unwrap_or_else(|| value.into());
            words.push(format!("--{id}={}", value.display()));
        }
    }
    words
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'))
}

fn address(text: &str) -> Result<String, String> {
    let host =
        Registry::parse(text).map_err(|error| format!("{error}; expected HOST or HOST:PORT, without a scheme"))?;
    Ok(host.as_str().to_owned())
}

fn parent(text: &str) -> Result<(Scheme, String), String> {
    let (scheme, host) = match text.split_once("://") {
        Some(("http", host)) => (Scheme::Http, host),
        Some(("https", host)) => (Scheme::Https, host),
        _ => return Err("expected http://HOST:PORT or https://HOST:PORT".to_owned()),
    };
    Ok((scheme, address(host.trim_end_matches('/'))?))
}

/// A name of Kubernetes (RFC 1123): it stands in commands as well.
fn label(text: &str) -> Result<String, String> {
    let is_label = (1..=253).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        && !text.starts_with(['-', '.'])
        && !text.ends_with(['-', '.']);
    if is_label { Ok(text.to_owned()) } else { Err("expected lower-case letters, digits and dashes".to_owned()) }
}

fn quantity(text: &str) -> Result<String, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_quantity = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && ["", "Ki", "Mi", "Gi", "Ti", "M", "G", "T"].contains(&&text[digits.len()..]);
    if is_quantity { Ok(text.to_owned()) } else { Err("expected a size of Kubernetes, such as 20Gi".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Order, String> {
        let matches = command().try_get_matches_from(line.split(' ')).map_err(|error| error.to_string())?;
        Ok(read(&matches).unwrap())
    }

    #[test]
    fn what_is_not_given_is_what_the_article_uses() {
        command().debug_assert();
        let order = parse("connected-registry kit Vessel-1").unwrap();
        assert_eq!((order.folder, order.namespace.as_str()), ("vessel-1-kit".into(), "connected-registry"));
        assert_eq!(
            (order.values.storage_class.as_str(), order.values.storage.as_str(), order.values.chunk),
            ("local-path", "20Gi", 1)
        );
        assert_eq!(order.pull_secret, ("vessel-1-pull".to_owned(), "default".to_owned()));
    }

    #[test]
    fn an_address_gets_the_port_of_its_scheme() {
        for (line, expected) in [
            ("--address 10.1.1.1", "10.1.1.1:80"),
            ("--address 10.1.1.1:8080", "10.1.1.1:8080"),
            ("--address ship.example --scheme https", "ship.example:443"),
            ("--address [fd00::1]", "[fd00::1]:80"),
        ] {
            let order = parse(&format!("connected-registry kit vessel-1 {line}")).unwrap();
            assert_eq!(order.address.as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_would_break_out_of_a_command_or_a_file_is_refused() {
        for line in [
            "kit x",
            "kit vessel-1;rm",
            "kit vessel-1 --address http://10.1.1.1",
            "kit vessel-1 --address 10.1.1.1/x",
            "kit vessel-1 --namespace $(id)",
            "kit vessel-1 --pull-secret A",
            "kit vessel-1 --storage lots",
            "kit vessel-1 --chunk-size 0",
            "kit vessel-1 --scheme ftp",
            "kit vessel-1 --parent-address 10.1.1.1",
            "kit vessel-1 --client-secret x",
        ] {
            assert!(parse(&format!("connected-registry {line}")).is_err(), "{line}");
        }
    }
}

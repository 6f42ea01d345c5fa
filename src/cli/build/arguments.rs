//! Arguments of `build`.

use crate::{
    cli::sign_in::{flags, given, with},
    reference::{Platform, Registry},
    tasks::limits,
};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PathBufValueParser};
use std::{path::PathBuf, time::Duration};

/// What is to be built.
#[derive(Debug, Clone)]
pub struct Order {
    /// The context.
    pub folder: PathBuf,
    /// The Dockerfile, if it is not the context's own.
    pub file: Option<PathBuf>,
    /// `repository:tag`, without a host.
    pub tags: Vec<String>,
    /// What it is built for.
    pub platform: Platform,
    /// The stage.
    pub target: Option<String>,
    /// Names and values that may be seen.
    pub arguments: Vec<(String, String)>,
    /// Names of variables whose values must not be.
    pub secrets: Vec<String>,
    /// Registries that the run signs in at, as this program does.
    pub logins: Vec<Registry>,
    /// Whether what comes of it is pushed.
    pub is_pushed: bool,
    /// Whether no cache is used.
    pub no_cache: bool,
    /// How long the run may take.
    pub timeout: Duration,
    /// The agent pool.
    pub agent_pool: Option<String>,
    /// The largest context, in bytes.
    pub most: u64,
    /// The inputs that were given as flags.
    pub inputs: Vec<(String, String)>,
}

/// Returns the command `build` with what it takes.
pub(in crate::cli) fn command() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let many = |arg: Arg| arg.action(ArgAction::Append);
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let command = Command::new("build")
        .about("Builds an image in Azure (ACR Tasks) from a folder here, and shows its log")
        .arg(
            Arg::new("path")
                .value_name("PATH")
                .default_value(".")
                .value_parser(PathBufValueParser::new())
                .help("The context: the folder that the Dockerfile copies from; .dockerignore is honoured"),
        )
        .arg(
            many(text("tag", "REPOSITORY:TAG", "What it is called in the registry; may be given more than once"))
                .short('t')
                .value_parser(limits::image)
                .required_unless_present("no-push"),
        )
        .arg(
            text("file", "PATH", "The Dockerfile, from here or from the context [default: Dockerfile in the context]")
                .short('f')
                .value_parser(PathBufValueParser::new()),
        )
        .arg(
            text("platform", "OS/ARCHITECTURE", "What it is built for; one a run")
                .default_value("linux/amd64")
                .value_parser(limits::platform),
        )
        .arg(text("target", "STAGE", "The stage that is built [default: the last]"))
        .arg(
            many(text("build-arg", "NAME=VALUE", "A build argument; it stands in the log and in the image's history"))
                .value_parser(pair),
        )
        .arg(
            many(text(
                "secret-build-arg",
                "NAME",
                "A build argument from the variable NAME, kept out of the log; Docker writes it into the image's history",
            ))
            .value_parser(variable),
        )
        .arg(
            many(text(
                "login",
                "HOST",
                "A registry that the build pulls from: it gets the login that this program has for it",
            ))
            .value_parser(|text: &str| Registry::parse(text).map_err(|error| error.to_string())),
        )
        .arg(flag("no-push", "Build only"))
        .arg(flag("no-cache", "Do not use the cache of layers"))
        .arg(
            text("timeout", "TIME", "How long it may take, 5m to 8h, such as 90m")
                .default_value("1h")
                .value_parser(limits::timeout),
        )
        .arg(text("agent-pool", "NAME", "The agent pool that it runs in [default: Azure's own machines]").value_parser(limits::pool))
        .arg(
            text("max-context", "SIZE", "The largest context that is sent, before it is packed")
                .default_value("1GB")
                .value_parser(size),
        )
        .after_help("Stopped (SIGINT, SIGTERM) it calls the run off.\n\nExit codes: 0 it is built, 1 it is not.");
    with(command, flags())
}

/// Reads the matches of `build`; nothing where clap let something through that it must not.
pub(in crate::cli) fn read(matches: &ArgMatches) -> Option<Order> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let many = |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned().collect();
    Some(Order {
        folder: matches.get_one::<PathBuf>("path")?.clone(),
        file: matches.get_one::<PathBuf>("file").cloned(),
        tags: many("tag"),
        platform: matches.get_one::<Platform>("platform")?.clone(),
        target: text("target"),
        arguments: matches.get_many::<(String, String)>("build-arg").into_iter().flatten().cloned().collect(),
        secrets: many("secret-build-arg"),
        logins: matches.get_many::<Registry>("login").into_iter().flatten().cloned().collect(),
        is_pushed: !matches.get_flag("no-push"),
        no_cache: matches.get_flag("no-cache"),
        timeout: *matches.get_one::<Duration>("timeout")?,
        agent_pool: text("agent-pool"),
        most: *matches.get_one::<u64>("max-context")?,
        inputs: given(matches, flags()),
    })
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn variable(text: &str) -> Result<String, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_variable = !text.is_empty() && text.chars().all(is_name) && !text.starts_with(|c: char| c.is_ascii_digit());
    if is_variable {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a variable, which has the value".to_owned())
    }
}

/// Powers of ten, as the sizes that are shown, and those of two by their own names.
fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "kib" => Some(1 << 10),
        "mib" => Some(1 << 20),
        "gib" => Some(1 << 30),
        _ => None,
    };
    let size = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    size.ok_or_else(|| "expected a size, such as 500MB or 2GiB".to_owned())
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Order, String> {
        let matches = command().try_get_matches_from(line.split(' ')).map_err(|error| error.to_string())?;
        Ok(read(&matches).unwrap())
    }

    #[test]
    fn what_is_not_given_is_what_most_builds_want() {
        command().debug_assert();
        let order = parse("build -t app/web:1").unwrap();
        assert_eq!((order.folder, order.tags), (".".into(), vec!["app/web:1".to_owned()]));
        assert_eq!((order.platform.to_string().as_str(), order.timeout.as_secs()), ("linux/amd64", 3600));
        assert_eq!((order.is_pushed, order.most), (true, 1_000_000_000));
        assert!(parse("build --no-push").is_ok() && parse("build").is_err());
    }

    #[test]
    fn what_is_given_is_read() {
        let line = "build app -t a:{{.Run.ID}} -t b:2 -f x/Dockerfile --build-arg A=1=2 --secret-build-arg B --timeout 90m \
                    --max-context 2GiB --platform linux/arm64 --login ghcr.io --registry contoso";
        let order = parse(line).unwrap();
        assert_eq!((order.tags.len(), order.arguments[0].1.as_str()), (2, "1=2"));
        assert_eq!((order.timeout.as_secs(), order.most), (5400, 2 << 30));
        assert_eq!(order.inputs, [("registry".to_owned(), "contoso".to_owned())]);
    }

    #[test]
    fn what_the_service_would_refuse_is_refused_before_anything_is_sent() {
        for wrong in [
            "-t app",
            "-t contoso.azurecr.io/app:1",
            "-t App:1",
            "-t a@sha256:1",
            "-t a:1 --platform linux/s390x",
            "-t a:1 --timeout 10s",
            "-t a:1 --timeout 9h",
            "-t a:1 --max-context lots",
            "-t a:1 --build-arg A",
            "-t a:1 --secret-build-arg A=1",
            "-t a:1 --client-secret x",
        ] {
            assert!(parse(&format!("build {wrong}")).is_err(), "{wrong}");
        }
    }
}

//! Arguments: every input of the table is a flag, except those that are secret.

use super::{
    scan::{Options as ScanOptions, Writing},
    sign_in::{self, given, with},
};
use crate::{
    inputs::{Hosts, INPUTS, Input, Mode, Scope},
    pull_check::Cluster,
};
use clap::{Arg, ArgAction, ArgMatches, builder::PathBufValueParser};
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

/// What a person asked for.
#[derive(Debug)]
pub enum Command {
    /// `plan` or `apply`: the list against its base, or whole.
    List {
        /// Which of the two.
        mode: Mode,
        /// Changed lines, or all with `--all`.
        scope: Scope,
        /// The inputs that were given as flags.
        inputs: Vec<(String, String)>,
    },
    /// `check`: the list alone, nobody is asked.
    Check {
        /// The list.
        file: PathBuf,
    },
    /// `connected-registry kit`: what a cluster on premises needs.
    Kit(Box<super::kit::Order>),
    /// `build`: an image from a folder, in Azure.
    Build(Box<super::build::Order>),
    /// `run`: a task that stands in the registry.
    Run(Box<super::task::Call>),
    /// `scan`: what manifests need beside the list, nobody is asked.
    Scan(ScanOptions),
    /// `doctor`: whether clusters can pull.
    Doctor {
        /// The clusters; those of `acr-sync.yaml` where none are named.
        clusters: Vec<Cluster>,
        /// The list whose images they pull.
        file: Option<PathBuf>,
        /// The inputs that were given as flags.
        inputs: Vec<(String, String)>,
    },
    /// No command: the surroundings say what is to be done.
    Action,
    /// `demo`
    #[cfg(feature = "emulator")]
    Demo(super::demo::Extent),
    /// `emulator`
    #[cfg(feature = "emulator")]
    Emulator(crate::emulator::Options),
}

/// A text of the command line's own: help, version, or what was wrong with the arguments.
#[derive(Debug)]
pub struct Message(clap::Error);

impl Message {
    /// Prints the text where it belongs. Wrong arguments end with 1, for 2 means that changes are pending.
    pub fn print(&self) -> ExitCode {
        let is_wrong = self.0.use_stderr();
        let is_printed = self.0.print().is_ok();
        if is_wrong || !is_printed { ExitCode::from(super::BAD) } else { ExitCode::SUCCESS }
    }
}

/// Reads the arguments of the process, its own name first.
///
/// # Errors
/// [`Message`] for help, version and wrong arguments.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Message> {
    let matches = program().try_get_matches_from(arguments).map_err(Message)?;
    Ok(match matches.subcommand() {
        Some(("plan", matches)) => list(Mode::Plan, matches),
        Some(("apply", matches)) => list(Mode::Apply, matches),
        Some(("check", matches)) => {
            Command::Check { file: matches.get_one::<PathBuf>("file").cloned().unwrap_or_else(|| "images.txt".into()) }
        }
        Some(("connected-registry", matches)) => {
            super::kit::read(matches).map_or(Command::Action, |order| Command::Kit(Box::new(order)))
        }
        Some(("build", matches)) => {
            super::build::read(matches).map_or(Command::Action, |order| Command::Build(Box::new(order)))
        }
        Some(("run", matches)) => {
            super::task::read(matches).map_or(Command::Action, |call| Command::Run(Box::new(call)))
        }
        Some(("scan", matches)) => Command::Scan(scan(matches)),
        Some(("doctor", matches)) => Command::Doctor {
            clusters: matches.get_many::<Cluster>("cluster").into_iter().flatten().cloned().collect(),
            file: matches.get_one::<PathBuf>("file").cloned(),
            inputs: given(matches, sign_in::flags()),
        },
        #[cfg(feature = "emulator")]
        Some(("demo", matches)) => {
            Command::Demo(if matches.get_flag("all") { super::demo::Extent::All } else { super::demo::Extent::List })
        }
        #[cfg(feature = "emulator")]
        Some(("emulator", matches)) => Command::Emulator(crate::emulator::Options {
            port: matches.get_one::<u16>("port").copied().unwrap_or_default(),
            data: matches.get_one::<PathBuf>("data").cloned(),
            ca_file: matches.get_one::<PathBuf>("ca-file").cloned(),
            port_file: matches.get_one::<PathBuf>("port-file").cloned(),
            import_latency: matches.get_one::<u64>("import-latency").copied().map(std::time::Duration::from_millis),
            poll_retry_after: matches.get_one::<u64>("poll-retry-after").copied(),
        }),
        _ => Command::Action,
    })
}

fn list(mode: Mode, matches: &ArgMatches) -> Command {
    let scope = if matches.get_flag("all") { Scope::All } else { Scope::Changed };
    let mut inputs = given(matches, flags());
    if let Some(file) = matches.get_one::<String>("file") {
        inputs.push(("images-file".to_owned(), file.clone()));
    }
    Command::List { mode, scope, inputs }
}

fn scan(matches: &ArgMatches) -> ScanOptions {
    let many = |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned().collect();
    ScanOptions {
        paths: matches.get_many::<PathBuf>("path").into_iter().flatten().cloned().collect(),
        file: matches.get_one::<PathBuf>("images-file").cloned().unwrap_or_else(|| "images.txt".into()),
        registries: many("registry"),
        json: matches.get_one::<PathBuf>("json").cloned(),
        writing: if matches.get_flag("write") { Writing::Yes } else { Writing::No },
    }
}

/// The inputs that are flags; mode and scope are the command and `--all`.
fn flags() -> impl Iterator<Item = &'static Input> {
    let is_flag = |input: &&Input| {
        !input.is_secret
            && input.hosts != Hosts::AzurePipelines
            && !matches!(input.name, "mode" | "scope" | "images-file")
    };
    INPUTS.iter().filter(is_flag)
}

fn program() -> clap::Command {
    let program = clap::Command::new("acr-sync")
        .about("Keeps a private Azure Container Registry in step with a reviewed list of images")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help("Without a command it is the GitHub action: it reads inputs and event from the environment.")
        .subcommand(
            of_list("plan", "Shows what applying the list would do to the registry")
                .after_help("Exit codes: 0 nothing to do, 2 changes pending, 1 something is wrong."),
        )
        .subcommand(
            of_list("apply", "Imports the lines of the list that differ")
                .after_help("Exit codes: 0 every step is good, 1 something is wrong."),
        )
        .subcommand(
            clap::Command::new("check").about("Reads a list and shows every error in it; asks nobody").arg(
                Arg::new("file")
                    .value_name("FILE")
                    .help("The list")
                    .default_value("images.txt")
                    .value_parser(PathBufValueParser::new()),
            ),
        )
        .subcommand(super::kit::command())
        .subcommand(super::build::command())
        .subcommand(super::task::command())
        .subcommand(of_scan())
        .subcommand(of_doctor());
    with_stand_in(program)
}

fn of_scan() -> clap::Command {
    let path = |name: &'static str| Arg::new(name).value_name("FILE").value_parser(PathBufValueParser::new());
    clap::Command::new("scan")
        .about("Shows which images manifests name that no line of the list brings in; asks nobody")
        .arg(
            path("path")
                .value_name("PATH")
                .num_args(1..)
                .required(true)
                .help("Manifests: a folder with .yaml, .yml and .json files at any depth, a file, or - for standard input"),
        )
        .arg(
            Arg::new("registry")
                .long("registry")
                .value_name("NAME")
                .action(ArgAction::Append)
                .help("A registry that the cluster pulls from, by name or login server; may be given more than once. Without it every registry of Azure counts as one"),
        )
        .arg(path("images-file").long("images-file").help("The list [default: images.txt]"))
        .arg(path("json").long("json").help("Where to write what was found as JSON"))
        .arg(
            Arg::new("write")
                .long("write")
                .action(ArgAction::SetTrue)
                .help("Add the missing lines to the end of the list"),
        )
        .after_help(
            "Charts are rendered first: helm template CHART | acr-sync scan -\n\n\
             Exit codes: 0 nothing is missing, or all of it was added; 2 something is missing; 1 something is wrong.",
        )
}

fn of_list(name: &'static str, about: &'static str) -> clap::Command {
    let command = clap::Command::new(name)
        .about(about)
        .arg(Arg::new("file").value_name("FILE").help("The list [default: images.txt]"))
        .arg(
            Arg::new("all")
                .long("all")
                .action(ArgAction::SetTrue)
                .conflicts_with("base")
                .help("Take the whole list, without a base"),
        );
    with(command, flags())
}

fn of_doctor() -> clap::Command {
    let command = clap::Command::new("doctor")
        .about("Finds out why AKS clusters cannot pull from the registry; changes nothing")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .help("The list whose images they pull [default: images.txt, where it is]")
                .value_parser(PathBufValueParser::new()),
        )
        .arg(
            Arg::new("cluster")
                .long("cluster")
                .value_name("ID")
                .action(ArgAction::Append)
                .value_parser(str::parse::<Cluster>)
                .help("The resource id of a cluster [default: `pull-check` of acr-sync.yaml]"),
        )
        .after_help(
            "Exit codes: 0 nothing is known to be wrong, 1 a pull fails, or nothing could be asked of a cluster.",
        );
    with(command, sign_in::flags())
}

#[cfg(feature = "emulator")]
fn with_stand_in(program: clap::Command) -> clap::Command {
    use clap::value_parser;
    let path =
        |name: &'static str| Arg::new(name).long(name).value_name("PATH").value_parser(PathBufValueParser::new());
    let number = |name: &'static str, unit: &'static str| {
        Arg::new(name).long(name).value_name(unit).value_parser(value_parser!(u64))
    };
    program
        .subcommand(
            clap::Command::new("demo")
                .about("Plays a pull request, its plan and its merge on a stand-in for Azure; no account, no network")
                .arg(
                    Arg::new("all")
                        .long("all")
                        .action(clap::ArgAction::SetTrue)
                        .help("Plays every section of `acr-sync.yaml` too"),
                ),
        )
        .subcommand(
            clap::Command::new("emulator")
                .about("Serves the stand-in for Azure on loopback, for az, skopeo and this program")
                .arg(
                    Arg::new("port")
                        .long("port")
                        .value_name("PORT")
                        .value_parser(value_parser!(u16))
                        .help("The port; any free one without it"),
                )
                .arg(number("import-latency", "MILLISECONDS").help("How long an import takes [default: 300]"))
                .arg(
                    number("poll-retry-after", "SECONDS").help("What an import's polls are told to wait [default: 10]"),
                )
                .arg(path("data").help("A folder that keeps the registries; in memory without it"))
                .arg(path("ca-file").help("Where to write the certificate of its authority"))
                .arg(path("port-file").help("Where to write the port once it serves")),
        )
}

#[cfg(not(feature = "emulator"))]
fn with_stand_in(program: clap::Command) -> clap::Command {
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, Message> {
        read(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_command_line_is_well_formed() {
        program().debug_assert();
    }

    #[test]
    fn flags_become_inputs() {
        let command = parse("acr-sync plan list.txt --registry contoso --base main").unwrap();
        let Command::List { mode: Mode::Plan, scope: Scope::Changed, inputs } = command else {
            unreachable!("plan was given")
        };
        let given = |name: &str| inputs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(
            (given("registry"), given("base"), given("images-file")),
            (Some("contoso"), Some("main"), Some("list.txt"))
        );
    }

    #[test]
    fn secrets_cannot_be_given_as_arguments() {
        for name in ["client-secret", "docker-password", "credentials"] {
            assert!(parse(&format!("acr-sync plan --{name} x")).is_err(), "{name}");
        }
    }

    #[test]
    fn no_command_is_the_action() {
        assert!(matches!(parse("acr-sync"), Ok(Command::Action)));
    }
}

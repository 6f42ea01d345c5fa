//! The front door.

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode, time::Duration};

#[derive(Parser)]
#[command(version, about)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a stand-in for Azure and the source registries on this machine
    #[cfg(feature = "emulator")]
    Emulator(EmulatorOptions),
}

#[cfg(feature = "emulator")]
#[derive(clap::Args)]
struct EmulatorOptions {
    /// Port on 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Directory that keeps the registries from one run to the next
    #[arg(long)]
    data: Option<PathBuf>,
    /// File to write the CA certificate to
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// File to write the port to, once the emulator answers
    #[arg(long)]
    port_file: Option<PathBuf>,
    /// Milliseconds that an import takes
    #[arg(long)]
    import_latency: Option<u64>,
    /// Seconds that clients are told to wait between polls of an import
    #[arg(long)]
    poll_retry_after: Option<u64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Line::parse().command {
        #[cfg(feature = "emulator")]
        Command::Emulator(options) => {
            let options = acr_sync::emulator::Options {
                port: options.port,
                data: options.data,
                ca_file: options.ca_file,
                port_file: options.port_file,
                import_latency: options.import_latency.map(Duration::from_millis),
                poll_retry_after: options.poll_retry_after,
            };
            acr_sync::emulator::serve(options, std::io::stdout()).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

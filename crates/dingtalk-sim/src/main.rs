//! `dingtalk-sim`: the simulator as a program, for demos and for tests from outside.

use std::{io::IsTerminal as _, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Parser;
use dingtalk_sim::{FailedShape, FieldNames, OwnerKey, Sim, SimConfig, company};
use tokio::signal::unix::{SignalKind, signal};

/// A simulator of the `DingTalk` cloud: logins, directory, and events of a fictitious company.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "SIM_LISTEN", default_value = "127.0.0.1:9080")]
    listen: SocketAddr,
    /// URL under which browsers reach the simulator, if it is not that address
    #[arg(long, env = "SIM_PUBLIC_URL")]
    public_url: Option<String>,
    /// URL to which events are pushed, e.g. `http://127.0.0.1:8080/dingtalk/events`
    #[arg(long, env = "SIM_CALLBACK_URL")]
    callback_url: Option<String>,
    #[arg(long, env = "SIM_CORP_ID")]
    corp_id: Option<String>,
    #[arg(long, env = "SIM_APP_KEY")]
    app_key: Option<String>,
    #[arg(long, env = "SIM_APP_SECRET", hide_env_values = true)]
    app_secret: Option<String>,
    #[arg(long, env = "SIM_LOGIN_APP_ID")]
    login_app_id: Option<String>,
    #[arg(long, env = "SIM_LOGIN_APP_SECRET", hide_env_values = true)]
    login_app_secret: Option<String>,
    #[arg(long, env = "SIM_CALLBACK_TOKEN", hide_env_values = true)]
    callback_token: Option<String>,
    /// 43 letters and digits
    #[arg(long, env = "SIM_CALLBACK_AES_KEY", hide_env_values = true)]
    callback_aes_key: Option<String>,
    /// Owner key at the end of each encrypted message
    #[arg(long, env = "SIM_OWNER_KEY", value_enum, default_value = "appkey")]
    owner_key: OwnerKey,
    /// Spelling of the events' fields
    #[arg(long, env = "SIM_FIELDS", value_enum, default_value = "pascal")]
    fields: FieldNames,
    /// Host that a login's `redirect_uri` must have
    #[arg(long, env = "SIM_CALLBACK_DOMAIN", default_value = "127.0.0.1")]
    callback_domain: String,
    /// Shape of the entries of the failed list
    #[arg(long, env = "SIM_FAILED_SHAPE", value_enum, default_value = "current")]
    failed_shape: FailedShape,
    /// Starts with a generated company of this many people instead of the demo company
    #[arg(long, env = "SIM_PEOPLE", value_name = "N")]
    people: Option<usize>,
    /// Departments of the generated company
    #[arg(
        long,
        env = "SIM_DEPARTMENTS",
        value_name = "M",
        default_value = "2000",
        requires = "people"
    )]
    departments: usize,
    /// Allowed calls of one API in any second; more are refused with 90018
    #[arg(
        long,
        env = "SIM_CALLS_PER_SECOND",
        value_name = "N",
        default_value = "20"
    )]
    calls_per_second: usize,
    /// Seconds by which the simulator's clock is ahead; negative: behind
    #[arg(
        long,
        env = "SIM_CLOCK_SKEW",
        value_name = "SECONDS",
        default_value = "0",
        allow_negative_numbers = true
    )]
    clock_skew: i64,
    /// A bundle of the npm package `dingtalk-jsapi`, served as `/jsapi/dingtalk.open.js`
    #[arg(long, env = "SIM_JSAPI", value_name = "FILE")]
    jsapi: Option<PathBuf>,
    /// Userid of the person signed in to `DingTalk` in browsers that say they are `DingTalk`
    #[arg(long, env = "SIM_IN_APP_AS", value_name = "USERID")]
    in_app_as: Option<String>,
    /// The demo company's leaver still works there at the first start, and can be dismissed
    #[arg(long, env = "SIM_LEAVER_WORKS")]
    leaver_works: bool,
    /// JSON file that keeps the company and its events across runs
    #[arg(long, env = "SIM_STATE", value_name = "FILE")]
    state: Option<PathBuf>,
}

impl Arguments {
    /// Returns the settings; those not given are the demo company's.
    fn into_config(self) -> anyhow::Result<SimConfig> {
        let directory = match self.people {
            Some(people) => Some(company::large(self.departments, people)?),
            None if self.leaver_works => Some(company::before_the_leaving()?),
            None => None,
        };
        let mut config = SimConfig {
            listen: self.listen,
            public_url: self.public_url,
            check_url_at_start: self.callback_url.is_some(),
            callback_url: self.callback_url,
            owner_key: self.owner_key,
            fields: self.fields,
            callback_domain: self.callback_domain,
            jsapi: self.jsapi,
            in_app_as: self.in_app_as,
            state_file: self.state,
            failed_shape: self.failed_shape,
            calls_per_second: self.calls_per_second,
            clock_skew: self.clock_skew,
            directory,
            ..SimConfig::default()
        };
        for (slot, given) in [
            (&mut config.corp_id, self.corp_id),
            (&mut config.app_key, self.app_key),
            (&mut config.app_secret, self.app_secret),
            (&mut config.login_app_id, self.login_app_id),
            (&mut config.login_app_secret, self.login_app_secret),
            (&mut config.callback_token, self.callback_token),
            (&mut config.callback_aes_key, self.callback_aes_key),
        ] {
            if let Some(given) = given {
                *slot = given;
            }
        }
        Ok(config)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let config = Arguments::parse().into_config();
    let outcome = async { run(config?).await };
    match outcome.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dingtalk-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until SIGINT or SIGTERM.
async fn run(config: SimConfig) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let sim = Sim::start(config)?;
    println!("dingtalk-sim listens on {}", sim.url());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    sim.stop();
    Ok(())
}

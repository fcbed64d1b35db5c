//! The partner simulators: one server that speaks each partner's wire protocol and can be scripted per test.
//!
//! `sandbox --port 4700` serves `/{partner}/...`; `/_control/...` scripts it (see [`control`]), `/_provider/...` are those whom
//! a marketplace's orders are for (see [`provider`]), and `/_health` says it is up. Every answer carries `X-Simulated: true`.
//! A new partner is one module and one line in [`partners`].

mod alphabet;
mod answer;
mod bqs;
mod control;
mod customer;
mod environment;
mod form;
mod json;
mod lex;
mod mmob;
mod money;
mod proposals;
mod provider;
mod script;
mod server;
mod socket;
#[cfg(test)]
mod tests;
mod webhook;

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use clap::Parser;
use tokio::net::TcpListener;

use crate::server::Partner;

#[derive(Parser)]
#[command(about = "Simulates the hub's partners")]
struct Options {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 4700)]
    port: u16,
    /// The address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
}

fn partners() -> Vec<Box<dyn Partner>> {
    vec![
        Box::new(alphabet::Alphabet::new(alphabet::Credentials::from_environment())),
        Box::new(bqs::Bqs::from_environment()),
        Box::new(lex::Lex::new(lex::Credentials::from_environment())),
        Box::new(mmob::Mmob::from_environment()),
    ]
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind((options.host, options.port)).await?;
    announce(&listener)?;
    server::serve(listener, partners()).await
}

#[expect(clippy::print_stdout, reason = "whoever started the process waits for this line")]
fn announce(listener: &TcpListener) -> io::Result<()> {
    println!("sandbox listening on http://{}", listener.local_addr()?);
    Ok(())
}

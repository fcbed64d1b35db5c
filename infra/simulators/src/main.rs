//! The partner simulators: one server that speaks each partner's wire protocol and that tests can script.
//!
//! `simulators --port 4700` serves each partner below `/{partner}/...`. Tests script the partners through
//! `/_control/...` (see [`control`]). `/_provider/...` simulates the providers that fulfil a marketplace's orders (see
//! [`provider`]), and `/_receiver/...` the endpoints of subscribers (see [`receiver`]). `/_health` answers 200 when the
//! server is up. Every response carries `X-Simulated: true`.
//!
//! A new partner needs one module and one line in [`partners`].

mod alphabet;
mod answer;
mod body;
mod bqs;
mod clock;
mod control;
mod customer;
mod delivery;
mod environment;
mod form;
mod json;
mod lex;
mod mmob;
mod money;
mod partner;
mod proposals;
mod provider;
mod receiver;
mod recorder;
mod script;
mod server;
mod signature;
mod socket;
mod state;
#[cfg(test)]
mod tests;
mod webhook;

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use clap::Parser;
use tokio::net::TcpListener;

use crate::partner::Partner;

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
        Box::new(alphabet::Alphabet::from_environment()),
        Box::new(bqs::Bqs::from_environment()),
        Box::new(lex::Lex::from_environment()),
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

#[expect(
    clippy::print_stdout,
    reason = "the process that started the simulators waits for this line"
)]
fn announce(listener: &TcpListener) -> io::Result<()> {
    println!("simulators listening on http://{}", listener.local_addr()?);
    Ok(())
}

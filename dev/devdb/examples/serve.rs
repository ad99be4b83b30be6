//! Runs devdb by itself: `serve ADDRESS [tls] [--like SERVER] [FAULT...]`, e.g.
//! `serve 127.0.0.1:1433 tls commit:3:drop-after` or `serve 127.0.0.1:1433 --like babelfish`.
//!
//! User `xmlx`, password `xmlx`, everything gone at the end.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use anyhow::Context;
use xmlx_devdb::{Fault, Faults, Like, Options, Server, Storage, Tls};

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1).peekable();
    let listen = args.next().context("an ADDRESS to listen on")?.parse()?;
    let tls = if args.next_if(|arg| arg == "tls").is_some() { Tls::SelfSigned } else { Tls::Off };
    let like = match args.next_if(|arg| arg == "--like") {
        Some(_) => args.next().context("a SERVER to be like")?.parse()?,
        None => Like::SqlServer,
    };
    let faults = Faults::none();
    for text in args {
        faults.add(text.parse::<Fault>()?);
    }
    let server = Server::start(Options {
        listen,
        data: Storage::Memory,
        user: "xmlx".to_owned(),
        password: "xmlx".to_owned(),
        tls,
        faults,
        like,
    })?;
    println!("{}", server.connection_string());
    loop {
        std::thread::park();
    }
}

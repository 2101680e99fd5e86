//! Server settings that affect us.

use super::Check;
use crate::store::diagnosis::Server;

pub const ENCODING: &str = "encoding";
pub const DURABILITY: &str = "durability";

/// Checks whether the database can store every text.
pub fn encoding(server: &Server) -> Check {
    match server.encoding.as_str() {
        "UTF8" => Check::ok(ENCODING, "the database is encoded as UTF8"),
        other => Check::failure(
            ENCODING,
            format!("the database is encoded as {other}, which cannot hold every name"),
            "create another one with CREATE DATABASE <name> ENCODING 'UTF8' TEMPLATE template0, and let DATABASE_URL name it",
        ),
    }
}

/// Checks whether committed data survives a server crash.
pub fn durability(server: &Server) -> Check {
    let mut off = Vec::new();
    let mut actions = Vec::new();
    if server.fsync == "off" {
        off.push("fsync is off: a crash of the machine can destroy the database");
        actions.push("fsync = on");
    }
    if server.full_page_writes == "off" {
        off.push("full_page_writes is off: a crash of the machine can destroy pages");
        actions.push("full_page_writes = on");
    }
    if server.synchronous_commit == "off" {
        off.push(
            "synchronous_commit is off: Dinggate switches it on for itself, and other programs can lose what they have committed",
        );
        actions.push("synchronous_commit = on");
    }
    if off.is_empty() {
        return Check::ok(
            DURABILITY,
            "what is committed survives a crash of the server",
        );
    }
    let action = format!("set {} in postgresql.conf", actions.join(" and "));
    Check::warning(DURABILITY, off.join("; "), action)
}

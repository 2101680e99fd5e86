//! Server settings that affect us.

use super::Check;
use crate::store::diagnosis::Server;
use crate::text::commands::doctor::database as texts;

pub const ENCODING: &str = "encoding";
pub const DURABILITY: &str = "durability";

/// Checks whether the database can store every text.
pub fn encoding(server: &Server) -> Check {
    match server.encoding.as_str() {
        "UTF8" => Check::ok(ENCODING, texts::UTF8),
        other => Check::failure(ENCODING, texts::other_encoding(other), texts::CREATE_UTF8),
    }
}

/// Checks whether committed data survives a server crash.
pub fn durability(server: &Server) -> Check {
    let mut off = Vec::new();
    let mut actions = Vec::new();
    if server.fsync == "off" {
        off.push(texts::FSYNC_OFF);
        actions.push("fsync = on");
    }
    if server.full_page_writes == "off" {
        off.push(texts::FULL_PAGE_WRITES_OFF);
        actions.push("full_page_writes = on");
    }
    if server.synchronous_commit == "off" {
        off.push(texts::SYNCHRONOUS_COMMIT_OFF);
        actions.push("synchronous_commit = on");
    }
    if off.is_empty() {
        return Check::ok(DURABILITY, texts::DURABLE);
    }
    let action = texts::set_in_postgresql_conf(actions.join(" and "));
    Check::warning(DURABILITY, off.join("; "), action)
}

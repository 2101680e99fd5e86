//! Debian's PgBouncer between the program and the Postgres of the tests.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{ConnectOptions as _, PgPool};

use crate::outages::own_postgres::is_root;
use crate::support::{eventually, free_port};

/// A running PgBouncer; ended when dropped.
pub struct Bouncer {
    /// The address of the pool's database through it.
    pub url: String,
    folder: PathBuf,
    child: Child,
}

impl Bouncer {
    /// `mode` is PgBouncer's `pool_mode`, `size` the number of its connections to the server.
    pub async fn start(pool: &PgPool, mode: &str, size: u32) -> Self {
        let server = pool.connect_options();
        let url = server.to_url_lossy();
        let password = percent_encoding::percent_decode_str(url.password().unwrap_or_default());
        let password = password.decode_utf8().unwrap().into_owned();
        let (host, port) = (server.get_host(), server.get_port());
        let (user, own_port) = (server.get_username(), free_port());
        let folder =
            std::env::temp_dir().join(format!("dinggate-test-pooler.{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let ini = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port} user={user} password='{password}'\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own_port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\nmax_client_conn = 300\n"
        );
        std::fs::write(&ini, text).unwrap();
        let mut command = Command::new("pgbouncer");
        #[expect(clippy::disallowed_methods, reason = "no setting of the product's")]
        let path = std::env::var("PATH").unwrap_or_default();
        // Debian keeps it where other users than root do not look.
        command.env("PATH", format!("{path}:/usr/sbin"));
        if is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command
            .arg(&ini)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PgBouncer (Debian's package pgbouncer)");
        let url = (*server).clone().host("127.0.0.1").port(own_port);
        let bouncer = Self {
            url: url.to_url_lossy().to_string(),
            folder,
            child,
        };
        eventually("PgBouncer listens", Duration::from_secs(10), async || {
            tokio::net::TcpStream::connect(("127.0.0.1", own_port))
                .await
                .is_ok()
        })
        .await;
        bouncer
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

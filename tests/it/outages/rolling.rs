//! A rolling restart of two instances behind nginx.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dingtalk_sim::company;
use sqlx::PgPool;

use super::{Process, SOON, Scene, event, push};
use crate::support::{Browser, Settings, eventually, free_port, reqwest_client};

/// nginx with a configuration as docs/operations.md has it, in a directory of its own.
struct Nginx {
    url: String,
    child: Child,
    directory: PathBuf,
}

impl Nginx {
    fn start(backends: &[String]) -> Self {
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("dinggate-nginx-{port}"));
        std::fs::create_dir_all(&directory).unwrap();
        let servers: Vec<String> = backends
            .iter()
            .map(|backend| {
                format!(
                    "server {} max_fails=0;",
                    backend.trim_start_matches("http://")
                )
            })
            .collect();
        let servers = servers.join("\n");
        let own = directory.display();
        let config = format!(
            "pid {own}/pid;\nerror_log {own}/error.log;\nevents {{ worker_connections 512; }}\n\
             http {{\naccess_log off;\nclient_body_temp_path {own}/body;\nproxy_temp_path {own}/proxy;\n\
             fastcgi_temp_path {own}/fastcgi;\nuwsgi_temp_path {own}/uwsgi;\nscgi_temp_path {own}/scgi;\n\
             upstream dinggate {{\n{servers}keepalive 16;\n}}\n\
             server {{\nlisten 127.0.0.1:{port};\nlocation / {{\nproxy_pass http://dinggate;\n\
             proxy_http_version 1.1;\nproxy_set_header Connection \"\";\nproxy_set_header Host $host;\n\
             proxy_connect_timeout 2s;\nproxy_next_upstream error timeout http_503;\n\
             proxy_next_upstream_tries 2;\n}}\nlocation = /dingtalk/events {{\nproxy_pass http://dinggate;\n\
             proxy_http_version 1.1;\nproxy_set_header Connection \"\";\nproxy_set_header Host $host;\n\
             proxy_connect_timeout 2s;\nproxy_next_upstream error timeout http_503 non_idempotent;\n\
             proxy_next_upstream_tries 2;\n}}\n}}\n}}\n"
        );
        let file = directory.join("nginx.conf");
        std::fs::write(&file, config).unwrap();
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .unwrap_or("nginx");
        let child = Command::new(program)
            .arg("-p")
            .arg(&directory)
            .arg("-c")
            .arg(&file)
            .args(["-g", "daemon off; master_process off;"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is installed");
        Self {
            url: format!("http://127.0.0.1:{port}"),
            child,
            directory,
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.directory.join("error.log"));
            eprintln!("nginx: {}", log.unwrap_or_default());
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn at_port(settings: &Settings, port: u16) -> Settings {
    let mut settings = settings.clone();
    settings.insert("DINGGATE_LISTEN".to_owned(), format!("127.0.0.1:{port}"));
    settings
}

/// Stops an instance and starts it again at once, as a deployment does.
async fn restart(process: &mut Process, settings: &Settings) {
    process.terminate();
    assert_eq!(process.ended(SOON).await, Some(0));
    *process = Process::start(settings);
    process.wait_until_ready().await;
}

/// Asks for pages until told to stop; returns how many were asked for.
async fn visit(
    mut browser: Browser,
    path: &'static str,
    status: u16,
    stop: Arc<AtomicBool>,
) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let answer = browser.get(path).await;
        assert_eq!(
            answer.status, status,
            "{path} after {count}: {}",
            answer.body
        );
        count += 1;
    }
    count
}

#[sqlx::test]
async fn a_rolling_restart_behind_nginx_fails_no_request(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let all = [free_port(), free_port()].map(|port| at_port(&scene.settings, port));
    let mut processes = all.each_ref().map(Process::start);
    for process in &processes {
        process.wait_until_ready().await;
    }
    let nginx = Nginx::start(&processes.each_ref().map(|process| process.url.clone()));
    eventually("nginx answers", SOON, async || {
        let answer = reqwest_client().get(format!("{}/healthz", nginx.url));
        answer
            .send()
            .await
            .is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    let signed_in = scene.signed_in(&processes[0], &scene.people(1)[0]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut visitors = Vec::new();
    for (path, status) in [("/", 200), ("/login", 200), ("/", 200), ("/nowhere", 404)] {
        let browser = signed_in.at(&nginx.url);
        let browser = if path == "/login" {
            Browser::new(&nginx.url, scene.sim.clone())
        } else {
            browser
        };
        visitors.push(tokio::spawn(visit(
            browser,
            path,
            status,
            Arc::clone(&stop),
        )));
    }
    let (sim, url, pushing) = (scene.sim.clone(), nginx.url.clone(), Arc::clone(&stop));
    let stored = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&stored);
    let events = tokio::spawn(async move {
        while !pushing.load(Ordering::Relaxed) {
            let n = counter.load(Ordering::Relaxed);
            let callback = sim.encrypt_event(&event(
                &format!("roll-{n}"),
                "org_dept_modify",
                company::EMPLOYEE,
            ));
            let answer = push(&url, &callback).await.expect("an answer");
            assert_eq!(answer.status, 200, "{}", answer.body);
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    for (process, settings) in processes.iter_mut().zip(&all) {
        restart(process, settings).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for visitor in visitors {
        assert!(visitor.await.unwrap() > 10);
    }
    events.await.unwrap();
    assert!(stored.load(Ordering::Relaxed) > 10);
}

//! A browser's window: what a person does there, and what they see.

mod wire;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::driver::Driver;
use wire::Post;

/// How long a page may take to show what is expected.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a browser is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    Chinese,
    English,
    /// English, in a browser whose settings forbid scripts.
    WithoutScript,
}

/// An open window.
pub struct Window {
    client: Client,
}

/// Opens a browser for a visit. What a page complains of in the browser's console, such as a violation of
/// the Content-Security-Policy, fails the test; a failure leaves a picture in `target/screenshots/`.
pub async fn visit(visitor: Visitor, test: impl AsyncFnOnce(&Window)) {
    let driver = Driver::get();
    let profile = Profile::new();
    let window = Window {
        client: wire::connect(&driver.url(), &wire::capabilities(visitor, &profile.0)).await,
    };
    let outcome = AssertUnwindSafe(async {
        test(&window).await;
        let complaints = window.complaints().await;
        assert!(complaints.is_empty(), "the console says: {complaints:#?}");
    });
    let outcome = outcome.catch_unwind().await;
    if outcome.is_err() {
        window.leave_picture().await;
    }
    // Where the browser does not answer any more, chromedriver's end ends it.
    let _ = window.client.close().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

impl Window {
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The first element that a CSS selector finds, as soon as there is one.
    pub async fn find(&self, css: &str) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .every(Duration::from_millis(30))
            .for_element(Locator::Css(css))
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("there is no {css} ({error}) at {}", self.describe().await),
        }
    }

    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        if let Err(error) = element.click().await {
            panic!(
                "{css} cannot be clicked ({error}) at {}",
                self.describe().await
            );
        }
    }

    pub async fn write(&self, css: &str, text: &str) {
        self.find(css).await.send_keys(text).await.unwrap();
    }

    /// How many elements a CSS selector finds now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    pub async fn is_shown(&self, css: &str) -> bool {
        self.find(css).await.is_displayed().await.unwrap()
    }

    /// Waits until the page shows this text.
    pub async fn sees(&self, text: &str) {
        self.until(&format!("“{text}” is not on the page"), async || {
            self.text().await.contains(text)
        })
        .await;
    }

    /// Waits until the window is at this address.
    pub async fn is_at(&self, url: &str) {
        self.until(&format!("the window is not at {url}"), async || {
            self.url().await == url
        })
        .await;
    }

    /// Waits until the address begins like this.
    pub async fn is_below(&self, url: &str) {
        self.until(&format!("the window is not at {url}…"), async || {
            self.url().await.starts_with(url)
        })
        .await;
    }

    pub async fn url(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// The text that can be seen; none while one page gives way to the next.
    pub async fn text(&self) -> String {
        let text = self
            .client
            .execute("return document.body.innerText", Vec::new())
            .await;
        text.ok()
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Runs a script in the page, or in the frame that was entered.
    pub async fn run(&self, script: &str, args: Vec<Value>) -> Value {
        self.client.execute(script, args).await.unwrap()
    }

    /// Runs a script that gives its result to its last argument, a function.
    pub async fn run_to_its_end(&self, script: &str, args: Vec<Value>) -> Value {
        self.client.execute_async(script, args).await.unwrap()
    }

    /// From now on the reader prefers `light` or `dark`, and that nothing moves from the one to the other.
    pub async fn prefers(&self, scheme: &str) {
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.post(
            "goog/cdp/execute",
            json!({"cmd": "Emulation.setEmulatedMedia", "params": features}),
        )
        .await;
    }

    /// Turns to what is inside a frame.
    pub async fn enter_frame(&self, css: &str) {
        self.find(css).await.enter_frame().await.unwrap();
    }

    /// Turns back to the page around the frames.
    pub async fn leave_frame(&self) {
        self.post("frame", json!({"id": null})).await;
    }

    /// Somebody scans the code of the login page: a click in DingTalk's frame.
    pub async fn scan_in_frame(&self, unionid: &str) {
        self.enter_frame("iframe.qr-frame").await;
        self.click(&format!("button[value='{unionid}']")).await;
        self.leave_frame().await;
    }

    /// Makes the page as wide as that; a narrow one is a phone's.
    pub async fn resize(&self, width: u32) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// From now on the browser calls itself by this `User-Agent`.
    pub async fn calls_itself(&self, user_agent: &str) {
        self.devtools(
            "Emulation.setUserAgentOverride",
            json!({"userAgent": user_agent}),
        )
        .await;
    }

    /// Runs a script in every page from now on, before the page's own and whatever its policy: what an app
    /// does with the pages in it.
    pub async fn runs_first(&self, script: &str) {
        self.devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({"source": script}),
        )
        .await;
    }

    /// A command of Chromium's developer tools.
    pub async fn devtools(&self, command: &str, parameters: Value) {
        self.post(
            "goog/cdp/execute",
            json!({"cmd": command, "params": parameters}),
        )
        .await;
    }

    /// What the console has said so far is no fault of the page's.
    pub async fn forget_complaints(&self) {
        self.complaints().await;
    }

    /// What the console says since it was read last. That a page answered 403 is no complaint of the
    /// page's, nor are DingTalk's pictures, which are out of reach here.
    async fn complaints(&self) -> Vec<String> {
        let log = self.post("se/log", json!({"type": "browser"})).await;
        let is_complaint = |entry: &&Value| {
            entry["source"] != "network" || entry["message"].to_string().contains("/static/")
        };
        log.as_array()
            .unwrap()
            .iter()
            .filter(is_complaint)
            .map(ToString::to_string)
            .collect()
    }

    async fn post(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Post { path, body }).await.unwrap()
    }

    async fn until(&self, otherwise: &str, mut holds: impl AsyncFnMut() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds().await {
            assert!(
                Instant::now() < end,
                "{otherwise}; instead: {}",
                self.describe().await
            );
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    async fn describe(&self) -> String {
        format!("{}\n{}", self.url().await, self.text().await)
    }

    async fn leave_picture(&self) {
        static PICTURES: AtomicU32 = AtomicU32::new(0);
        let folder = target().join("screenshots");
        let name = std::thread::current()
            .name()
            .unwrap_or("test")
            .replace("::", "-");
        let file = folder.join(format!(
            "{name}-{}.png",
            PICTURES.fetch_add(1, Ordering::Relaxed)
        ));
        let Ok(picture) = self.client.screenshot().await else {
            return;
        };
        if std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&file, picture))
            .is_ok()
        {
            eprintln!("what the browser showed: {}", file.display());
        }
    }
}

/// The folder of all that is built.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// A folder for what a browser remembers, gone with the visit.
struct Profile(PathBuf);

impl Profile {
    fn new() -> Self {
        static PROFILES: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "chromium-{}-{}",
            std::process::id(),
            PROFILES.fetch_add(1, Ordering::Relaxed)
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Profile {
    /// A browser that is still ending may put a file back; the folder lies in `target` all the same.
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

//! axe-core looks at a page: nothing serious may keep anybody from using it.

use std::sync::LazyLock;

use serde_json::Value;

use crate::window::Window;

/// What a reader's system prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// axe-core as npm has it; none where whoever runs the tests could not have it.
static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the tests says where axe-core is"
    )]
    let file = std::env::var_os("AXE_CORE");
    if file.is_none() {
        eprintln!("left out: AXE_CORE is not set, so that axe-core looks at no page");
    }
    file.map(|file| std::fs::read_to_string(file).unwrap())
});

/// Gives the serious findings as sentences. What is folded away is unfolded first; DingTalk's frame is not ours.
const LOOK: &str = "var done = arguments[arguments.length - 1];
    document.querySelectorAll('details').forEach(function (part) { part.open = true; });
    axe.run(document, { iframes: false, resultTypes: ['violations'] }).then(function (found) {
      done(found.violations.filter(function (fault) {
        return fault.impact === 'serious' || fault.impact === 'critical';
      }).map(function (fault) {
        return fault.id + ' (' + fault.impact + '): ' + fault.nodes.slice(0, 3).map(function (node) {
          return node.html.slice(0, 160) + ' ' + node.failureSummary;
        }).join(' | ');
      }));
    }, function (error) { done(['axe-core failed: ' + error]); });";

/// Fails where axe-core finds something serious or critical in the page as it is now.
pub async fn assert_accessible(window: &Window, schemes: &[Scheme]) {
    let Some(axe) = AXE.as_deref() else { return };
    window
        .run(&format!("if (!window.axe) {{ {axe} }}"), Vec::new())
        .await;
    for scheme in schemes {
        window
            .prefers(match scheme {
                Scheme::Light => "light",
                Scheme::Dark => "dark",
            })
            .await;
        let faults = window.run_to_its_end(LOOK, Vec::new()).await;
        assert_eq!(
            faults,
            Value::Array(Vec::new()),
            "{scheme:?}: {}",
            window.url().await
        );
    }
    window
        .run(
            "document.querySelectorAll('details').forEach(function (part) { part.open = false; })",
            Vec::new(),
        )
        .await;
}

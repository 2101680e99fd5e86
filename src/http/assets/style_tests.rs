//! Checks of the style sheets: contrast, size, and no features unsupported by older web views.

use std::collections::HashMap;

const TOKENS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/tokens.css"));
const COMPONENTS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/static/components.css"
));
const NOSCRIPT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/noscript.css"));

/// The colours of one scheme by their names.
type Colours = HashMap<&'static str, [f64; 3]>;

fn read(css: &'static str) -> Colours {
    let declarations = css
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": "));
    declarations
        .filter_map(|(name, value)| Some((name, channels(value.trim_end_matches(';'))?)))
        .collect()
}

fn channels(value: &str) -> Option<[f64; 3]> {
    let hex = value.strip_prefix('#').filter(|hex| hex.len() == 6)?;
    let channel = |at: usize| {
        u8::from_str_radix(&hex[at..at + 2], 16)
            .ok()
            .map(|n| f64::from(n) / 255.0)
    };
    Some([channel(0)?, channel(2)?, channel(4)?])
}

fn schemes() -> [(&'static str, Colours); 2] {
    let (light, dark) = TOKENS.split_once("@media").unwrap();
    let light = read(light);
    let mut both = light.clone();
    both.extend(read(dark));
    [("light", light), ("dark", both)]
}

/// Returns the contrast ratio as WCAG 2 defines it.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let linear = |c: f64| {
        if c <= 0.03928 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    let luminance =
        |[r, g, b]: [f64; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn check(pairs: &[(&str, &str)], least: f64) {
    for (scheme, colours) in schemes() {
        for (front, back) in pairs {
            let found = contrast(colours[front], colours[back]);
            assert!(
                found >= least,
                "{scheme}: {front} on {back} is {found:.2}, needs {least}"
            );
        }
    }
}

#[test]
fn text_stands_out_from_its_ground() {
    let grounds = ["ground", "surface", "sunken"];
    for ground in grounds {
        check(
            &[
                ("text", ground),
                ("muted", ground),
                ("link", ground),
                ("danger-text", ground),
                ("ok-text", ground),
            ],
            4.5,
        );
    }
    check(
        &[
            ("on-accent", "accent"),
            ("on-accent", "accent-hover"),
            ("link", "accent-soft"),
        ],
        4.5,
    );
    check(
        &[
            ("on-danger", "danger"),
            ("on-danger", "danger-hover"),
            ("on-ok", "ok"),
            ("on-ok", "ok-hover"),
        ],
        4.5,
    );
    for (text, surface) in [
        ("ok-text", "ok-surface"),
        ("warn-text", "warn-surface"),
        ("danger-text", "danger-surface"),
        ("neutral-text", "neutral-surface"),
    ] {
        check(&[(text, surface)], 4.5);
    }
}

#[test]
fn controls_and_the_focus_stand_out_from_their_ground() {
    for ground in ["ground", "surface", "sunken"] {
        check(
            &[("control", ground), ("focus", ground), ("accent", ground)],
            3.0,
        );
    }
}

#[test]
fn contrast_is_measured_as_wcag_does() {
    let [black, white, grey] = [[0.0; 3], [1.0; 3], channels("#767676").unwrap()];
    assert!((contrast(black, white) - 21.0).abs() < 1e-9);
    assert!((contrast(white, grey) - 4.54).abs() < 0.01);
}

#[test]
fn every_value_that_is_used_is_given() {
    let given: Vec<&str> = [TOKENS, COMPONENTS]
        .iter()
        .flat_map(|css| css.lines())
        .filter_map(|line| Some(line.trim().split_once(':')?.0))
        .collect();
    for css in [TOKENS, COMPONENTS, NOSCRIPT] {
        for used in css
            .split("var(")
            .skip(1)
            .filter_map(|rest| rest.split([')', ',']).next())
        {
            assert!(given.contains(&used), "{used}");
        }
    }
}

#[test]
fn the_sheets_are_small_and_older_web_views_read_them() {
    let sent = [TOKENS, COMPONENTS, NOSCRIPT].map(|css| super::compact(css.as_bytes()).len());
    assert!(sent.iter().sum::<usize>() < 30_000, "{sent:?}");
    let unknown = [
        ":has(",
        ":is(",
        ":where(",
        "aspect-ratio",
        "inset:",
        "inset-",
        "light-dark(",
        "color-mix(",
        "@container",
        "@layer",
        "@import",
        "dvh",
        "svh",
        "&",
        "oklch",
    ];
    for css in [TOKENS, COMPONENTS, NOSCRIPT] {
        for name in unknown {
            assert!(!css.contains(name), "{name}");
        }
    }
}

#[test]
fn gaps_are_only_used_in_grids() {
    for block in COMPONENTS.split('}').filter(|block| block.contains("gap:")) {
        assert!(block.contains("display: grid"), "{block}");
    }
}

#[test]
fn the_colours_of_apps_are_all_there_and_white_reads_well_on_each() {
    for name in crate::domain::app::COLOURS {
        let rule = format!(".hue-{name} {{\n  background: ");
        let (_, tail) = COMPONENTS.split_once(&rule).unwrap();
        let colour = channels(tail.split(';').next().unwrap()).unwrap();
        let ratio = contrast([1.0; 3], colour);
        assert!(ratio >= 4.5, "{name}: {ratio}");
    }
}

//! The company's own name, logo and colour on the pages.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest as _, Sha256};

use crate::config::{BrandConfig, Logo};
use crate::context::Context;
use crate::domain::colour::{Colour, FOR_CONTROLS, FOR_TEXT};

/// The name used if the company has not set its own.
const PRODUCT: &str = "Dinggate";

/// The policy of an SVG logo: it may not load or run anything, even when opened at its own URL. Its styles are
/// allowed, because some browsers apply the picture's own policy to a picture embedded in a page.
const DRAWING: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";

/// The company's branding in a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    /// The URL of the logo; `None` where Dinggate's mark is shown.
    pub logo: Option<String>,
    /// The URL of the style sheet with the company's colour.
    pub style: Option<String>,
}

impl Brand {
    pub fn of(config: &BrandConfig) -> Self {
        let logo = config.logo.as_ref().map(|logo| match logo {
            Logo::Address(url) => url.as_str().to_owned(),
            Logo::File { bytes, .. } => format!("/brand/logo?v={}", version(bytes)),
        });
        let style = config.colour.map(|colour| {
            format!(
                "/brand/colour.css?v={}",
                version(colour.to_string().as_bytes())
            )
        });
        Self {
            name: config.name.clone().unwrap_or_else(|| PRODUCT.to_owned()),
            logo,
            style,
        }
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self::of(&BrandConfig::default())
    }
}

/// Returns the version of a picture or colour; each version has its own URL, so that browsers may cache it forever.
fn version(content: &[u8]) -> String {
    let digest = hex::encode(Sha256::digest(content));
    digest.chars().take(16).collect()
}

/// Returns the origin of a logo that browsers load from another site.
pub fn logo_origin(config: &BrandConfig) -> Option<String> {
    match config.logo.as_ref()? {
        Logo::Address(url) => Some(url.origin().ascii_serialization()),
        Logo::File { .. } => None,
    }
}

/// Registers the logo that was read from a file, and the style sheet with the colour.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/brand/logo").route(web::get().to(logo)))
        .service(web::resource("/brand/colour.css").route(web::get().to(colour)));
}

/// Returns the caching header of versioned content: forever under its own URL, not at all under another version's.
fn keep(request: &HttpRequest, version: &str) -> (HeaderName, &'static str) {
    let is_current = request.query_string().strip_prefix("v=") == Some(version);
    let keep = if is_current {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    (CACHE_CONTROL, keep)
}

async fn logo(request: HttpRequest, ctx: web::Data<Context>) -> HttpResponse {
    match &ctx.config.brand.logo {
        Some(Logo::File {
            content_type,
            bytes,
        }) => HttpResponse::Ok()
            .insert_header(keep(&request, &version(bytes)))
            .insert_header((CONTENT_TYPE, *content_type))
            .insert_header((CONTENT_SECURITY_POLICY, DRAWING))
            .body(bytes.to_vec()),
        _ => HttpResponse::NotFound().finish(),
    }
}

async fn colour(request: HttpRequest, ctx: web::Data<Context>) -> HttpResponse {
    match ctx.config.brand.colour {
        Some(colour) => HttpResponse::Ok()
            .insert_header(keep(&request, &version(colour.to_string().as_bytes())))
            .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
            .body(style(colour)),
        None => HttpResponse::NotFound().finish(),
    }
}

/// The backgrounds of one colour scheme that the colour must contrast with: `--ground`, `--surface`, `--sunken`.
struct Scheme {
    grounds: [Colour; 3],
    /// The colour towards which a colour with too little contrast is shifted.
    end: Colour,
}

const LIGHT: Scheme = Scheme {
    grounds: [
        Colour::new(0xf4, 0xf6, 0xf9),
        Colour::WHITE,
        Colour::new(0xf0, 0xf3, 0xf7),
    ],
    end: Colour::BLACK,
};
const DARK: Scheme = Scheme {
    grounds: [
        Colour::new(0x10, 0x14, 0x1a),
        Colour::new(0x19, 0x1f, 0x27),
        Colour::new(0x21, 0x29, 0x34),
    ],
    end: Colour::WHITE,
};

/// Returns the tokens that depend on the brand's colour, in both schemes.
fn style(colour: Colour) -> String {
    format!(
        ":root {{{}}}\n@media (prefers-color-scheme: dark) {{ :root {{{}}} }}\n",
        tokens(colour, &LIGHT),
        tokens(colour, &DARK)
    )
}

fn tokens(colour: Colour, scheme: &Scheme) -> String {
    let [_, surface, _] = scheme.grounds;
    let accent = colour.legible(&scheme.grounds, FOR_CONTROLS, scheme.end);
    let on_accent = accent.text_on();
    // On hover a button moves away from its text colour, so that the contrast does not get worse.
    let away = if on_accent == Colour::WHITE {
        Colour::BLACK
    } else {
        Colour::WHITE
    };
    let soft = surface.mixed(colour, 12);
    let [one, two, three] = scheme.grounds;
    let link = colour.legible(&[one, two, three, soft], FOR_TEXT, scheme.end);
    format!(
        " --accent: {accent}; --accent-hover: {}; --on-accent: {on_accent}; --link: {link}; --accent-soft: {soft}; --focus: {link}; --mark-line: {}; ",
        accent.mixed(away, 15),
        accent.mixed(on_accent, 50),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn values(colour: &str, scheme: &Scheme) -> BTreeMap<String, Colour> {
        let text = tokens(Colour::parse(colour).unwrap(), scheme);
        let pairs = text
            .split(';')
            .filter_map(|pair| pair.trim().split_once(": "));
        pairs
            .map(|(name, value)| (name.to_owned(), Colour::parse(value).unwrap()))
            .collect()
    }

    #[test]
    fn whatever_the_colour_people_can_read_the_pages() {
        for colour in [
            "#000", "#fff", "#ffd400", "#e60012", "#1756c4", "#07c160", "#808080", "#00ffff",
        ] {
            for scheme in [&LIGHT, &DARK] {
                let v = values(colour, scheme);
                for ground in scheme.grounds {
                    assert!(v["--link"].contrast(ground) >= FOR_TEXT, "{colour} link");
                    assert!(
                        v["--focus"].contrast(ground) >= FOR_CONTROLS,
                        "{colour} focus"
                    );
                    assert!(
                        v["--accent"].contrast(ground) >= FOR_CONTROLS,
                        "{colour} accent"
                    );
                }
                assert!(
                    v["--link"].contrast(v["--accent-soft"]) >= FOR_TEXT,
                    "{colour} soft"
                );
                for button in ["--accent", "--accent-hover"] {
                    assert!(
                        v["--on-accent"].contrast(v[button]) >= FOR_TEXT,
                        "{colour} {button}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_tokens() {
        let css = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/tokens.css"));
        let (light, dark) = css.split_once("@media").unwrap();
        for (css, scheme) in [(light, LIGHT), (dark, DARK)] {
            for (name, ground) in ["ground", "surface", "sunken"].iter().zip(scheme.grounds) {
                assert!(
                    css.contains(&format!("--{name}: {ground};")),
                    "{name}: {ground}"
                );
            }
        }
    }
}

//! The company's name, logo and colour.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::reader::Reader;
use super::setting;
use super::value::web_url;
use crate::domain::colour::Colour;

/// The company's branding of the pages; what is not set falls back to Dinggate's.
#[derive(Debug, Clone, Default)]
pub struct BrandConfig {
    pub name: Option<String>,
    pub logo: Option<Logo>,
    pub colour: Option<Colour>,
}

/// Source of the logo.
#[derive(Debug, Clone)]
pub enum Logo {
    /// A URL that browsers load it from.
    Address(Url),
    /// A file read at startup and served by us.
    File {
        content_type: &'static str,
        bytes: Arc<[u8]>,
    },
}

/// Maximum size of a logo file, in bytes.
const MAX_LOGO: u64 = 256 * 1024;
/// Maximum length of the name, in characters: what fits above a login on a phone.
const MAX_NAME: usize = 40;

impl BrandConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            name: reader.optional(&setting::BRAND_NAME, name),
            logo: reader.optional(&setting::BRAND_LOGO, logo),
            colour: reader.optional(&setting::BRAND_COLOR, colour),
        }
    }
}

fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(format!(
            "must be a name of 1 to {MAX_NAME} characters on one line"
        ));
    }
    Ok(name.to_owned())
}

fn colour(text: &str) -> Result<Colour, String> {
    Colour::parse(text).ok_or_else(|| format!("{text:?} is not a colour like #1756c4"))
}

fn logo(text: &str) -> Result<Logo, String> {
    if text.starts_with('/') {
        return read_logo(Path::new(text));
    }
    web_url(text)
        .map(Logo::Address)
        .map_err(|what| format!("{what}, nor is it the absolute path of a file"))
}

fn read_logo(path: &Path) -> Result<Logo, String> {
    let mut bytes = Vec::new();
    // One byte over the limit shows that the file is larger.
    File::open(path)
        .and_then(|file| file.take(MAX_LOGO + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("the file {} cannot be read: {error}", path.display()))?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > MAX_LOGO) {
        return Err(format!("the file {} is larger than 256 kB", path.display()));
    }
    let content_type = content_type(&bytes).ok_or_else(|| {
        format!(
            "the file {} is no PNG, JPEG, WebP, GIF or SVG",
            path.display()
        )
    })?;
    Ok(Logo::File {
        content_type,
        bytes: bytes.into(),
    })
}

/// Returns an image's media type, detected from its first bytes and not from its file name.
fn content_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => {
            let text = std::str::from_utf8(bytes).ok()?;
            let text = text.trim_start_matches('\u{feff}').trim_start();
            let is_svg = text.contains("<svg")
                && (text.starts_with("<svg")
                    || text.starts_with("<?xml")
                    || text.starts_with("<!"));
            is_svg.then_some("image/svg+xml")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        assert_eq!(content_type(b"\x89PNG\r\n\x1a\n"), Some("image/png"));
        assert_eq!(content_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(
            content_type(b"\xef\xbb\xbf <?xml version='1.0'?><svg/>"),
            Some("image/svg+xml")
        );
        assert_eq!(content_type(b"<html><svg></svg></html>"), None);
        assert_eq!(content_type(b""), None);
    }

    #[test]
    fn a_name_is_short_and_on_one_line() {
        assert_eq!(name(" 示例科技 "), Ok("示例科技".to_owned()));
        for bad in ["", "  ", "a\nb", &"长".repeat(41)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_logo_that_cannot_be_had_is_named() {
        let error = |text: &str| logo(text).unwrap_err();
        assert!(error("/no/such/logo.png").contains("/no/such/logo.png"));
        assert!(error("http://files.example.com/logo.png").contains("https"));
        assert!(error("logo.png").contains("absolute path"));
        assert!(matches!(
            logo("https://files.example.com/logo.png"),
            Ok(Logo::Address(_))
        ));
    }
}

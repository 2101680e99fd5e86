//! Colours and their contrast.

use std::fmt;

/// A colour of the sRGB space, as `#rrggbb` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The minimum contrast of text in WCAG 2.2 (1.4.3).
pub const FOR_TEXT: f64 = 4.5;
/// The minimum contrast of controls in WCAG 2.2 (1.4.11).
pub const FOR_CONTROLS: f64 = 3.0;

impl Colour {
    pub const BLACK: Self = Self([0; 3]);
    pub const WHITE: Self = Self([255; 3]);

    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// Parses `#rrggbb` or `#rgb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .strip_prefix('#')?
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()?;
        match *digits.as_slice() {
            [r, g, b] => Some(Self([r * 17, g * 17, b * 17])),
            [r1, r0, g1, g0, b1, b0] => Some(Self([r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0])),
            _ => None,
        }
    }

    /// Returns the contrast ratio of two colours, from 1 to 21, as WCAG 2 defines it.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Returns this colour mixed with `percent` percent of another.
    #[must_use]
    pub fn mixed(self, other: Self, percent: u8) -> Self {
        let share = u16::from(percent.min(100));
        let mut mixed = self.0;
        for (own, theirs) in mixed.iter_mut().zip(other.0) {
            let sum = u16::from(*own) * (100 - share) + u16::from(theirs) * share;
            *own = u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    /// Returns the colour nearest to this one, on the way to `end`, with this contrast on all of these backgrounds,
    /// or `end` if none has it.
    #[must_use]
    pub fn legible(self, grounds: &[Self], contrast: f64, end: Self) -> Self {
        (0..=100)
            .map(|percent| self.mixed(end, percent))
            .find(|colour| {
                grounds
                    .iter()
                    .all(|ground| colour.contrast(*ground) >= contrast)
            })
            .unwrap_or(end)
    }

    /// Returns black or white, whichever is more legible on this colour: always at least [`FOR_TEXT`].
    #[must_use]
    pub fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read_and_others_are_not() {
        assert_eq!(
            Colour::parse("#1756c4"),
            Some(Colour::new(0x17, 0x56, 0xc4))
        );
        assert_eq!(Colour::parse("#F0a"), Some(Colour::new(255, 0, 170)));
        for bad in [
            "",
            "#",
            "1756c4",
            "#1756c",
            "#1756c4ff",
            "#12g",
            "red",
            "#é23",
        ] {
            assert_eq!(Colour::parse(bad), None, "{bad}");
        }
        assert_eq!(Colour::parse("#0A0B0C").unwrap().to_string(), "#0a0b0c");
    }

    #[test]
    fn contrast_is_as_wcag_defines_it() {
        let near = |one: f64, other: f64| (one - other).abs() < 0.01;
        assert!(near(Colour::BLACK.contrast(Colour::WHITE), 21.0));
        assert!(near(
            Colour::new(0x77, 0x77, 0x77).contrast(Colour::WHITE),
            4.48
        ));
    }

    #[test]
    fn every_colour_can_be_made_legible() {
        let grounds = [Colour::WHITE, Colour::new(0xf0, 0xf3, 0xf7)];
        for step in 0..=u8::MAX / 5 {
            let colour = Colour::new(step * 5, 255 - step * 5, step.wrapping_mul(31));
            let text = colour.legible(&grounds, FOR_TEXT, Colour::BLACK);
            assert!(
                grounds
                    .iter()
                    .all(|ground| text.contrast(*ground) >= FOR_TEXT),
                "{colour}"
            );
            assert!(colour.contrast(colour.text_on()) >= FOR_TEXT, "{colour}");
        }
        let fine = Colour::new(0x17, 0x56, 0xc4);
        assert_eq!(
            fine.legible(&grounds, FOR_TEXT, Colour::BLACK),
            fine,
            "what reads well stays"
        );
    }
}

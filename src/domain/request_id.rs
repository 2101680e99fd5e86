//! The reference numbers that people who were refused read out.

/// The letters and digits of a reference number: those that are not confused when read aloud.
pub const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// How many of them a reference number has, in two groups.
pub const LENGTH: usize = 8;

/// Returns the stored form of a reference number, `7K3M-9QXP`, of any spelling of it: case, blanks and separators do
/// not matter. `None` for a text that cannot be one.
pub fn parse(text: &str) -> Option<String> {
    let letters: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c {
            '\u{ff10}'..='\u{ff5a}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        })
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let is_one = letters.len() == LENGTH && letters.bytes().all(|b| ALPHABET.contains(&b));
    let (head, tail) = letters.split_at_checked(LENGTH / 2)?;
    is_one.then(|| format!("{head}-{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_spelling_is_read() {
        for text in [
            "TGY6-JGQU",
            "tgy6-jgqu",
            "tgy6jgqu",
            " tgy6 jgqu ",
            "TGY6–JGQU",
            "t-g-y-6.j/g_q,u",
            "ｔｇｙ６－ＪＧＱＵ",
        ] {
            assert_eq!(parse(text).as_deref(), Some("TGY6-JGQU"), "{text}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "TGY6",
            "TGY6-JGQU-X",
            "TGY0-JGQU",
            "TGYO-JGQU",
            "张三",
            "13800000003",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

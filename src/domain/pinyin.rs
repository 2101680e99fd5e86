//! How Chinese names are spelled in pinyin, in full and by initials, over all readings of their characters.

use pinyin::{ToPinyin as _, ToPinyinMulti as _};

/// Surnames with a reading that is not the usual one of the character: 单, 曾, 仇, 解, 查, 区, 朴, 乐, 盖, 覃, 缪, 员, 尉 and
/// 万俟 (two characters), 翟.
const SURNAMES: [(char, &str); 16] = [
    ('\u{5355}', "shan"),
    ('\u{66fe}', "zeng"),
    ('\u{4ec7}', "qiu"),
    ('\u{89e3}', "xie"),
    ('\u{67e5}', "zha"),
    ('\u{533a}', "ou"),
    ('\u{6734}', "piao"),
    ('\u{4e50}', "yue"),
    ('\u{76d6}', "ge"),
    ('\u{8983}', "qin"),
    ('\u{7f2a}', "miao"),
    ('\u{5458}', "yun"),
    ('\u{5c09}', "yu"),
    ('\u{4e07}', "mo"),
    ('\u{4fdf}', "qi"),
    ('\u{7fdf}', "zhai"),
];

/// The maximum number of spellings of one name, so that many ambiguous characters do not multiply without end.
const MAX_SPELLINGS: usize = 16;
/// Characters and words beyond these are not spelled.
const MAX_PARTS: usize = 16;
/// A spelling also starts at each of the first parts: people search for a given name, too.
const MAX_STARTS: usize = 4;

/// Returns the spellings of a name, without duplicates: from its start and from its next characters in full, and by
/// initials. A name without Chinese characters has none.
pub fn spellings(name: &str) -> Vec<String> {
    let parts = parts(name);
    if !parts.iter().any(|part| part.is_han) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for start in 0..parts.len().min(MAX_STARTS) {
        let rest = parts.get(start..).unwrap_or_default();
        found.extend(combinations(rest, |reading| reading));
    }
    found.extend(combinations(&parts, initial));
    found.sort_unstable();
    found.dedup();
    found
}

/// A character with its readings, or a word in other letters.
struct Part {
    readings: Vec<String>,
    is_han: bool,
}

/// Splits a name into at most [`MAX_PARTS`] parts.
fn parts(name: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut word = String::new();
    for c in name.chars() {
        let readings = readings(c);
        if readings.is_empty() && c.is_alphanumeric() {
            word.extend(c.to_lowercase());
            continue;
        }
        close_word(&mut word, &mut parts);
        if !readings.is_empty() {
            parts.push(Part {
                readings,
                is_han: true,
            });
        }
    }
    close_word(&mut word, &mut parts);
    parts.truncate(MAX_PARTS);
    parts
}

fn close_word(word: &mut String, parts: &mut Vec<Part>) {
    if !word.is_empty() {
        parts.push(Part {
            readings: vec![std::mem::take(word)],
            is_han: false,
        });
    }
}

/// Returns the readings of a character without tones: as a surname first, then the usual one. `ü` is typed as `v`,
/// and is `u` in passports.
fn readings(c: char) -> Vec<String> {
    let surname = SURNAMES.iter().find(|(surname, _)| *surname == c);
    let usual = c.to_pinyin();
    let others = c.to_pinyin_multi().into_iter().flatten();
    let plain = surname
        .map(|(_, reading)| *reading)
        .into_iter()
        .chain(usual.into_iter().chain(others).map(pinyin::Pinyin::plain));
    let mut readings: Vec<String> = Vec::new();
    for reading in plain {
        for spelled in [reading.replace('ü', "v"), reading.replace('ü', "u")] {
            if !readings.contains(&spelled) {
                readings.push(spelled);
            }
        }
    }
    readings
}

fn initial(reading: &str) -> &str {
    reading
        .char_indices()
        .nth(1)
        .map_or(reading, |(end, _)| reading.get(..end).unwrap_or(reading))
}

/// Returns the parts joined, with one of the readings of each. Where that would be too many, later characters have
/// only their first reading.
fn combinations(parts: &[Part], form: impl Fn(&str) -> &str) -> Vec<String> {
    let mut joined = vec![String::new()];
    for part in parts {
        let mut forms: Vec<&str> = part.readings.iter().map(|reading| form(reading)).collect();
        forms.sort_unstable();
        forms.dedup();
        if joined.len() * forms.len() > MAX_SPELLINGS {
            forms = part
                .readings
                .first()
                .map(|reading| form(reading))
                .into_iter()
                .collect();
        }
        joined = joined
            .iter()
            .flat_map(|start| forms.iter().map(move |form| format!("{start}{form}")))
            .collect();
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_spelled(name: &str, spelling: &str) -> bool {
        spellings(name).iter().any(|found| found == spelling)
    }

    #[test]
    fn a_name_is_spelled_in_full_from_its_given_name_and_by_initials() {
        assert_eq!(spellings("张三"), ["san", "zhangsan", "zs"]);
        for spelling in ["linxiaoyan", "xiaoyan", "yan", "lxy"] {
            assert!(is_spelled("林晓燕", spelling), "{spelling}");
        }
        assert!(is_spelled("欧阳娜娜", "oynn") && is_spelled("欧阳娜娜", "nana"));
    }

    #[test]
    fn every_reading_of_a_character_counts() {
        for (name, all) in [
            ("单雄信", ["shanxiongxin", "danxiongxin", "sxx", "dxx"]),
            ("曾国藩", ["zengguofan", "cengguofan", "zgf", "cgf"]),
            ("解缙", ["xiejin", "jiejin", "xj", "jj"]),
            ("仇英", ["qiuying", "chouying", "qy", "cy"]),
            ("吕布", ["lvbu", "lubu", "lb", "bu"]),
            ("万俟卨", ["moqixie", "wanqixie", "mqx", "wqx"]),
        ] {
            for spelling in all {
                assert!(
                    is_spelled(name, spelling),
                    "{name} {spelling}: {:?}",
                    spellings(name)
                );
            }
        }
        for (name, spelling) in [
            ("查良镛", "zhaliangyong"),
            ("朴智星", "piaozhixing"),
            ("尉迟恭", "yuchigong"),
            ("乐毅", "yueyi"),
            ("区伟", "ouwei"),
            ("重庆", "chongqing"),
        ] {
            assert!(is_spelled(name, spelling), "{name} {spelling}");
        }
    }

    #[test]
    fn other_letters_stay_words() {
        assert_eq!(spellings("Jane van Doe"), [""; 0]);
        assert_eq!(spellings(""), [""; 0]);
        assert!(
            is_spelled("Tom 王", "tomwang")
                && is_spelled("Tom 王", "tw")
                && is_spelled("Tom 王", "wang")
        );
        assert!(is_spelled("阿布·Reyihan", "abureyihan"));
        // Without a reading the character itself is kept.
        assert!(is_spelled("张𠮷", "zhang𠮷"));
    }

    #[test]
    fn ambiguous_names_do_not_grow_without_end() {
        let long = "单曾解仇查朴盖乐".repeat(10);
        assert!(spellings(&long).len() <= MAX_SPELLINGS * (MAX_STARTS + 1));
        assert!(
            spellings(&long)
                .iter()
                .any(|spelling| spelling.starts_with("shanzeng"))
        );
    }
}

//! The terms under which people are found: a search finds all whose terms begin with it.

use super::pinyin::spellings;

/// The maximum length of a term and of what is searched for, in characters.
const MAX_LENGTH: usize = 64;
/// A name is also found from each of its first characters on.
const MAX_STARTS: usize = 8;
/// People remember the end of a number, too.
const LAST_DIGITS: usize = 4;

/// A term of one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchTerm {
    pub text: String,
    /// Whether it is part of a mobile number or an e-mail address, which not everybody may search.
    pub is_contact: bool,
}

/// What a person is found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Searchable {
    /// Their names and nicknames.
    pub names: Vec<String>,
    /// Userid, unionid and job number.
    pub ids: Vec<String>,
    pub mobile: Option<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
}

impl Searchable {
    /// Returns the terms, without duplicates.
    pub fn terms(&self) -> Vec<SearchTerm> {
        let names = self.names.iter().flat_map(|name| name_terms(name));
        let open = names.chain(self.ids.iter().map(|id| normalize(id)));
        let emails = self.emails.iter().map(|email| normalize(email));
        let contacts = emails.chain(self.mobile.iter().flat_map(|mobile| mobile_terms(mobile)));
        let term = |is_contact| move |text| SearchTerm { text, is_contact };
        let mut terms: Vec<SearchTerm> = open
            .map(term(false))
            .chain(contacts.map(term(true)))
            .collect();
        terms.retain(|term| !term.text.is_empty());
        terms.sort_unstable();
        terms.dedup();
        terms
    }
}

/// Returns the beginnings of the terms that a search text looks for.
pub fn keys(text: &str) -> Vec<String> {
    let mut keys = vec![normalize(text), national(&normalize(text))];
    keys.retain(|key| !key.is_empty());
    keys.dedup();
    keys
}

/// Returns a text in the one spelling of all terms: lower case, half width, without blanks, hyphens, brackets and the like,
/// with `v` for `ü`.
fn normalize(text: &str) -> String {
    let narrow = text.chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    });
    let kept = narrow.filter(|c| !is_separator(*c));
    let lower = kept.flat_map(char::to_lowercase);
    lower
        .map(|c| if c == 'ü' { 'v' } else { c })
        .take(MAX_LENGTH)
        .collect()
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '-' | '\'' | '’' | '‘' | '·' | '•' | '・' | '‐'..='―' | '(' | ')' | '（' | '）'
        )
}

/// Returns a name from its start and from its next characters or words, and its spellings in pinyin.
fn name_terms(name: &str) -> Vec<String> {
    let mut terms: Vec<String> = starts(name)
        .take(MAX_STARTS)
        .map(|at| normalize(name.get(at..).unwrap_or_default()))
        .collect();
    terms.extend(spellings(name).iter().map(|spelling| normalize(spelling)));
    terms
}

/// Returns where a character or a word in Latin letters starts.
fn starts(name: &str) -> impl Iterator<Item = usize> {
    let mut was_in_word = false;
    name.char_indices().filter_map(move |(at, c)| {
        let is_in_word = c.is_ascii_alphanumeric();
        let is_start = !is_separator(c) && (!is_in_word || !was_in_word);
        was_in_word = is_in_word;
        is_start.then_some(at)
    })
}

/// Returns a mobile number without the country code of China, and its last digits.
fn mobile_terms(mobile: &str) -> Vec<String> {
    let number = national(&normalize(mobile));
    let digits = number.len();
    let tail = digits
        .checked_sub(LAST_DIGITS)
        .and_then(|at| number.get(at..))
        .unwrap_or_default()
        .to_owned();
    vec![number, tail]
}

/// Returns a telephone number without `+` and the country code of China; any other text is returned unchanged.
fn national(text: &str) -> String {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_owned();
    }
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    let is_of_china = text.starts_with(['+', '0']) || digits.len() == 13;
    match digits.strip_prefix("86") {
        Some(rest) if is_of_china && rest.starts_with('1') => rest.to_owned(),
        _ => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(person: &Searchable, text: &str, with_contacts: bool) -> bool {
        let terms = person.terms();
        keys(text).iter().any(|key| {
            let mut allowed = terms
                .iter()
                .filter(|term| with_contacts || !term.is_contact);
            allowed.any(|term| term.text.starts_with(key.as_str()))
        })
    }

    fn person() -> Searchable {
        Searchable {
            names: vec!["单晓燕".to_owned(), "Swallow".to_owned()],
            ids: vec![
                "manager-4220".to_owned(),
                "UnIoN77".to_owned(),
                "A-0071".to_owned(),
            ],
            mobile: Some("+86-13800000003".to_owned()),
            emails: vec!["Shan.Yan@corp.example.com".to_owned()],
        }
    }

    #[test]
    fn a_person_is_found_by_every_name_and_id_however_it_is_written() {
        for text in [
            "单",
            "单晓燕",
            "晓燕",
            "燕",
            "单 晓燕",
            "shanxiaoyan",
            "Shan Xiao",
            "dan xiao yan",
            "sxy",
            "DXY",
            "xiaoyan",
            "swallow",
            "MANAGER",
            "manager4220",
            "union77",
            "a0071",
            "Ａ－００７１",
        ] {
            assert!(finds(&person(), text, false), "{text}");
        }
        for text in ["", " - ", "xx", "anager", "小燕"] {
            assert!(!finds(&person(), text, true), "{text}");
        }
    }

    #[test]
    fn contact_data_is_found_only_with_the_right_to_read_it() {
        for text in [
            "13800000003",
            "138 0000 0003",
            "+86 138-0000-0003",
            "(+86) 13800000003",
            "008613800000003",
            "8613800000003",
            "1380",
            "0003",
            "shan.yan@CORP",
        ] {
            assert!(finds(&person(), text, true), "{text}");
            assert!(!finds(&person(), text, false), "{text}");
        }
    }

    #[test]
    fn a_number_of_another_country_keeps_its_code() {
        let abroad = Searchable {
            mobile: Some("+852-51234567".to_owned()),
            ..Searchable::default()
        };
        assert!(finds(&abroad, "+852 5123 4567", true) && finds(&abroad, "85251234567", true));
        assert!(!finds(&abroad, "5123", true));
    }

    #[test]
    fn terms_are_short_and_each_stands_once() {
        let long = Searchable {
            names: vec!["x".repeat(500), "张伟".to_owned(), "张伟".to_owned()],
            ..Searchable::default()
        };
        let terms = long.terms();
        assert!(
            terms
                .iter()
                .all(|term| term.text.chars().count() <= MAX_LENGTH)
        );
        assert_eq!(terms.iter().filter(|term| term.text == "张伟").count(), 1);
        assert_eq!(keys(&"x".repeat(500)), ["x".repeat(MAX_LENGTH)]);
    }
}

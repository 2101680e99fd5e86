//! The reasons for which a full sync skips a record, in words.

use super::lang::Lang;
use super::{interpolate, texts};
use crate::domain::skip_reason::SkipReason;

texts! {
    /// One sentence per reason.
    pub struct SkipTexts {
        held: "管理员已标记为离职" | "marked as left by an administrator";
        has_left: "已离职，需一次完整的同步才能恢复" | "has left, which only a complete run takes back";
        unionid_shared: "unionid 与另一名在职人员相同" | "another employed person has the same unionid";
        still_known: "没有部门列出此人，但钉钉仍能查到" | "listed in no department, but DingTalk still knows the person";
        known_again: "钉钉又能查到此人，未标记离职" | "DingTalk knows the person again";
        bad_record: "钉钉返回的记录缺少字段或无法识别：{field}" | "DingTalk's record lacks a readable {field}";
        not_stored: "数据库未接受此记录" | "the database did not take the record";
        superseded: "此后又有此人的新消息，未标记离职" | "something newer has been heard of the person since";
    }
}

/// Returns a reason in words.
pub fn skip_reason(lang: Lang, reason: &SkipReason) -> String {
    let sentence = sentence(SkipTexts::of(lang), reason);
    interpolate(sentence, &[("field", &reason.field().unwrap_or_default())])
}

/// Returns the codes of the reasons whose words contain a text in either language, ignoring case.
pub fn reasons_with(text: &str) -> Vec<&'static str> {
    let wanted = text.to_lowercase();
    // The field is a column of its own.
    let bad_record = SkipReason::BadRecord("".into());
    let reasons = SkipReason::PLAIN.into_iter().chain([bad_record]);
    reasons
        .filter(|reason| {
            [Lang::Zh, Lang::En]
                .iter()
                .any(|lang| skip_reason(*lang, reason).to_lowercase().contains(&wanted))
        })
        .map(|reason| reason.code())
        .collect()
}

fn sentence(t: &SkipTexts, reason: &SkipReason) -> &'static str {
    match reason {
        SkipReason::Held => t.held,
        SkipReason::HasLeft => t.has_left,
        SkipReason::UnionidShared => t.unionid_shared,
        SkipReason::StillKnown => t.still_known,
        SkipReason::KnownAgain => t.known_again,
        SkipReason::BadRecord(_) => t.bad_record,
        SkipReason::NotStored => t.not_stored,
        SkipReason::Superseded => t.superseded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_field_is_named() {
        let reason = SkipReason::BadRecord("name".into());
        let english = skip_reason(Lang::En, &reason);
        assert_eq!(english, "DingTalk's record lacks a readable name");
        assert!(skip_reason(Lang::Zh, &reason).ends_with("：name"));
    }

    #[test]
    fn reasons_are_found_by_their_words_in_both_languages() {
        assert_eq!(reasons_with("AN ADMINISTRATOR"), ["held"]);
        assert_eq!(reasons_with("数据库"), ["not_stored"]);
        assert_eq!(reasons_with("lacks a readable"), ["bad_record"]);
        assert_eq!(reasons_with("no such words"), [""; 0]);
    }
}

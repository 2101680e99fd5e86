//! The administrators listed in the settings.

use std::collections::BTreeMap;

use super::ids::{UnionId, UserId};

/// The userids in `DINGGATE_ADMINS`, each with its configured unionid, if any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedAdmins {
    userids: Vec<String>,
    unionids: Vec<Option<String>>,
    entries: BTreeMap<UserId, Option<UnionId>>,
}

impl ListedAdmins {
    /// Creates the list; equal entries count once. Fails with the userid that two entries pair with different
    /// unionids.
    pub fn new(
        entries: impl IntoIterator<Item = (UserId, Option<UnionId>)>,
    ) -> Result<Self, UserId> {
        let mut known: BTreeMap<UserId, Option<UnionId>> = BTreeMap::new();
        for (userid, unionid) in entries {
            match known.get(&userid) {
                Some(other) if *other != unionid => return Err(userid),
                _ => known.insert(userid, unionid),
            };
        }
        Ok(Self {
            userids: known.keys().map(|id| id.as_str().to_owned()).collect(),
            unionids: known
                .values()
                .map(|id| id.as_ref().map(|id| id.as_str().to_owned()))
                .collect(),
            entries: known,
        })
    }

    pub fn contains(&self, userid: &UserId) -> bool {
        self.entries.contains_key(userid)
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the userids in order.
    pub fn iter(&self) -> impl Iterator<Item = &UserId> {
        self.entries.keys()
    }

    /// Returns the unionid that the entry of a userid requires.
    pub fn demanded(&self, userid: &UserId) -> Option<&UnionId> {
        self.entries.get(userid)?.as_ref()
    }

    /// Returns the userids as a column for `unnest`.
    pub fn userids(&self) -> &[String] {
        &self.userids
    }

    /// Returns the required unionids as the column beside [`Self::userids`].
    pub fn unionids(&self) -> &[Option<String>] {
        &self.unionids
    }
}

/// Whether a userid's entry in the settings is in force, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entitlement {
    InForce,
    /// `serve` has not asked DingTalk yet.
    NotBound,
    /// DingTalk did not know the userid when `serve` asked.
    Unknown,
    /// DingTalk returned another unionid than the one in the setting.
    Contradicted,
    /// The employment has ended since.
    Ended,
    /// The userid belongs to another account now.
    AccountChanged,
    /// The person is not in the staff table.
    NoRow,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(userid: &str, unionid: Option<&str>) -> (UserId, Option<UnionId>) {
        let unionid = unionid.map(|id| UnionId::parse(id).unwrap());
        (UserId::parse(userid).unwrap(), unionid)
    }

    #[test]
    fn columns_have_one_row_for_each_userid() {
        let listed = ListedAdmins::new([
            entry("b", Some("u-b")),
            entry("a", None),
            entry("b", Some("u-b")),
        ])
        .unwrap();
        assert_eq!(listed.userids(), ["a", "b"]);
        assert_eq!(listed.unionids(), [None, Some("u-b".to_owned())]);
        assert_eq!(listed.len(), 2);
        let b = UserId::parse("b").unwrap();
        assert_eq!(listed.demanded(&b).unwrap().as_str(), "u-b");
    }

    #[test]
    fn a_userid_with_two_unionids_is_refused() {
        for other in [None, Some("u-2")] {
            let refused = ListedAdmins::new([entry("a", Some("u-1")), entry("a", other)]);
            assert_eq!(refused.unwrap_err().as_str(), "a");
        }
    }
}

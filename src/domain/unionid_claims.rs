//! Conflicts between unionids, which are unique among the employed.

use std::collections::{HashMap, HashSet};

use super::ids::{UnionId, UserId};

/// The unionids that people would have after a plan.
#[derive(Debug, Default)]
pub struct UnionidClaims<'a> {
    claims: Vec<Claim<'a>>,
}

#[derive(Debug)]
struct Claim<'a> {
    userid: &'a UserId,
    /// The unionid in the employed row, which it keeps if it cannot have the other one.
    stored: Option<&'a UnionId>,
    wanted: Option<&'a UnionId>,
}

impl<'a> UnionidClaims<'a> {
    /// Adds a person who does not change.
    pub fn keeps(&mut self, userid: &'a UserId, stored: Option<&'a UnionId>) {
        self.claims.push(Claim {
            userid,
            stored,
            wanted: stored,
        });
    }

    /// Adds a person who is to be employed with a unionid that another person may already have.
    pub fn takes(
        &mut self,
        userid: &'a UserId,
        stored: Option<&'a UnionId>,
        wanted: Option<&'a UnionId>,
    ) {
        self.claims.push(Claim {
            userid,
            stored,
            wanted,
        });
    }

    /// Returns those who cannot have their new unionid: the current holder keeps it, and if several newly claim the
    /// same one nobody gets it, because its owner cannot be determined.
    pub fn refused(self) -> HashSet<UserId> {
        let mut claims = self.claims;
        let mut refused = HashSet::new();
        loop {
            let contested = contested(&claims);
            let losers: Vec<_> = claims
                .iter_mut()
                .filter(|c| {
                    c.wanted != c.stored && c.wanted.is_some_and(|id| contested.contains(id))
                })
                .collect();
            if losers.is_empty() {
                return refused;
            }
            for loser in losers {
                // The unionid that the loser keeps may be one that another person claimed, hence the loop. It ends
                // because each pass leaves fewer new claims.
                loser.wanted = loser.stored;
                refused.insert(loser.userid.clone());
            }
        }
    }
}

fn contested<'a>(claims: &[Claim<'a>]) -> HashSet<&'a UnionId> {
    let mut counts: HashMap<&UnionId, usize> = HashMap::new();
    for unionid in claims.iter().filter_map(|claim| claim.wanted) {
        *counts.entry(unionid).or_default() += 1;
    }
    counts
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(unionid, _)| unionid)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns who is refused, from people given as (userid, stored, wanted).
    fn refused(people: &[(&str, &str, &str)]) -> Vec<String> {
        let ids: Vec<_> = people
            .iter()
            .map(|(user, stored, wanted)| {
                (
                    UserId::parse(*user).unwrap(),
                    UnionId::parse(*stored).ok(),
                    UnionId::parse(*wanted).ok(),
                )
            })
            .collect();
        let mut claims = UnionidClaims::default();
        for (user, stored, wanted) in &ids {
            claims.takes(user, stored.as_ref(), wanted.as_ref());
        }
        let mut refused: Vec<_> = claims
            .refused()
            .into_iter()
            .map(UserId::into_string)
            .collect();
        refused.sort();
        refused
    }

    #[test]
    fn a_person_with_a_unionid_keeps_it() {
        assert_eq!(
            refused(&[("a", "1", "1"), ("b", "", "1"), ("c", "2", "1")]),
            ["b", "c"]
        );
    }

    #[test]
    fn two_newcomers_with_one_unionid_are_both_refused() {
        assert_eq!(
            refused(&[
                ("a", "", "1"),
                ("b", "", "1"),
                ("c", "", "2"),
                ("d", "", "")
            ]),
            ["a", "b"]
        );
    }

    #[test]
    fn a_swap_is_no_conflict() {
        assert!(refused(&[("a", "1", "2"), ("b", "2", "1")]).is_empty());
    }

    #[test]
    fn who_is_refused_keeps_what_another_wanted() {
        assert_eq!(
            refused(&[
                ("a", "1", "2"),
                ("b", "2", "2"),
                ("c", "3", "1"),
                ("d", "", "3")
            ]),
            ["a", "c", "d"]
        );
    }
}

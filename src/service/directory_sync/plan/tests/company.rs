//! An in-memory company, planned in chunks like in a run.

use super::*;

/// The contents of the tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    pub people: Vec<StoredPerson>,
    pub unknown_leavers: HashMap<UserId, DateTime<Utc>>,
}

/// DingTalk's responses.
pub type Reading = BTreeMap<UserId, DesiredPerson>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    pub userid: UserId,
}

/// A whole plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub added: Vec<Write>,
    pub changed: Vec<Write>,
    pub returned: Vec<Write>,
    pub unchanged: usize,
    pub skipped: Vec<Skip>,
    pub leavers: Vec<Absent>,
    pub withheld: Vec<Absent>,
}

/// The parameters of a run.
#[derive(Debug, Clone)]
pub struct Way {
    pub start: i64,
    pub is_complete: bool,
    pub unreadable: BTreeSet<UserId>,
    /// Maximum number of leavers.
    pub limit: usize,
    /// Number of people compared at a time.
    pub chunk: usize,
}

impl Current {
    fn part(&self, reading: &Reading, is_in: impl Fn(&UserId) -> bool) -> Chunk {
        let stored = self.people.iter().filter(|k| is_in(&k.person.userid));
        let left = self.unknown_leavers.iter().filter(|(id, _)| is_in(id));
        let wanted = reading.iter().filter(|(id, _)| is_in(id));
        Chunk {
            stored: stored.cloned().collect(),
            unknown_leavers: left.map(|(id, at)| (id.clone(), *at)).collect(),
            held_unionids: self.held_unionids(),
            wanted: wanted.map(|(id, w)| (id.clone(), w.clone())).collect(),
        }
    }

    pub fn held_unionids(&self) -> HashSet<UnionId> {
        let held = self.people.iter().filter(|stored| stored.is_held);
        held.filter_map(|stored| stored.person.unionid.clone())
            .collect()
    }

    /// Returns the same people as the database query: including those whose unionid somebody else has.
    fn contested(&self, reading: &Reading) -> BTreeSet<UserId> {
        let row = |userid: &UserId| self.people.iter().find(|k| k.person.userid == *userid);
        let mut bearers: BTreeMap<UnionId, BTreeSet<UserId>> = BTreeMap::new();
        let mut bears = |unionid: Option<&UnionId>, userid: &UserId| {
            if let Some(unionid) = unionid {
                let bearers = bearers.entry(unionid.clone()).or_default();
                bearers.insert(userid.clone());
            }
        };
        for stored in self.people.iter().filter(|k| k.status == Status::Employed) {
            bears(stored.person.unionid.as_ref(), &stored.person.userid);
        }
        for (userid, wanted) in reading {
            let stored = row(userid).and_then(|stored| stored.person.unionid.as_ref());
            bears(wanted.person.unionid.as_ref().or(stored), userid);
        }
        bearers
            .into_values()
            .filter(|who| who.len() > 1)
            .flatten()
            .collect()
    }
}

/// Plans as a run does, without the database.
pub fn plan(current: &Current, reading: &Reading, way: &Way) -> Plan {
    let started_at = at(way.start);
    let is_complete = way.is_complete && !reading.is_empty();
    let absent = current.people.iter().filter(|stored| {
        is_complete
            && !reading.contains_key(&stored.person.userid)
            && has_gone(stored, started_at, &way.unreadable)
    });
    let gone: Vec<Absent> = absent
        .map(|stored| Absent {
            userid: stored.person.userid.clone(),
        })
        .collect();
    let (leavers, withheld) = if gone.len() > way.limit {
        (Vec::new(), gone)
    } else {
        (gone, Vec::new())
    };
    let contested = current.contested(reading);
    let refused = refused(
        &current.part(reading, |id| contested.contains(id)),
        &leavers.iter().map(|leaver| leaver.userid.clone()).collect(),
        started_at,
        is_complete,
    );
    let terms = PlanOptions {
        started_at,
        is_complete,
        refused: &refused,
    };
    let mut plan = Plan {
        leavers,
        withheld,
        ..Plan::default()
    };
    let stored = current.people.iter().map(|stored| &stored.person.userid);
    let keys: Vec<&UserId> = stored
        .chain(reading.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    for keys in keys.chunks(way.chunk) {
        let part = people(&current.part(reading, |id| keys.contains(&id)), &terms);
        plan.added.extend(part.added);
        plan.changed.extend(part.changed);
        plan.returned.extend(part.returned);
        plan.skipped.extend(part.skipped);
        plan.unchanged += part.unchanged;
    }
    plan
}

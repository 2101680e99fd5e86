//! The department tree with its head counts. A move that has been only half reported may create a cycle of
//! departments, or leave one without its parent: each is still shown, under a root of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::DeptId;
use super::person::Department;

/// The number of people who are in exactly these departments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadCount {
    pub dept_ids: Vec<DeptId>,
    pub people: i64,
}

/// One department in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub dept_id: DeptId,
    pub name: String,
    /// `None` for a root, and for a department whose parent is unknown.
    pub parent: Option<DeptId>,
    /// In DingTalk's display order.
    pub children: Vec<DeptId>,
    /// Number of people directly in it.
    pub own: i64,
    /// Number of people in it or below it, each counted once.
    pub whole: i64,
}

/// All departments.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: BTreeMap<DeptId, Node>,
    roots: Vec<DeptId>,
}

impl Tree {
    pub fn new(mut departments: Vec<Department>, crowds: &[HeadCount]) -> Self {
        departments.sort_by(|a, b| {
            let key = |d: &Department| (d.order.is_none(), d.order);
            key(a)
                .cmp(&key(b))
                .then_with(|| a.name.cmp(&b.name))
                .then_with(|| a.dept_id.cmp(&b.dept_id))
        });
        let known: BTreeSet<DeptId> = departments.iter().map(|d| d.dept_id).collect();
        let mut tree = Self::default();
        for department in &departments {
            tree.nodes.insert(
                department.dept_id,
                Node {
                    dept_id: department.dept_id,
                    name: department.name.clone(),
                    parent: department.parent_id.filter(|parent| known.contains(parent)),
                    children: Vec::new(),
                    own: 0,
                    whole: 0,
                },
            );
        }
        tree.break_cycles();
        for department in &departments {
            tree.attach(department.dept_id);
        }
        for crowd in crowds {
            tree.count(crowd);
        }
        tree
    }

    /// Breaks parent cycles by making the lowest id of each cycle a root.
    fn break_cycles(&mut self) {
        let ids: Vec<DeptId> = self.nodes.keys().copied().collect();
        let mut leads_out = BTreeSet::new();
        for id in ids {
            let mut seen = BTreeSet::new();
            let mut at = Some(id);
            while let Some(here) = at.filter(|here| !leads_out.contains(here)) {
                if !seen.insert(here) {
                    self.break_cycle(here);
                    break;
                }
                at = self.nodes.get(&here).and_then(|node| node.parent);
            }
            leads_out.append(&mut seen);
        }
    }

    fn break_cycle(&mut self, member: DeptId) {
        let mut circle = BTreeSet::new();
        let mut at = Some(member);
        while let Some(here) = at {
            if !circle.insert(here) {
                break;
            }
            at = self.nodes.get(&here).and_then(|node| node.parent);
        }
        if let Some(node) = circle.first().and_then(|first| self.nodes.get_mut(first)) {
            node.parent = None;
        }
    }

    fn attach(&mut self, id: DeptId) {
        match self.nodes.get(&id).and_then(|node| node.parent) {
            Some(parent) => {
                if let Some(parent) = self.nodes.get_mut(&parent) {
                    parent.children.push(id);
                }
            }
            None => self.roots.push(id),
        }
    }

    fn count(&mut self, crowd: &HeadCount) {
        let mut above = BTreeSet::new();
        for id in &crowd.dept_ids {
            if let Some(node) = self.nodes.get_mut(id) {
                node.own += crowd.people;
            }
            let mut at = self.nodes.get(id);
            while let Some(node) = at.filter(|node| above.insert(node.dept_id)) {
                at = node.parent.and_then(|parent| self.nodes.get(&parent));
            }
        }
        for id in above {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.whole += crowd.people;
            }
        }
    }

    pub fn get(&self, id: DeptId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    pub fn roots(&self) -> &[DeptId] {
        &self.roots
    }

    /// Returns the departments above this one, root first.
    pub fn way_to(&self, id: DeptId) -> Vec<&Node> {
        let parent_of = |node: &Node| node.parent.and_then(|parent| self.nodes.get(&parent));
        let mut way: Vec<&Node> =
            std::iter::successors(self.nodes.get(&id).and_then(parent_of), |node| {
                parent_of(node)
            })
            .collect();
        way.reverse();
        way
    }

    /// Returns how many departments are below this one, on all levels.
    pub fn below(&self, id: DeptId) -> usize {
        let mut count = 0;
        let mut open = vec![id];
        while let Some(node) = open.pop().and_then(|id| self.nodes.get(&id)) {
            count += node.children.len();
            open.extend(&node.children);
        }
        count
    }

    /// Returns how many full levels, from these departments down, hold at most `most` departments; at least one.
    pub fn levels_within(&self, top: &[DeptId], most: usize) -> usize {
        let (mut levels, mut total) = (1, top.len());
        let mut level = top.to_vec();
        loop {
            let nodes = level.iter().filter_map(|id| self.nodes.get(id));
            level = nodes
                .flat_map(|node| node.children.iter().copied())
                .collect();
            total += level.len();
            if level.is_empty() || total > most {
                return levels;
            }
            levels += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn department(dept_id: DeptId, parent: DeptId, order: i64) -> Department {
        Department {
            dept_id,
            parent_id: (parent != 0).then_some(parent),
            name: format!("D{dept_id}"),
            order: Some(order),
        }
    }

    fn crowd(dept_ids: &[DeptId], people: i64) -> HeadCount {
        HeadCount {
            dept_ids: dept_ids.to_vec(),
            people,
        }
    }

    /// 1 ─ 10 ─ 11, 12; 1 ─ 20.
    fn tree() -> Tree {
        let departments = vec![
            department(1, 0, 0),
            department(10, 1, 9_007_199_254_740_993),
            department(20, 1, 9_007_199_254_740_992),
            department(11, 10, 1),
            department(12, 10, 0),
        ];
        let crowds = [
            crowd(&[11], 3),
            crowd(&[11, 12], 2),
            crowd(&[1, 10, 20], 1),
            crowd(&[77], 5),
        ];
        Tree::new(departments, &crowds)
    }

    #[test]
    fn a_person_in_several_departments_is_counted_once_in_each_that_holds_them() {
        let tree = tree();
        let counts = |id| {
            let node = tree.get(id).unwrap();
            (node.own, node.whole)
        };
        assert_eq!(counts(1), (1, 6));
        assert_eq!(counts(10), (1, 6));
        assert_eq!(counts(11), (5, 5));
        assert_eq!(counts(12), (2, 2));
        assert_eq!(counts(20), (1, 1));
    }

    #[test]
    fn departments_stand_in_dingtalks_order_below_their_parents() {
        let tree = tree();
        assert_eq!(tree.roots(), [1]);
        assert_eq!(tree.get(1).unwrap().children, [20, 10]);
        assert_eq!(tree.get(10).unwrap().children, [12, 11]);
        let way: Vec<_> = tree.way_to(11).iter().map(|node| node.dept_id).collect();
        assert_eq!(way, [1, 10]);
        assert_eq!((tree.below(1), tree.below(11), tree.nodes.len()), (4, 0, 5));
    }

    #[test]
    fn only_whole_levels_are_shown_and_never_none() {
        let tree = tree();
        for (most, levels) in [(0, 1), (2, 1), (3, 2), (4, 2), (5, 3), (99, 3)] {
            assert_eq!(tree.levels_within(&[1], most), levels, "{most}");
        }
    }

    #[test]
    fn a_circle_and_an_unknown_parent_hide_nobody() {
        let departments = vec![
            department(1, 0, 0),
            department(5, 6, 0),
            department(6, 7, 0),
            department(7, 5, 0),
            department(8, 7, 0),
            department(9, 999, 0),
            department(4, 4, 0),
        ];
        let tree = Tree::new(departments, &[crowd(&[8], 2), crowd(&[7], 1)]);
        assert_eq!(tree.roots(), [1, 4, 5, 9]);
        assert_eq!(tree.get(5).unwrap().children, [7]);
        assert_eq!(
            (tree.get(5).unwrap().whole, tree.get(6).unwrap().whole),
            (3, 0)
        );
        let way: Vec<_> = tree.way_to(8).iter().map(|node| node.dept_id).collect();
        assert_eq!(way, [5, 7]);
    }
}

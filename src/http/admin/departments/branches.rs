//! The part of the tree that a page shows: whole levels, as many as fit on a page.

use crate::domain::department_tree::{Node, Tree};
use crate::domain::ids::DeptId;

/// Maximum number of departments in the tree of a page; those below the last level have pages of their own.
const MOST: usize = 300;

/// One step of a traversal of the tree, as a template renders it.
pub enum Step {
    /// A department followed by its next level, up to its [`Step::End`].
    Branch(Place, bool),
    Leaf(Place),
    End,
}

/// A department in the tree.
pub struct Place {
    pub id: DeptId,
    pub name: String,
    pub whole: i64,
    /// People directly in it, if that differs from `whole`.
    pub own: Option<i64>,
    /// How many departments below it this page does not show.
    pub hidden: usize,
}

/// Returns the traversal of the tree below `top`, and how many departments of the first level are left out.
pub fn walk(tree: &Tree, top: &[DeptId]) -> (Vec<Step>, usize) {
    let levels = tree.levels_within(top, MOST);
    // Levels that fit without much scrolling are expanded from the start.
    let open = if tree.levels_within(top, 30) >= levels {
        levels
    } else {
        1
    };
    let mut steps = Vec::new();
    for id in top.iter().take(MOST) {
        step(tree, *id, 1, levels, open, &mut steps);
    }
    (steps, top.len().saturating_sub(MOST))
}

fn step(tree: &Tree, id: DeptId, level: usize, levels: usize, open: usize, steps: &mut Vec<Step>) {
    let Some(node) = tree.get(id) else { return };
    if node.children.is_empty() || level == levels {
        steps.push(Step::Leaf(place(node, tree.below(id))));
        return;
    }
    steps.push(Step::Branch(place(node, 0), level <= open));
    for child in &node.children {
        step(tree, *child, level + 1, levels, open, steps);
    }
    steps.push(Step::End);
}

fn place(node: &Node, hidden: usize) -> Place {
    Place {
        id: node.dept_id,
        name: node.name.clone(),
        whole: node.whole,
        own: (node.own != node.whole).then_some(node.own),
        hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Department;

    fn tree(parents: &[(DeptId, DeptId)]) -> Tree {
        let department = |&(dept_id, parent): &(DeptId, DeptId)| Department {
            dept_id,
            parent_id: (parent != 0).then_some(parent),
            name: format!("D{dept_id:05}"),
            order: None,
        };
        Tree::new(parents.iter().map(department).collect(), &[])
    }

    /// Returns e.g. `1(2 3(4))`; collapsed departments have a `-`, hidden ones their count.
    fn shape(steps: &[Step]) -> String {
        let words = steps.iter().map(|step| match step {
            Step::Branch(place, true) => format!("{}(", place.id),
            Step::Branch(place, false) => format!("-{}(", place.id),
            Step::Leaf(place) if place.hidden > 0 => format!("{}+{} ", place.id, place.hidden),
            Step::Leaf(place) => format!("{} ", place.id),
            Step::End => ")".to_owned(),
        });
        words.collect()
    }

    #[test]
    fn a_small_company_is_shown_whole_and_open() {
        let tree = tree(&[(1, 0), (2, 1), (3, 1), (4, 3)]);
        let (steps, left_out) = walk(&tree, tree.roots());
        assert_eq!((shape(&steps).as_str(), left_out), ("1(2 3(4 ))", 0));
    }

    #[test]
    fn of_a_large_one_the_levels_that_fit_are_shown_and_the_rest_is_counted() {
        let mut parents = vec![(1, 0)];
        parents.extend((2..=41).map(|id| (id, 1)));
        parents.extend((100..=999).map(|id| (id, 2)));
        let tree = tree(&parents);
        let (steps, left_out) = walk(&tree, tree.roots());
        let shape = shape(&steps);
        assert!(shape.starts_with("1(2+900 3 4 "), "{shape}");
        assert_eq!((steps.len(), left_out), (42, 0));
        let (steps, left_out) = walk(&tree, &tree.get(2).unwrap().children);
        assert_eq!((steps.len(), left_out), (300, 600));
    }

    #[test]
    fn levels_that_do_not_fit_on_a_screen_are_folded() {
        let mut parents = vec![(1, 0)];
        parents.extend((2..=10).map(|id| (id, 1)));
        parents.extend((100..=199).map(|id| (id, 2 + id % 9)));
        let tree = tree(&parents);
        let (steps, _) = walk(&tree, tree.roots());
        assert!(shape(&steps).starts_with("1(-2("));
    }
}

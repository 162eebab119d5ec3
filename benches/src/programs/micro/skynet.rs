//! `skynet`: a tree of tasks, ten children each; every leaf gives its number, every node the sum of its children.
//! After Alexander Temerev's benchmark of this name. `ops` is the number of leaves, a power of ten.
//!
//! `channels`: the children of a node send their sums over a channel of ten places; `joins`: they return them.

use super::{Plan, Programs, stage, sum_below};

pub(super) const PROGRAMS: Programs = &[
    ("moonfleet", moonfleet),
    #[cfg(feature = "peers")]
    ("tokio", peers::tokio),
    #[cfg(feature = "peers")]
    ("may", peers::may),
];

const CHILDREN: u64 = 10;

/// The leaves of a subtree: their first number, and how many they are.
#[derive(Debug, Clone, Copy)]
struct Subtree {
    first: u64,
    leaves: u64,
}

impl Subtree {
    fn whole(plan: &Plan) -> Result<Subtree, String> {
        match plan.ops.ilog10() {
            power if CHILDREN.pow(power) == plan.ops => Ok(Subtree { first: 0, leaves: plan.ops }),
            _ => Err(format!("{} leaves were asked for: ask for a power of {CHILDREN}", plan.ops)),
        }
    }

    fn is_leaf(self) -> bool {
        self.leaves == 1
    }

    fn children(self) -> impl Iterator<Item = Subtree> {
        let leaves = self.leaves / CHILDREN;
        (0..CHILDREN).map(move |child| Subtree { first: self.first + child * leaves, leaves })
    }

    /// Tasks in this subtree, its root included.
    fn tasks(self) -> usize {
        let levels =
            std::iter::successors(Some(self.leaves), |&level| (level > 1).then_some(level / CHILDREN));
        levels.sum::<u64>() as usize
    }
}

fn moonfleet(plan: &Plan) -> Result<(), String> {
    let whole = Subtree::whole(plan)?;
    stage::moonfleet(plan, whole.tasks(), || {
        let sum = if plan.is("channels") { by_channels(whole) } else { by_joins(whole) };
        assert_eq!(sum, sum_below(plan.ops));
    })
}

fn by_channels(node: Subtree) -> u64 {
    if node.is_leaf() {
        return node.first;
    }
    let (sum, sums) = moonfleet::channel::bounded(CHILDREN as usize);
    for child in node.children() {
        let sum = sum.clone();
        moonfleet::spawn(move || sum.send(by_channels(child)).unwrap());
    }
    (0..CHILDREN).map(|_| sums.recv().unwrap()).sum()
}

fn by_joins(node: Subtree) -> u64 {
    if node.is_leaf() {
        return node.first;
    }
    let tasks: Vec<_> = node.children().map(|child| moonfleet::spawn(move || by_joins(child))).collect();
    tasks.into_iter().map(|task| task.join().unwrap()).sum()
}

#[cfg(feature = "peers")]
mod peers {
    use std::pin::Pin;

    use super::*;

    pub(super) fn tokio(plan: &Plan) -> Result<(), String> {
        let (whole, by_channels) = (Subtree::whole(plan)?, plan.is("channels"));
        stage::tokio(plan, async move {
            let sum = if by_channels { tokio_channels(whole).await } else { tokio_joins(whole).await };
            assert_eq!(sum, sum_below(whole.leaves));
        })
    }

    type Sum = Pin<Box<dyn Future<Output = u64> + Send>>;

    fn tokio_channels(node: Subtree) -> Sum {
        Box::pin(async move {
            if node.is_leaf() {
                return node.first;
            }
            let (sum, mut sums) = tokio::sync::mpsc::channel(CHILDREN as usize);
            for child in node.children() {
                let sum = sum.clone();
                tokio::spawn(async move { sum.send(tokio_channels(child).await).await.unwrap() });
            }
            let mut total = 0;
            for _ in 0..CHILDREN {
                total += sums.recv().await.unwrap();
            }
            total
        })
    }

    fn tokio_joins(node: Subtree) -> Sum {
        Box::pin(async move {
            if node.is_leaf() {
                return node.first;
            }
            let tasks: Vec<_> = node.children().map(|child| tokio::spawn(tokio_joins(child))).collect();
            let mut total = 0;
            for task in tasks {
                total += task.await.unwrap();
            }
            total
        })
    }

    pub(super) fn may(plan: &Plan) -> Result<(), String> {
        let (whole, by_channels) = (Subtree::whole(plan)?, plan.is("channels"));
        stage::may(plan, move || {
            let sum = if by_channels { may_channels(whole) } else { may_joins(whole) };
            assert_eq!(sum, sum_below(whole.leaves));
        })
    }

    /// may's channel is unbounded.
    fn may_channels(node: Subtree) -> u64 {
        if node.is_leaf() {
            return node.first;
        }
        let (sum, sums) = may::sync::mpsc::channel();
        for child in node.children() {
            let sum = sum.clone();
            may::go!(move || sum.send(may_channels(child)).unwrap());
        }
        (0..CHILDREN).map(|_| sums.recv().unwrap()).sum()
    }

    fn may_joins(node: Subtree) -> u64 {
        if node.is_leaf() {
            return node.first;
        }
        let tasks: Vec<_> = node.children().map(|child| may::go!(move || may_joins(child))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_counted_to_its_last_task() {
        let whole = Subtree { first: 0, leaves: 1000 };
        assert_eq!(whole.tasks(), 1111);
        let firsts: Vec<u64> = whole.children().map(|child| child.first).collect();
        assert_eq!(firsts, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    }

    #[test]
    fn an_uneven_tree_is_refused() {
        let plan = |ops| Plan { workers: 1, ops, variant: String::new() };
        assert!(Subtree::whole(&plan(1000)).is_ok());
        assert!(Subtree::whole(&plan(1234)).unwrap_err().contains("power of 10"));
    }
}

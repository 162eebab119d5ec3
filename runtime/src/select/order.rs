//! Orders of arms: random, to try them fairly; by address, to lock their channels without deadlock.

/// Arms up to this number are ordered without allocating.
const INLINE: usize = 8;

/// A permutation of arm indices.
#[derive(Debug)]
pub(crate) enum Order {
    Inline([usize; INLINE], usize),
    Heap(Box<[usize]>),
}

impl Order {
    /// The indices in random order.
    #[inline]
    pub(crate) fn random(arms: usize) -> Self {
        let mut order = Self::identity(arms);
        match order.as_mut_slice() {
            [first, second] => {
                if fastrand::bool() {
                    core::mem::swap(first, second);
                }
            }
            indices => fastrand::shuffle(indices),
        }
        order
    }

    /// The indices by ascending `key`.
    pub(crate) fn sorted_by(arms: usize, mut key: impl FnMut(usize) -> usize) -> Self {
        let mut order = Self::identity(arms);
        order.as_mut_slice().sort_unstable_by_key(|&index| key(index));
        order
    }

    /// The indices.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[usize] {
        match self {
            Order::Inline(indices, len) => &indices[..*len],
            Order::Heap(indices) => indices,
        }
    }

    fn as_mut_slice(&mut self) -> &mut [usize] {
        match self {
            Order::Inline(indices, len) => &mut indices[..*len],
            Order::Heap(indices) => indices,
        }
    }

    #[inline]
    fn identity(arms: usize) -> Self {
        if arms <= INLINE {
            Order::Inline(core::array::from_fn(|index| index), arms)
        } else {
            Order::Heap((0..arms).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn random_order_holds_every_index_once() {
        for arms in [0, 1, 2, 3, 8, 9, 100] {
            let mut indices = Order::random(arms).as_slice().to_vec();
            indices.sort_unstable();
            assert_eq!(indices, (0..arms).collect::<Vec<_>>());
        }
    }

    #[test]
    fn sorted_order_follows_the_key() {
        let keys = [30, 10, 20, 10];
        let order = Order::sorted_by(4, |index| keys[index]);
        let sorted: Vec<_> = order.as_slice().iter().map(|&index| keys[index]).collect();
        assert_eq!(sorted, [10, 10, 20, 30]);
    }
}

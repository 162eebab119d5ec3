//! `std::collections::HashMap` in the order of insertion: that of hashes, or of addresses, differs from run to run.

#[derive(Debug)]
pub(crate) struct HashMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for HashMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V> HashMap<K, V> {
    fn position(&self, key: &K) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.remove(&key);
        self.0.push((key, value));
        before
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.position(key).map(|position| self.0.remove(position).1)
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.position(key).map(|position| &self.0[position].1)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.position(key).map(|position| &mut self.0[position].1)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

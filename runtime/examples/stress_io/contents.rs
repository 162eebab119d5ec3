//! Bytes that tell where they belong: each depends on its stream and its place there.

/// The contents of one stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contents(pub(crate) u64);

impl Contents {
    fn byte(self, at: u64) -> u8 {
        // The last steps of SplitMix64 (Steele, Lea and Flood, 2014): eight bytes of each mixed number are used.
        let mut mixed = self.0.wrapping_add((at >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> (8 * (at & 7))) as u8
    }

    /// Puts what belongs at `at` and after into `bytes`.
    pub(crate) fn fill(self, at: u64, bytes: &mut [u8]) {
        bytes.iter_mut().zip(at..).for_each(|(byte, at)| *byte = self.byte(at));
    }

    /// The place of the first of `bytes` that does not belong at `at` or after.
    pub(crate) fn wrong(self, at: u64, bytes: &[u8]) -> Option<u64> {
        bytes.iter().zip(at..).find(|&(&byte, at)| byte != self.byte(at)).map(|(_, at)| at)
    }
}

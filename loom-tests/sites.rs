//! The sites: every place of the runtime's sources where an ordering or a second look could be forgotten.
//!
//! They are found by reading: each fence, each half of an atomic ordering that is stronger than Relaxed, and each
//! line below a comment that says `RE-CHECK:`. Unit tests, which come last in a file, are left out.

use std::ops::Range;

/// What a site is, and so what it means to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A fence, which can be left out.
    Fence,
    /// The Acquire half of an ordering, which can be weakened.
    Acquire,
    /// The Release half, likewise.
    Release,
    /// A second look at what may have changed, which can be left out.
    ReCheck,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) kind: Kind,
    /// The line in its file, from one.
    pub(crate) line: usize,
    /// Where in the file it stands: an ordering, or the line of a re-check.
    place: Range<usize>,
}

/// The sites in `text`, a source file.
pub(crate) fn sites(text: &str) -> Vec<Site> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let (mut found, mut begin, mut after_recheck) = (Vec::new(), 0, false);
    for (index, line) in code.split_inclusive('\n').enumerate() {
        let comment = line.find("//").unwrap_or(line.len());
        if line[comment..].contains("RE-CHECK:") {
            after_recheck = true;
        }
        let mut add = |kind, place: Range<usize>| {
            found.push(Site { kind, line: index + 1, place: begin + place.start..begin + place.end });
        };
        if after_recheck && !line[..comment].trim().is_empty() {
            add(Kind::ReCheck, 0..comment);
            after_recheck = false;
        }
        for (at, ordering) in line[..comment].match_indices("Ordering::") {
            let name = &line[at + ordering.len()..];
            let end =
                at + ordering.len() + name.find(|letter: char| !letter.is_alphabetic()).unwrap_or(name.len());
            let is_fence = line[..at].ends_with("fence(");
            for kind in if is_fence { &[Kind::Fence][..] } else { halves(&line[at..end]) } {
                add(*kind, at..end);
            }
        }
        begin += line.len();
    }
    found
}

/// The halves of the ordering that `text` begins with.
fn halves(text: &str) -> &'static [Kind] {
    match text.strip_prefix("Ordering::") {
        Some("Acquire") => &[Kind::Acquire],
        Some("Release") => &[Kind::Release],
        Some("AcqRel" | "SeqCst") => &[Kind::Acquire, Kind::Release],
        _ => &[],
    }
}

impl Site {
    /// Whether it is gone when `text` at `place` is replaced by `with`.
    pub(crate) fn is_removed_by(&self, place: &Range<usize>, text: &str, with: &str) -> bool {
        let is_touched = place.start < self.place.end && self.place.start < place.end;
        is_touched
            && match self.kind {
                Kind::ReCheck => true,
                kind => count(kind, with) < count(kind, text),
            }
    }

    /// Whether it is what `unseen` text at `place` is about.
    pub(crate) fn is_within(&self, place: &Range<usize>) -> bool {
        place.start <= self.place.start && self.place.end <= place.end
    }
}

/// How many sites of this kind there are in `text`, a piece of code.
fn count(kind: Kind, text: &str) -> usize {
    sites(text).iter().filter(|site| site.kind == kind).count()
}

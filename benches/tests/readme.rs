//! The figures in README.md are those of the committed result file, to the letter.

use std::fs;

const BEGIN: &str = "<!-- figures: benches/results/stateful.md -->\n";
const END: &str = "<!-- end of figures -->";

#[test]
fn figures_in_the_readme_are_the_committed_ones() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let readme = fs::read_to_string(format!("{root}/README.md")).unwrap();
    let results = fs::read_to_string(format!("{root}/benches/results/stateful.md")).unwrap();
    let (_, rest) = readme.split_once(BEGIN).expect("README.md marks where the figures begin");
    let (figures, _) = rest.split_once(END).expect("README.md marks where the figures end");
    let table = &results[results.find("| mode").expect("the result file holds a table")..];
    assert_eq!(figures.trim(), table.trim(), "copy the table of benches/results/stateful.md into README.md");
}

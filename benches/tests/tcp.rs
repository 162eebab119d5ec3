//! The work `tcp` in its quick form: every variant comes to figures, nothing is lost, nothing goes wrong.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn servers_and_clients_come_to_figures() {
    let json = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tcp.json");
    let done = Command::new(env!("CARGO_BIN_EXE_moonfleet-benches"))
        .args(["tcp", "--quick", "--workers", "2", "--only", "moonfleet,tokio", "--json"])
        .arg(&json)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let report: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap();
    for variant in ["http-64", "http-1000", "echo", "idle", "storm"] {
        let of_variant: Vec<&Value> = rows.iter().filter(|row| row["variant"] == variant).collect();
        assert_eq!(of_variant.len(), 2, "{variant}");
        of_variant.into_iter().for_each(check);
    }
}

fn check(row: &Value) {
    let note = row["note"].as_str().unwrap();
    // Without `wrk` its rows say so, and the storm goes through the same loops.
    if note.starts_with("not installed") {
        return;
    }
    assert_eq!(note, "", "{row:#}");
    let median = |name: &str| row[name]["median"].as_f64();
    let measure = if row["variant"] == "idle" { "kb_per_connection" } else { "ops_per_second" };
    assert!(median(measure).is_some_and(|figure| figure > 0.0), "{row:#}");
    // The comparison with a peer that was not asked for is the only figure that may be missing.
    let missing = row.as_object().unwrap().iter().filter(|(_, value)| value.is_null());
    let missing: Vec<&String> = missing.map(|(name, _)| name).filter(|name| *name != "times_go").collect();
    assert!(missing.is_empty(), "{missing:?}: {row:#}");
    for loss in ["errors", "lost"] {
        assert_eq!(median(loss).unwrap_or(0.0), 0.0, "{row:#}");
    }
}

//! Locks and the like that suspend the task instead of blocking its worker; on plain threads they park.

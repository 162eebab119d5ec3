//! Where the runtime keeps panics of the user's in. Here they are failures of the model: they get out.

pub(crate) fn quietly(foreign: impl FnOnce()) {
    foreign();
}

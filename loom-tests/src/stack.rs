//! What a header and a join error say of stacks, of which models have none.

use std::fmt;

#[derive(Debug, Clone, Copy)]
pub(crate) struct StackClass;

#[derive(Debug)]
pub struct StackError;

impl fmt::Display for StackError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        unreachable!("every task of a model gets its thread")
    }
}

impl std::error::Error for StackError {}

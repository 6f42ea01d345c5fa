//! Where the run happens: what the surroundings know about the change, and where it is reported to.

pub mod git;

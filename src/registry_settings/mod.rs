//! Registry settings: the registry's own policies, its replicas, the locks of its tags, and how much room it has.
//!
//! What is stated is compared with what Azure says, and becomes it; what is not stated is nobody's business. What needs
//! the SKU Premium says so before anything is tried.

mod ask;
mod days;
mod decide;
mod doing;
mod found;
mod locks;
mod quota;
mod replicas;
mod serving;
mod stated;
mod switch;
mod work;

pub use ask::{Interest, ask};
pub use days::Days;
pub use decide::{Decision, Question, decide};
pub use doing::{Pace, Planes};
pub use found::{Found, FoundReplica, Policy, Usage};
pub use locks::look as look_at_locks;
pub use quota::Planned;
pub use serving::look as look_at_replicas;
pub use stated::{Guard, Guards, Locks, Replica, Retention, SoftDelete, Stated, read_replicas};
pub use switch::Switch;
pub use work::{Await, Awaited, Lock, Part, Remark, Replicate, Setting, Wish, Work};

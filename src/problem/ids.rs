//! Ids: by what a service's own people find one request among all.

use std::fmt;

/// The identifiers of one request at Azure; none of them where it was sent to somebody else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestIds {
    /// `x-ms-correlation-request-id`: the whole operation, as the activity log has it.
    pub correlation: Option<String>,
    /// `x-ms-request-id`: this one request.
    pub request: Option<String>,
    /// `x-ms-client-request-id`: what we called it, known where no answer came too.
    pub client: Option<String>,
}

impl RequestIds {
    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for RequestIds {
    /// Writes ` (correlation id …, request id …, client request id …)`, those that there are; nothing where there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [("correlation", &self.correlation), ("request", &self.request), ("client request", &self.client)];
        let mut opening = " (";
        for (name, id) in named {
            if let Some(id) = id {
                write!(f, "{opening}{name} id {id}")?;
                opening = ", ";
            }
        }
        if self.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

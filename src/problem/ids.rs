//! Ids: by what a service's own people find one request among all.

use std::fmt;

/// The identifiers of one request at Azure; none of them where it was sent to somebody else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
// Most failures have none, and a failure is handed through many results.
pub struct RequestIds(Option<Box<Ids>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Ids {
    correlation: Option<String>,
    request: Option<String>,
    client: Option<String>,
}

impl RequestIds {
    /// Takes the identifiers: of the whole operation, of the request, and the one that its sender made.
    pub fn new(correlation: Option<String>, request: Option<String>, client: Option<String>) -> Self {
        let is_any = correlation.is_some() || request.is_some() || client.is_some();
        Self(is_any.then(|| Box::new(Ids { correlation, request, client })))
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns `x-ms-correlation-request-id`: the whole operation, as the activity log has it.
    pub fn correlation(&self) -> Option<&str> {
        self.0.as_ref()?.correlation.as_deref()
    }

    /// Returns `x-ms-request-id`: this one request.
    pub fn request(&self) -> Option<&str> {
        self.0.as_ref()?.request.as_deref()
    }

    /// Returns `x-ms-client-request-id`: what we called it, known where no answer came too.
    pub fn client(&self) -> Option<&str> {
        self.0.as_ref()?.client.as_deref()
    }
}

impl fmt::Display for RequestIds {
    /// Writes ` (correlation id …, request id …, client request id …)`, those that there are; nothing where there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named =
            [("correlation", self.correlation()), ("request", self.request()), ("client request", self.client())];
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

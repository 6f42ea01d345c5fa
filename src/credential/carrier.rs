//! Carrier: the identity library's requests go by our client and are noted there.

use crate::http::Http;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};

#[derive(Debug)]
pub(super) struct Carrier(pub(super) Http);

#[async_trait::async_trait]
impl HttpClient for Carrier {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let send = self.0.client().execute_request(request);
        let status = |sent: &azure_core::Result<AsyncRawResponse>| Some(u16::from(sent.as_ref().ok()?.status()));
        self.0.noted(request.method().as_ref(), request.url().as_str(), send, status).await
    }
}

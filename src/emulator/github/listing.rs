//! Listings: pages of a list, and the links between them.

use super::{ask::Ask, hub::Repository};
use crate::emulator::call::{Reply, json_reply, with};
use axum::http::StatusCode;
use serde_json::Value;

/// One page of a list.
pub(super) struct Listing<T> {
    pub(super) items: Vec<T>,
    pub(super) total: usize,
    link: Option<String>,
}

impl<T> Listing<T> {
    /// Cuts out the page that is asked for: 30 entries unless told, 100 at most (docs, "Using pagination").
    ///
    /// The links name the repository by its id, as GitHub's do.
    pub(super) fn new(ask: &Ask<'_>, repository: &Repository, rest: &str, items: Vec<T>) -> Self {
        let number = |name, default: usize| ask.call.query(name).and_then(|it| it.parse().ok()).unwrap_or(default);
        let (size, page) = (number("per_page", 30).clamp(1, 100), number("page", 1).max(1));
        let total = items.len();
        let last = total.div_ceil(size).max(1);
        let base = format!("{}/repositories/{}/{rest}", ask.site.api, repository.id);
        let link = |page: usize, rel: &str| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(ask.call.query.iter().filter(|(name, _)| name != "page"));
            query.append_pair("page", &page.to_string());
            format!("<{base}?{}>; rel=\"{rel}\"", query.finish())
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link(page.min(last + 1) - 1, "prev"));
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        if page > 1 {
            links.push(link(1, "first"));
        }
        let items = items.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
        Self { items, total, link: (!links.is_empty()).then(|| links.join(", ")) }
    }

    pub(super) fn reply(self, body: &Value) -> Reply {
        let reply = json_reply(StatusCode::OK, body);
        match self.link {
            Some(link) => with(reply, "link", link),
            None => reply,
        }
    }
}

impl Listing<Value> {
    pub(super) fn array(mut self) -> Reply {
        let body = Value::Array(std::mem::take(&mut self.items));
        self.reply(&body)
    }
}

//! Shapes: the objects that stand inside many answers.

use super::{hub::Repository, permission::ACTIONS_BOT, site::Site};
use serde_json::{Value, json};

/// The time at which what is not dated was made.
pub(super) const LONG_AGO: &str = "2024-03-01T08:00:00Z";

/// Returns the id of a login; the bot of Actions has its true one.
pub(super) fn user_id(login: &str) -> u64 {
    if login == ACTIONS_BOT {
        return 41_898_282;
    }
    login.bytes().fold(1_000_000, |sum, byte| (sum * 31 + u64::from(byte)) % 100_000_000)
}

pub(super) fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_kwDO{id:08x}")
}

/// `simple-user`.
pub(super) fn user(site: &Site, login: &str, kind: &str) -> Value {
    let (api, id) = (format!("{}/users/{}", site.api, login.replace('[', "%5B").replace(']', "%5D")), user_id(login));
    let page = if kind == "Bot" { format!("apps/{}", login.trim_end_matches("[bot]")) } else { login.to_owned() };
    json!({
        "login": login, "id": id, "node_id": node_id("U", id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"), "gravatar_id": "",
        "url": api, "html_url": format!("{}/{page}", site.html),
        "followers_url": format!("{api}/followers"), "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"), "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"), "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"), "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"), "type": kind, "site_admin": false,
    })
}

/// Returns a login as a user; the suffix says whether it is an app's.
pub(super) fn author(site: &Site, login: &str) -> Value {
    user(site, login, if login.ends_with("[bot]") { "Bot" } else { "User" })
}

/// `integration`: the app that a job's token belongs to.
pub(super) fn app(site: &Site) -> Value {
    json!({
        "id": 15368, "slug": "github-actions", "node_id": "MDM6QXBwMTUzNjg=", "client_id": "Iv1.05c79e9ad1f6bdfa",
        "owner": user(site, "github", "Organization"), "name": "GitHub Actions",
        "description": "Automate your workflow from idea to production",
        "external_url": "https://help.github.com/en/actions", "html_url": format!("{}/apps/github-actions", site.html),
        "created_at": "2018-07-30T09:30:17Z", "updated_at": "2024-04-10T20:33:16Z",
        "permissions": {"actions": "write", "checks": "write", "contents": "write", "metadata": "read",
            "pull_requests": "write", "issues": "write"},
        "events": ["check_run", "pull_request", "push"],
    })
}

/// The templates of a repository's addresses: the field, and what stands behind the repository.
const TEMPLATES: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

/// `minimal-repository`, by name: a fork is none of the world's.
pub(super) fn minimal_repository(site: &Site, full_name: &str, id: u64, is_fork: bool) -> Value {
    let (owner, name) = full_name.split_once('/').unwrap_or((full_name, ""));
    let api = format!("{}/repos/{full_name}", site.api);
    let mut shape = json!({
        "id": id, "node_id": node_id("R", id), "name": name, "full_name": full_name, "private": true,
        "owner": user(site, owner, "Organization"), "html_url": format!("{}/{full_name}", site.html),
        "description": null, "fork": is_fork,
    });
    for (field, rest) in TEMPLATES {
        shape[field] = format!("{api}{rest}").into();
    }
    shape
}

/// `repository`, whole.
pub(super) fn repository(site: &Site, full_name: &str, id: u64, is_fork: bool, default_branch: &str) -> Value {
    let mut shape = minimal_repository(site, full_name, id, is_fork);
    let more = json!({
        "git_url": format!("git://{}/{full_name}.git", site.server),
        "ssh_url": format!("git@{}:{full_name}.git", site.server),
        "clone_url": format!("{}/{full_name}.git", site.html), "svn_url": format!("{}/{full_name}", site.html),
        "created_at": LONG_AGO, "updated_at": LONG_AGO, "pushed_at": LONG_AGO, "homepage": null, "size": 12,
        "stargazers_count": 0, "watchers_count": 0, "language": null, "has_issues": true, "has_projects": false,
        "has_downloads": true, "has_wiki": false, "has_pages": false, "has_discussions": false, "forks_count": 0,
        "mirror_url": null, "archived": false, "disabled": false, "open_issues_count": 0, "license": null,
        "allow_forking": true, "is_template": false, "web_commit_signoff_required": false, "topics": [],
        "visibility": "private", "forks": 0, "open_issues": 0, "watchers": 0, "default_branch": default_branch,
    });
    extend(&mut shape, more);
    shape
}

/// Adds the fields of another object.
pub(super) fn extend(shape: &mut Value, more: Value) {
    if let (Value::Object(shape), Value::Object(more)) = (shape, more) {
        shape.extend(more);
    }
}

/// `full-repository`.
pub(super) fn full_repository(site: &Site, it: &Repository) -> Value {
    let mut shape = repository(site, &it.full_name, it.id, false, &it.default_branch);
    for field in ["network_count", "subscribers_count"] {
        shape[field] = 0.into();
    }
    shape
}

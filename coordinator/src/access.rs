//! Who may call what: one table, and what is not in it nobody may call.
//!
//! A caller is known by the certificate of its connection. It is looked at before anything of a request is read, so that
//! a stranger's requests take nobody's place.

mod denied;
mod table;
mod tokens;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tower::Layer;
use xmlx_domain::AccessRole;
use xmlx_proto::{ErrorCode, Refusal};
use xmlx_store::{Record, Store};
use xmlx_tls::{Peer, RoleRules, Security};

use self::denied::Denied;
use self::tokens::Tokens;

/// What a token stands behind in the header `authorization`.
const BEARER: &str = "Bearer ";

/// Who calls, for whoever answers. Every request that gets through has one among its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The name in its certificate, or of its token; empty where it has neither.
    pub(crate) name: String,
    /// Where it calls from.
    pub(crate) address: Option<SocketAddr>,
    roles: BTreeSet<AccessRole>,
}

impl Caller {
    /// Who has sent a request.
    pub(crate) fn of<T>(request: &tonic::Request<T>) -> Self {
        let known = request.extensions().get().cloned();
        known.unwrap_or_else(|| Self { name: String::new(), address: None, roles: BTreeSet::new() })
    }

    /// The host it calls from.
    pub(crate) fn host(&self) -> String {
        self.address.map(|address| address.ip().to_canonical().to_string()).unwrap_or_default()
    }

    /// Somebody with roles, for tests.
    #[cfg(test)]
    pub(crate) fn with_roles(name: &str, roles: &[AccessRole]) -> Self {
        let roles = roles.iter().copied().collect();
        Self { name: name.to_owned(), address: None, roles }
    }

    /// Whether it may see values of applications.
    pub(crate) fn may_see_values(&self) -> bool {
        self.roles.contains(&AccessRole::Operator)
    }

    /// What is recorded of a call that this one makes.
    pub(crate) fn record(&self, method: &str, subject: String) -> Record {
        Record {
            who: self.name.clone(),
            address: self.host(),
            method: method.to_owned(),
            subject,
            contract_hash: String::new(),
            parameters: "{}".to_owned(),
            outcome: "done".to_owned(),
        }
    }
}

/// Lets calls through to a server, or not.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    rules: Arc<RoleRules>,
    /// Whether everybody may do everything: without TLS nobody can prove who he is.
    is_open: bool,
    tokens: Tokens,
    denied: Denied,
}

impl Guard {
    pub(crate) fn new(security: &Security, rules: RoleRules, store: &Store) -> Self {
        let is_open = security.credentials.is_none() || security.insecure;
        let (tokens, denied) = (Tokens::new(store.clone()), Denied::new(store.clone()));
        Self { rules: Arc::new(rules), is_open, tokens, denied }
    }

    /// The caller with what its token adds. One that is unknown, expired or revoked adds nothing.
    async fn with_token(&self, mut caller: Caller, token: &str) -> Caller {
        if let Some(row) = self.tokens.find(token).await {
            caller.roles.insert(row.role);
            caller.name = format!("token:{}:{}", row.token_id, row.name);
        }
        caller
    }

    fn caller(&self, peer: Option<&Peer>) -> Caller {
        let certificate = peer.and_then(|peer| peer.certificate.as_ref());
        let roles = match certificate {
            _ if self.is_open => AccessRole::ALL.iter().copied().collect(),
            Some(names) => self.rules.roles(names),
            None => BTreeSet::new(),
        };
        let name = certificate.map(|names| names.shown().to_owned()).unwrap_or_default();
        Caller { name, address: peer.map(|peer| peer.address), roles }
    }
}

/// Whether a caller may call the method at this path.
fn permit(caller: &Caller, path: &str) -> Result<(), Refusal> {
    let denied = |message: String| Err(Refusal::new(ErrorCode::Denied, message));
    let method = path.trim_start_matches('/');
    let Some(needed) = table::needed(method) else {
        return denied(format!(
            "`{method}` is not known here; upgrade the older of the two programs"
        ));
    };
    let table::Needed::OneOf(roles) = needed else { return Ok(()) };
    if roles.iter().any(|role| caller.roles.contains(role)) {
        return Ok(());
    }
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let roles = roles.join(", ");
    let Caller { name, roles: has, .. } = caller;
    if name.is_empty() {
        return denied(format!(
            "`{method}` takes one of these roles: {roles}; prove who you are: set `tls_cert` and `tls_key`, or `token_file`"
        ));
    }
    let has: Vec<&str> = has.iter().map(|role| role.as_str()).collect();
    let has = if has.is_empty() { "no role".to_owned() } else { has.join(", ") };
    denied(format!(
        "`{name}` ({has}) may not call `{method}`, which takes one of these roles: {roles}"
    ))
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: self.clone() }
    }
}

/// A server behind the table.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<S> {
    inner: S,
    guard: Guard,
}

impl<S> Service<http::Request<Body>> for Guarded<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // The one that was found ready is the one that is called (tower's documentation of `Service`).
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let guard = self.guard.clone();
        Box::pin(async move {
            let peer: Option<&Peer> = request.extensions().get();
            let activity = peer.map(|peer| peer.activity.clone());
            let mut caller = guard.caller(peer);
            if let Some(token) = token(&request).map(str::to_owned) {
                caller = guard.with_token(caller, &token).await;
            }
            if let Err(refusal) = permit(&caller, request.uri().path()) {
                guard.denied.note(&caller, request.uri().path());
                return Ok(Status::from(refusal).into_http());
            }
            request.extensions_mut().insert(caller);
            let call = activity.map(|activity| activity.begin());
            let answer = inner.call(request).await?;
            // A stream of a worker is a call until it ends.
            Ok(answer.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _under_way = &call;
                    frame
                }))
            }))
        })
    }
}

/// The token in a request's header.
fn token(request: &http::Request<Body>) -> Option<&str> {
    request.headers().get("authorization")?.to_str().ok()?.strip_prefix(BEARER)
}

#[cfg(test)]
mod tests;

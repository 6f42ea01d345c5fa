//! Listener: one port that is a proxy, a TLS server and a plain HTTP server, told apart by what comes first.

use super::{
    World,
    answer::{Outcome, respond},
    call::{self, Call},
    certificate::Authority,
    hosts::{self, Leads},
    socket::{Line, Sniffed, Socket},
    spool::Spool,
};
use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode},
};
use futures_util::{StreamExt, future::BoxFuture, stream};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

/// What every connection of one emulator shares.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) world: World,
    pub(super) authority: Arc<Authority>,
    pub(super) address: SocketAddr,
    pub(super) outside: reqwest::Client,
    /// Ends when the emulator is dropped; every connection ends with it.
    pub(super) alive: watch::Receiver<()>,
}

/// Where on its way a connection is.
#[derive(Clone)]
struct Way {
    socket: Arc<TcpStream>,
    /// The host of the tunnel, as the client asked for it.
    tunnel: Option<String>,
    is_tls: bool,
}

/// Accepts connections until the task is aborted.
pub(super) async fn listen(listener: TcpListener, shared: Shared) {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                // Head and body of an answer must not wait for the acknowledgement of what went before.
                drop(socket.set_nodelay(true));
                let socket = Arc::new(socket);
                let way = Way { socket: Arc::clone(&socket), tunnel: None, is_tls: false };
                tokio::spawn(serve(Box::new(Socket(socket)), way, shared.clone()));
            }
            // Out of file descriptors, most likely: some connection must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Serves one line; boxed, because a tunnel holds a line again.
fn serve(line: Box<dyn Line>, way: Way, shared: Shared) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut alive = shared.alive.clone();
        tokio::select! {
            // A connection that breaks is the business of the client, who sees it.
            done = serve_line(line, way, shared) => drop(done),
            _ = alive.changed() => {}
        }
    })
}

async fn serve_line(line: Box<dyn Line>, mut way: Way, shared: Shared) -> io::Result<()> {
    let Some(line) = Sniffed::new(line).await? else { return Ok(()) };
    if !line.is_tls() {
        return serve_http(line, way, shared).await;
    }
    let host = way.tunnel.as_deref().map_or("localhost", |host| hosts::split_port(host).0);
    let config = shared.world.company_at(host).unwrap_or(&shared.authority).config(host)?;
    way.is_tls = true;
    serve_http(TlsAcceptor::from(config).accept(line).await?, way, shared).await
}

async fn serve_http(line: impl Line, way: Way, shared: Shared) -> io::Result<()> {
    let service = service_fn(move |request| {
        let (way, shared) = (way.clone(), shared.clone());
        async move { handle(request, way, shared).await }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(line), service)
        .with_upgrades()
        .await
        .map_err(io::Error::other)
}

/// An error closes the connection, which is how a fault breaks it.
async fn handle(request: Request<Incoming>, way: Way, shared: Shared) -> io::Result<Response<Body>> {
    if request.method() == Method::CONNECT {
        return Ok(tunnel(request, way, shared));
    }
    let scheme = if way.is_tls { "https" } else { "http" };
    let named = request.uri().authority().map(ToString::to_string).or_else(|| way.tunnel.clone());
    let host_header = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let mut authority = named.unwrap_or(host_header);
    // Addresses that are given to clients leave the scheme's own port out, as the services do.
    let own_port = if way.is_tls { ":443" } else { ":80" };
    if let Some(host) = authority.strip_suffix(own_port) {
        authority = host.to_owned();
    }
    let lead = hosts::lead(&shared.world, &authority, shared.address);
    let origin = format!("{scheme}://{authority}");
    let (host, is_direct) = match lead {
        Leads::Here { host, is_direct } => (host, is_direct),
        Leads::Through => return Ok(forward(request, &shared).await),
        Leads::Nowhere => return Ok(refused(&authority)),
    };
    let (parts, body) = request.into_parts();
    let mut call = Call {
        method: parts.method,
        host,
        origin,
        is_direct,
        path: call::decoded(parts.uri.path()),
        target: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        query: parts.uri.query().map(|query| call::pairs(query.as_bytes())).unwrap_or_default(),
        headers: parts.headers,
        body: bytes::Bytes::new(),
        upload: Mutex::default(),
    };
    // A fault that breaks the connection does so before the body is read, so that uploads break half-way.
    let mut spool = call.is_upload().then(|| shared.world.content().spool());
    let read = async move {
        let Some(spool) = &mut spool else {
            let whole = axum::body::to_bytes(Body::new(body), usize::MAX).await.map_err(io::Error::other)?;
            return Ok((whole, Spool::default()));
        };
        let mut pieces = Body::new(body).into_data_stream();
        while let Some(piece) = pieces.next().await {
            spool.write(&piece.map_err(io::Error::other)?)?;
        }
        Ok((bytes::Bytes::new(), std::mem::take(spool)))
    };
    match respond(&shared.world, &mut call, read).await? {
        Outcome::Reply(reply) => Ok(reply.map(Body::from)),
        Outcome::Close { resets } => Err(broken(&way, resets)),
        Outcome::CloseInBody { reply, resets } => Ok(half(reply, way, resets)),
    }
}

fn broken(way: &Way, resets: bool) -> io::Error {
    if resets {
        drop(way.socket.set_zero_linger());
    }
    io::Error::from(io::ErrorKind::ConnectionAborted)
}

/// Sends half of a body, then breaks the connection.
fn half(reply: call::Reply, way: Way, resets: bool) -> Response<Body> {
    let (mut parts, body) = reply.into_parts();
    parts.headers.insert("content-length", body.len().into());
    let first = body.slice(..body.len() / 2);
    let pieces = stream::unfold(Some(first), move |piece| {
        let way = way.clone();
        async move {
            match piece {
                Some(piece) if !piece.is_empty() => Some((Ok(piece), Some(bytes::Bytes::new()))),
                _ => {
                    // The half must have left before the end overtakes it.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Some((Err(broken(&way, resets)), None))
                }
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

fn tunnel(request: Request<Incoming>, mut way: Way, shared: Shared) -> Response<Body> {
    let authority = request.uri().to_string();
    let lead = hosts::lead(&shared.world, &authority, shared.address);
    match lead {
        Leads::Nowhere => return refused(&authority),
        Leads::Here { .. } | Leads::Through => {}
    }
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade::on(request).await else { return };
        let mut line = TokioIo::new(upgraded);
        if matches!(lead, Leads::Through) {
            let mut alive = shared.alive.clone();
            if let Ok(mut outside) = TcpStream::connect(&authority).await {
                drop(outside.set_nodelay(true));
                tokio::select! {
                    done = tokio::io::copy_bidirectional(&mut line, &mut outside) => drop(done),
                    _ = alive.changed() => {}
                }
            }
            return;
        }
        way.tunnel = Some(authority);
        serve(Box::new(line), way, shared).await;
    });
    Response::new(Body::empty())
}

/// Passes a request on to a server of this machine.
async fn forward(request: Request<Incoming>, shared: &Shared) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap_or_default();
    let mut headers = parts.headers;
    for name in ["proxy-connection", "connection", "content-length", "transfer-encoding"] {
        headers.remove(name);
    }
    let asked = shared.outside.request(parts.method, parts.uri.to_string()).headers(headers).body(body).send().await;
    match asked {
        Ok(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = Response::new(Body::from(answer.bytes().await.unwrap_or_default()));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response.headers_mut().remove("transfer-encoding");
            response
        }
        Err(error) => call::text(StatusCode::BAD_GATEWAY, &format!("{error}\n")).map(Body::from),
    }
}

fn refused(authority: &str) -> Response<Body> {
    let reason = format!("`{authority}` is no host of this emulator, and it asks nobody outside this machine\n");
    call::text(StatusCode::BAD_GATEWAY, &reason).map(Body::from)
}

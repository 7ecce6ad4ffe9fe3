//! Who may come in: those whom the configuration names, by the token in their letters, and who works
//! at the machine itself. A change is taken only from the desk's own pages.

use askama::Template;
use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Desk, Trouble, answer, see, words};
use crate::digest::token;

/// The cookie that holds the token.
const COOKIE: &str = "gazetier_desk";

/// For so many seconds: the two weeks of an edition and the next.
const MEMORY: u32 = 14 * 24 * 3_600;

/// An editor at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Editor {
    /// How the others know them.
    pub(super) name: String,
}

#[derive(Template)]
#[template(path = "desk/door.html")]
struct Door<'a> {
    lang: &'static str,
    w: &'static words::Words,
    magazine: &'a str,
    sheet: &'a str,
    /// Who stands before it, if the token is good.
    name: Option<String>,
}

impl Desk {
    /// Whom a token lets in.
    fn editor(&self, given: &str) -> Option<Editor> {
        let is = |address: &str| token::opens_desk(self.shared().store().key(), address, given);
        let editors = &self.shared().config().desk.editors;
        let named = editors.iter().find(|editor| is(&editor.address.folded()));
        let named = named.map(|editor| editor.name.clone().unwrap_or_else(|| editor.address.to_string()));
        let name = named.or_else(|| is("").then(|| self.0.operator.clone()));
        name.map(|name| Editor { name })
    }

    fn cookie(&self, token: &str, age: u32) -> HeaderValue {
        let secure = if self.0.base.scheme() == "https" { "; Secure" } else { "" };
        let text = format!("{COOKIE}={token}; Path={}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}", self.root());
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Whether a request comes from a page of the desk itself.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let same = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
        let origin = text(header::ORIGIN.as_str()).unwrap_or_default();
        let own = self.0.base.origin().ascii_serialization();
        // Before a web server on this machine, the name in the address may be another one.
        let local = text(header::HOST.as_str()).map(|host| format!("http://{host}"));
        let loopback = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let is_local = self.shared().config().desk.url.is_none()
            && loopback.iter().any(|start| origin.starts_with(start))
            && local.as_deref() == Some(origin);
        same && (origin == own || is_local)
    }
}

/// Lets through who has shown a token, and changes only from our own pages.
pub(super) async fn watch(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let cookies = request.headers().get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let token = cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('=').map(str::to_owned));
    let Some(editor) = token.and_then(|token| desk.editor(&token)) else {
        return closed(&desk).unwrap_or_else(IntoResponse::into_response);
    };
    if request.method() != Method::GET && request.method() != Method::HEAD && !desk.is_ours(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    request.extensions_mut().insert(editor);
    next.run(request).await
}

fn closed(desk: &Desk) -> Result<Response, Trouble> {
    door(desk, StatusCode::UNAUTHORIZED, None)
}

fn door(desk: &Desk, status: StatusCode, name: Option<String>) -> Result<Response, Trouble> {
    let page = Door {
        lang: desk.lang().tag(),
        w: words::of(desk.lang()),
        magazine: &desk.shared().config().magazine.name,
        sheet: desk.0.face.sheet(),
        name,
    };
    answer(desk, status, &page)
}

/// Shows a button to who comes with a token: a program that only looks at links does not press it,
/// and a cookie that keeps to our own pages would not come along from somebody's mailbox.
pub(super) async fn knock(State(desk): State<Desk>, Path(token): Path<String>) -> Result<Response, Trouble> {
    match desk.editor(&token) {
        Some(editor) => door(&desk, StatusCode::OK, Some(editor.name)),
        None => closed(&desk),
    }
}

/// Lets in.
pub(super) async fn enter(
    State(desk): State<Desk>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    if desk.editor(&token).is_none() {
        return closed(&desk);
    }
    if !desk.is_ours(&headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let mut response = see(&desk, "");
    response.headers_mut().insert(header::SET_COOKIE, desk.cookie(&token, MEMORY));
    Ok(response)
}

/// Lets out.
pub(super) async fn leave(State(desk): State<Desk>) -> Result<Response, Trouble> {
    let mut response = closed(&desk)?;
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::SET_COOKIE, desk.cookie("", 0));
    Ok(response)
}

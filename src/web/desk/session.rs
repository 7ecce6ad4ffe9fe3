//! Who may come in: those whom the configuration names, by the link in their letters, and who works at the machine
//! itself. A link ends, and begins a session that ends, too. A change is taken only from the desk's own pages.

use askama::Template;
use axum::{
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use data_encoding::BASE32_NOPAD;

use super::{Desk, DeskError, answer, redirect};
use crate::{
    locales::{Desk as Words, fill},
    model::token,
    store::DeskSession,
    web::Client,
};

/// The cookie that names the session.
const COOKIE_NAME: &str = "gazetier_desk";

/// How long a session lasts: the two weeks of an edition and the next.
const SESSION_LIFETIME: chrono::Duration = chrono::Duration::days(14);

/// An editor at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Editor {
    /// How the others know them.
    pub(super) name: String,
}

#[derive(Template)]
#[template(path = "desk/sign_in.html")]
struct SignInPage<'a> {
    lang: &'static str,
    /// The way in which that is written.
    dir: &'static str,
    w: &'static Words,
    magazine: &'a str,
    sheet: &'a str,
    /// Words for who stands before it, if the token is good.
    welcome: Option<String>,
}

impl Desk {
    /// Who has a name, if the configuration still names them.
    fn editor(&self, name: &str) -> Option<Editor> {
        if name.is_empty() {
            return Some(Editor { name: self.0.operator.clone() });
        }
        let editors = &self.shared().config().desk.editors;
        let editor = editors.iter().find(|editor| editor.address.folded() == name)?;
        Some(Editor { name: editor.name.clone().unwrap_or_else(|| editor.address.to_string()) })
    }

    /// Whom the token of a link lets in: name and generation.
    async fn invited(&self, given: &str) -> Result<Option<(String, i64)>, DeskError> {
        let (store, now) = (self.shared().store(), self.shared().now());
        let editors = self.shared().config().desk.editors.iter().map(|editor| editor.address.folded());
        for name in editors.chain([String::new()]) {
            let generation = store.desk_generation(&name).await?;
            if token::opens_desk(store.key(), &name, generation, given, now) {
                return Ok(Some((name, generation)));
            }
        }
        Ok(None)
    }

    /// The secret of a link that works once, if the token is one that still does.
    async fn entry(&self, given: &str) -> Result<Option<Vec<u8>>, DeskError> {
        let Ok(secret) = BASE32_NOPAD.decode(given.to_ascii_uppercase().as_bytes()) else { return Ok(None) };
        let is_open = self.shared().store().is_desk_entry(&secret, self.shared().now()).await?;
        Ok(is_open.then_some(secret))
    }

    /// The cookie's name. Over TLS, no other host can set one of this name.
    fn cookie_name(&self) -> String {
        match self.0.base.scheme() {
            "https" if self.home() == "/" => format!("__Host-{COOKIE_NAME}"),
            "https" => format!("__Secure-{COOKIE_NAME}"),
            _ => COOKIE_NAME.to_owned(),
        }
    }

    /// The secret of the session that a request names.
    fn secret(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let name = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let secret = cookies
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(&name)?.strip_prefix('=').map(str::to_owned))?;
        BASE32_NOPAD.decode(secret.to_ascii_uppercase().as_bytes()).ok()
    }

    fn cookie(&self, secret: &str, age: i64) -> HeaderValue {
        let secure = if self.0.base.scheme() == "https" { "; Secure" } else { "" };
        let text = format!(
            "{}={secret}; Path={}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}",
            self.cookie_name(),
            self.home()
        );
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

/// Lets through who has a session, and changes only from our own pages.
pub(super) async fn require(State(desk): State<Desk>, mut request: Request, next: Next) -> Response {
    let editor = match desk.secret(request.headers()) {
        None => None,
        Some(secret) => match desk.shared().store().desk_session(&secret, desk.shared().now()).await {
            Ok(name) => name.and_then(|name| desk.editor(&name)),
            Err(error) => return DeskError::from(error).into_response(),
        },
    };
    let Some(editor) = editor else {
        return sign_in_required(&desk).unwrap_or_else(IntoResponse::into_response);
    };
    if request.method() != Method::GET && request.method() != Method::HEAD && !desk.is_ours(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    request.extensions_mut().insert(editor);
    next.run(request).await
}

fn sign_in_required(desk: &Desk) -> Result<Response, DeskError> {
    sign_in_page(desk, StatusCode::UNAUTHORIZED, None)
}

fn sign_in_page(desk: &Desk, status: StatusCode, name: Option<String>) -> Result<Response, DeskError> {
    let page = SignInPage {
        lang: desk.lang().tag(),
        dir: desk.lang().dir(),
        w: desk.words(),
        magazine: &desk.shared().config().magazine.name,
        sheet: desk.0.style.sheet(),
        welcome: name.map(|name| fill(&desk.words().welcome, &[("name", &name)])),
    };
    answer(desk, status, &page)
}

/// Shows a button to who comes with a link: a program that only looks at links does not press it,
/// and a cookie that keeps to our own pages would not come along from somebody's mailbox.
pub(super) async fn show_sign_in(State(desk): State<Desk>, Path(token): Path<String>) -> Result<Response, DeskError> {
    let invited = match desk.invited(&token).await? {
        Some((name, _)) => Some(name),
        None => desk.entry(&token).await?.map(|_| String::new()),
    };
    match invited.and_then(|name| desk.editor(&name)) {
        Some(editor) => sign_in_page(&desk, StatusCode::OK, Some(editor.name)),
        None => sign_in_required(&desk),
    }
}

/// Lets in: a session begins.
pub(super) async fn begin(
    State(desk): State<Desk>,
    Path(token): Path<String>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, DeskError> {
    let (store, now) = (desk.shared().store(), desk.shared().now());
    let invited = desk.invited(&token).await?;
    let entry = if invited.is_none() { desk.entry(&token).await? } else { None };
    if invited.is_none() && entry.is_none() {
        return sign_in_required(&desk);
    }
    if !desk.is_ours(&headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let (name, generation) = match (invited, entry) {
        (Some(invited), _) => invited,
        // Of two at once, one comes in.
        (None, Some(entry)) if store.use_desk_entry(&entry, now).await? => {
            (String::new(), store.desk_generation("").await?)
        }
        (None, _) => return sign_in_required(&desk),
    };
    let secret = store.secret()?;
    let came_from = client.address.map(|address| address.to_string());
    let session = DeskSession { name, began: now, ends: now + SESSION_LIFETIME, came_from };
    store.begin_desk_session(&secret, generation, &session).await?;
    let mut response = redirect(&desk, "");
    let cookie = desk.cookie(&BASE32_NOPAD.encode(&secret).to_lowercase(), SESSION_LIFETIME.num_seconds());
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Lets out: the session ends.
pub(super) async fn end(State(desk): State<Desk>, headers: HeaderMap) -> Result<Response, DeskError> {
    if let Some(secret) = desk.secret(&headers) {
        desk.shared().store().end_desk_session(&secret).await?;
    }
    let mut response = sign_in_required(&desk)?;
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::SET_COOKIE, desk.cookie("", 0));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Lang;

    #[test]
    fn the_sign_in_page_says_when_it_is_written_from_right_to_left() {
        let page = |tag: &str| {
            let lang = Lang::known(tag).expect("a language");
            let w = &lang.words().desk;
            SignInPage { lang: lang.tag(), dir: lang.dir(), w, magazine: "L’Estran", sheet: "", welcome: None }.render()
        };
        assert!(page("ar").expect("a page").contains("<html lang=\"ar\" dir=\"rtl\">"));
        assert!(page("fr").expect("a page").contains("<html lang=\"fr\">"));
    }
}

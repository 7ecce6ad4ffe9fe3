//! What is answered to who asks for a published file that is at hand: the bytes, a part of them, or that they are
//! those that the client has.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Bytes, HttpBody},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::body::{Frame, SizeHint};

use super::{
    heads, insert,
    negotiate::{self, Form, Part},
    shelf::Document,
};

/// What becomes of a request.
pub(super) enum Reply {
    /// Here it is, with all headers.
    Made(Response<Content>),
    /// The document has to be packed first.
    Wants(Form),
    /// An error, which still needs its page.
    Refused(Response),
}

/// The answer to a request with these headers.
pub(super) fn to(asked: &HeaderMap, document: &Document) -> Reply {
    if !negotiate::may_go_on(asked, &document.mark, document.modified) {
        return Reply::Refused(StatusCode::PRECONDITION_FAILED.into_response());
    }
    let Some(mut wanted) = Form::wanted(asked) else {
        return Reply::Refused(StatusCode::NOT_ACCEPTABLE.into_response());
    };
    let is_ranged = asked.contains_key(header::RANGE);
    if is_ranged {
        // Parts are cut from the plain bytes, which are the same wherever they are packed.
        wanted = Form::Plain;
    }
    if let Some(form) = negotiate::known(asked, &document.mark, document.modified, wanted) {
        return made(StatusCode::NOT_MODIFIED, document.unchanged(form).clone(), Content(None));
    }
    let Some((form, bytes)) = document.form(wanted) else { return Reply::Wants(wanted) };
    let length = bytes.len();
    let part = match is_ranged {
        true => negotiate::part(asked, &form.tag(&document.mark), document.modified, length),
        false => Part::Whole,
    };
    match part {
        Part::Whole => made(StatusCode::OK, document.whole(form, length).clone(), Content(Some(bytes.clone()))),
        Part::Some(range) => {
            let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let headers = heads::part(document, form, &told, range.len());
            made(StatusCode::PARTIAL_CONTENT, headers, Content(Some(bytes.slice(range))))
        }
        Part::Nothing => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{length}"));
            Reply::Refused(response)
        }
    }
}

fn made(status: StatusCode, headers: HeaderMap, content: Content) -> Reply {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Reply::Made(response)
}

/// A body that is at hand. That of a 304 has none, and no length either, for the length that a header would tell is
/// taken for the document's.
#[derive(Debug)]
pub(in crate::web) struct Content(Option<Bytes>);

impl Default for Content {
    fn default() -> Self {
        Self(Some(Bytes::new()))
    }
}

impl HttpBody for Content {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let bytes = self.0.as_mut().map(std::mem::take).filter(|bytes| !bytes.is_empty());
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_some_and(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(SizeHint::default, |bytes| SizeHint::with_exact(bytes.len() as u64))
    }
}

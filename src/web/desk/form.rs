//! What each change at the desk begins with: the desk, who is there, and the fields of the form.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Desk, session::Editor};
use crate::{config::Config, model::Now, store::Store, web::readers::form::Fields};

/// A form that an editor has sent.
pub(super) struct DeskForm {
    pub(super) desk: Desk,
    pub(super) editor: Editor,
    pub(super) fields: Fields,
}

impl FromRequest<Desk> for DeskForm {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Response> {
        // Every route that takes a form stands behind `session::require`.
        let editor = request.extensions().get::<Editor>().cloned();
        let editor = editor.ok_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())?;
        let body = Bytes::from_request(request, desk).await.map_err(IntoResponse::into_response)?;
        Ok(Self { desk: desk.clone(), editor, fields: Fields::read(&body) })
    }
}

impl Desk {
    /// What nearly every page is made of: the configuration, the store and the instant.
    pub(super) fn context(&self) -> (&Config, &Store, Now) {
        (self.shared().config(), self.shared().store(), self.shared().moment())
    }
}

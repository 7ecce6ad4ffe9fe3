//! All that is known of a subscriber, as a file for the subscriber.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    access::{PreferencesAccess, find_access, refuse_access},
    broken,
};
use crate::{
    model::{Instant, Lang, list::version_of_consent},
    store::KnownReader,
    web::Shared,
};

/// All that is known of a subscriber, for the subscriber (GDPR, article 15).
pub(super) async fn show(
    State(shared): State<Shared>,
    Path(token): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let known = match find_access(&shared, &token).await {
        Ok(PreferencesAccess::Open(known)) => known,
        Ok(access) => {
            return refuse_access(&shared, &access, Lang::asked(&shared, &uri, headers.get(header::ACCEPT_LANGUAGE)));
        }
        Err(response) => return response,
    };
    match collect(&shared, &known).await {
        Ok(value) => {
            let mut response = axum::Json(value).into_response();
            let name = HeaderValue::from_static("attachment; filename=\"data.json\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Err(error) => broken(&error),
    }
}

async fn collect(shared: &Shared, known: &KnownReader) -> crate::store::Result<serde_json::Value> {
    let when = |millis: i64| Instant::from_timestamp_millis(millis).map(|at| at.to_rfc3339());
    let consents = shared.store().consents(known.id).await?;
    let consents = consents.into_iter().map(|consent| {
        json!({
            "way": consent.way,
            "words": consent.consent,
            "version": version_of_consent(&consent.consent),
            "asked": { "when": when(consent.asked_at), "from": consent.asked_from },
            "confirmed": { "when": when(consent.confirmed_at), "from": consent.confirmed_from },
        })
    });
    let letters = shared.store().letters_of(known.id).await?;
    let letters = letters
        .into_iter()
        .map(|row| json!({ "edition": row.period, "state": row.state, "when": row.settled_at.and_then(when) }));
    let bounces = shared.store().bounces_of(known.id).await?;
    let bounces = bounces
        .into_iter()
        .map(|row| json!({ "edition": row.period, "kind": row.kind, "words": row.words, "when": when(row.noted_at) }));
    let traces = shared.store().other_data_of(known.id).await?;
    let wishes = traces
        .requests
        .into_iter()
        .map(|row| json!({ "address": row.address, "asked": when(row.asked_at), "until": when(row.expires_at) }));
    let notes = traces
        .service_letters
        .into_iter()
        .map(|row| json!({ "about": row.kind, "state": row.state, "when": when(row.queued_at) }));
    let allowances = traces.allowances.into_iter().map(|row| {
        let (since, lifted) = (when(row.suppressed_at), when(row.allowed_at));
        json!({ "reason": row.reason, "since": since, "lifted": lifted, "words": row.words })
    });
    let suppression = traces.suppression.map(|row| json!({ "reason": row.reason, "since": when(row.suppressed_at) }));
    Ok(json!({
        "address": known.address,
        "name": known.name,
        "rubriques": known.choice.key().split(',').filter(|slug| !slug.is_empty()).collect::<Vec<_>>(),
        "rhythm": known.rhythm.to_string(),
        "hour": known.delivery.to_string(),
        "one_a_day": known.together,
        "paused": Some(known.after).filter(|after| *after > shared.now()).map(|after| after.to_rfc3339()),
        "language": known.language,
        "state": known.state,
        "joined": known.joined.to_rfc3339(),
        "consents": consents.collect::<Vec<_>>(),
        "letters": letters.collect::<Vec<_>>(),
        "bounces": bounces.collect::<Vec<_>>(),
        "messages": notes.collect::<Vec<_>>(),
        "wishes": wishes.collect::<Vec<_>>(),
        "moved": traces.moves.into_iter().map(when).collect::<Vec<_>>(),
        "suppressed": suppression,
        "suppressions lifted": allowances.collect::<Vec<_>>(),
    }))
}

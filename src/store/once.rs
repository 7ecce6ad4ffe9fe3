//! Letters to one reader that come once and never again: that is written down in the commit that queues them, with the
//! wish that they are to confirm.

use super::{
    Request, Result, ServiceLetter, Store, Tx, WantedNewsletter, millis,
    service::{Hashes, queue_letter},
    sql::{self, once},
};
use crate::model::{Instant, Slug};

/// Writes a wish down, with other newsletters that were wished for before.
pub(super) async fn put_request(
    tx: &mut Tx<'_>,
    request: &Request,
    others: &[WantedNewsletter],
    hashes: &Hashes,
) -> Result<()> {
    tx.query(sql::PUT_REQUEST)
        .bind(request.id)
        .bind(request.kind())
        .bind(request.address.to_string())
        .bind(&hashes.address)
        .bind(request.mover)
        .bind(&request.name)
        .bind(request.choice.key())
        .bind(request.newsletter.as_str())
        .bind(WantedNewsletter::text_of(others))
        .bind(&request.language)
        .bind(&request.consent)
        .bind(request.way)
        .bind(millis(request.asked))
        .bind(&request.from)
        .bind(millis(request.expires))
        .bind(request.delivery.to_string())
        .execute()
        .await?;
    Ok(())
}

impl Store {
    /// Queues a letter that a reader gets once, by its kind, for a newsletter or for none; with the wish that it is to
    /// confirm, if it is. False if the reader has had it.
    pub async fn queue_once(
        &self,
        subscriber: i64,
        newsletter: Option<&Slug>,
        request: Option<&Request>,
        letter: &ServiceLetter,
    ) -> Result<bool> {
        let hashes = self.hashes(&letter.address);
        self.transact_alone(async |mut tx| {
            let query = tx.query(once::ADD_ONCE_LETTER).bind(subscriber).bind(letter.kind.as_str());
            let query = query.bind(newsletter.map_or("", Slug::as_str)).bind(millis(letter.queued));
            if query.execute().await? == 0 {
                return Ok(false);
            }
            if let Some(request) = request {
                put_request(&mut tx, request, &[], &hashes).await?;
            }
            queue_letter(&mut tx, &hashes, letter, letter.queued).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// How many readers were asked since an instant whether to go on.
    pub async fn asked_since(&self, at: Instant) -> Result<i64> {
        self.read(once::ASKED_SINCE).bind(millis(at)).fetch_one().await
    }

    /// Some of a newsletter's readers since `joined` or longer of whom no consent is known and who were not asked yet.
    pub async fn unproven_readers(
        &self,
        newsletter: &Slug,
        joined: Instant,
        at: Instant,
        most: i64,
    ) -> Result<Vec<i64>> {
        let query = self.read(once::UNPROVEN_READERS).bind(newsletter.as_str()).bind(millis(joined));
        query.bind(millis(at)).bind(most).fetch_all().await
    }

    /// Lets those go who were asked before an instant and have not answered; gives how many subscriptions.
    pub async fn rest_unanswered(&self, asked: Instant, at: Instant) -> Result<u64> {
        self.write(once::REST_UNANSWERED).bind(millis(asked)).bind(millis(at)).execute().await
    }
}

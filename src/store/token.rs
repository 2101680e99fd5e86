//! The access token that all instances share, sealed.

use crate::store::Conn;
use uuid::Uuid;

use super::StoreError;

/// The app that a token belongs to.
#[derive(Clone, Copy)]
pub struct Slot<'a> {
    pub root_url: &'a str,
    pub app_key: &'a str,
    /// SHA-256 of the app's secret: a new secret is never used with a token of the old one.
    pub secret_digest: &'a [u8],
}

/// A stored token.
pub struct StoredToken {
    pub sealed: Vec<u8>,
    /// Distinguishes tokens; in microseconds of Unix time.
    pub version: i64,
    /// Remaining lifetime, in seconds.
    pub seconds_left: f64,
    /// Time until it should be renewed, in seconds; may be negative.
    pub seconds_to_renewal: f64,
}

/// Finds the token, unless it has expired.
pub async fn find(conn: &mut Conn, slot: Slot<'_>) -> Result<Option<StoredToken>, StoreError> {
    let kept = sqlx::query_as!(
        StoredToken,
        r#"SELECT sealed AS "sealed!", (extract(epoch FROM fetched_at) * 1000000)::bigint AS "version!",
            extract(epoch FROM expires_at - clock_timestamp())::double precision AS "seconds_left!",
            extract(epoch FROM renew_at - clock_timestamp())::double precision AS "seconds_to_renewal!"
         FROM access_token
         WHERE root_url = $1 AND app_key = $2 AND secret_digest = $3
            AND sealed IS NOT NULL AND expires_at > clock_timestamp() + interval '5 seconds'"#,
        slot.root_url,
        slot.app_key,
        slot.secret_digest
    )
    .fetch_optional(conn)
    .await?;
    Ok(kept)
}

/// Claims the right to fetch a new token; returns false while another holder has it. A claim expires if its holder
/// dies.
pub async fn claim(conn: &mut Conn, slot: Slot<'_>, claim: Uuid) -> Result<bool, StoreError> {
    let claimed = sqlx::query!(
        "INSERT INTO access_token AS t (root_url, app_key, secret_digest, claimed_by, claimed_until)
         VALUES ($1, $2, $3, $4, lease_end())
         ON CONFLICT (root_url, app_key, secret_digest) DO UPDATE
            SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
            WHERE is_free(t.claimed_until)",
        slot.root_url,
        slot.app_key,
        slot.secret_digest,
        claim
    )
    .execute(conn)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Releases a claim, unless it has expired and another holder has it.
pub async fn release(conn: &mut Conn, slot: Slot<'_>, claim: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE access_token SET claimed_until = NULL, claimed_by = NULL
         WHERE root_url = $1 AND app_key = $2 AND secret_digest = $3 AND claimed_by = $4",
        slot.root_url,
        slot.app_key,
        slot.secret_digest,
        claim
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a fresh token and ends the claim; deletes tokens of the app's former secrets. Returns its version.
pub async fn keep(
    conn: &mut Conn,
    slot: Slot<'_>,
    sealed: &[u8],
    lifetime_secs: f64,
) -> Result<i64, StoreError> {
    let version = sqlx::query_scalar!(
        r#"INSERT INTO access_token (root_url, app_key, secret_digest, sealed, fetched_at, expires_at, renew_at)
         VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + make_interval(secs => $5),
            clock_timestamp() + make_interval(secs => $5 - least(600, $5 / 4)))
         ON CONFLICT (root_url, app_key, secret_digest) DO UPDATE
            SET sealed = excluded.sealed, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at,
                renew_at = excluded.renew_at, claimed_by = NULL, claimed_until = NULL
         RETURNING (extract(epoch FROM fetched_at) * 1000000)::bigint AS "version!""#,
        slot.root_url,
        slot.app_key,
        slot.secret_digest,
        sealed,
        lifetime_secs
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!(
        "DELETE FROM access_token WHERE expires_at < clock_timestamp() - interval '1 day'
            -- Somebody is about to renew it.
            AND (claimed_until IS NULL OR claimed_until < clock_timestamp())"
    )
    .execute(conn)
    .await?;
    Ok(version)
}

/// Drops a token that DingTalk rejects, if it is still the one that was used.
pub async fn drop_rejected(
    conn: &mut Conn,
    slot: Slot<'_>,
    version: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE access_token SET sealed = NULL
         WHERE root_url = $1 AND app_key = $2 AND secret_digest = $3 AND (extract(epoch FROM fetched_at) * 1000000)::bigint = $4",
        slot.root_url,
        slot.app_key,
        slot.secret_digest,
        version
    )
    .execute(conn)
    .await?;
    Ok(())
}

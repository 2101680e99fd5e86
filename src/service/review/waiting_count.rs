//! How many people wait for a review, for the navigation.

use crate::context::Context;
use crate::domain::rights::Scope;
use crate::store::StoreError;
use crate::store::unmatched::{self, CaseFilter};

/// Returns the number of waiting cases of people of the company within a scope; of all of them, at most a second old.
pub async fn waiting_count(ctx: &Context, scope: &Scope) -> Result<i64, StoreError> {
    let filter = CaseFilter {
        scope: scope.clone(),
        ..CaseFilter::default()
    };
    let read = async || {
        let counted = ctx
            .db
            .read(async |conn| unmatched::count(conn, &filter).await);
        counted.await
    };
    match scope {
        Scope::All => Ok(*ctx.waiting_cases.get(read).await?),
        Scope::Departments(_) => read().await,
    }
}

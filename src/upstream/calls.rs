//! DingTalk's directory and approval APIs, one method each: within the shared rate limit, and directly.

use dingtalk::approval::ProcessInstance;

use super::records::{self, Contact, ListedDepartment, Scopes, UserPage};
use super::{ApiError, DingTalk, DirectAccess, Idempotency, Priority, UpstreamError, call};
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{Department, Person};

/// Declares queries: the name of the client's method, its arguments, and how its result becomes a record of ours.
macro_rules! queries {
    ($(
        $(#[$doc:meta])*
        $name:ident($($arg:ident: $kind:ty),*) -> $output:ty,
        $api:literal($($value:expr),*), |$api_name:ident, $found:ident| $record:expr;
    )+) => {
        impl DingTalk {
            $(
                $(#[$doc])*
                pub async fn $name(&self, priority: Priority, $($arg: $kind),*) -> Result<$output, UpstreamError> {
                    let client = &self.0.client;
                    call(self, priority, $api, Idempotency::Idempotent, |token| {
                        Box::pin(async move {
                            let ($api_name, $found) = ($api, client.$name(&token $(, $value)*).await?);
                            $record
                        })
                    })
                    .await
                }
            )+
        }

        impl DirectAccess {
            $(
                $(#[$doc])*
                pub async fn $name(&self, $($arg: $kind),*) -> Result<$output, UpstreamError> {
                    let token = self.token().await?;
                    let client = self.after_delay().await;
                    let ($api_name, $found) = ($api, client.$name(token $(, $value)*).await?);
                    let record: Result<$output, ApiError> = $record;
                    Ok(record?)
                }
            )+
        }
    };
}

queries! {
    /// Returns the member of the company that a unionid belongs to.
    userid_by_unionid(unionid: &UnionId) -> Contact,
    "topapi/user/getbyunionid"(unionid.as_str()), |api, found| records::contact(api, found);

    /// Returns a person's record.
    user(userid: &UserId) -> Person,
    "topapi/v2/user/get"(userid.as_str()), |api, found| records::person(api, found);

    /// Returns the departments directly below one; a record that cannot be read comes with its reason.
    sub_departments(dept_id: DeptId) -> Vec<ListedDepartment>,
    "topapi/v2/department/listsub"(dept_id), |_api, found| Ok(records::departments(found));

    /// Returns one page of a department's direct members.
    users_of_department(dept_id: DeptId, cursor: i64) -> UserPage,
    "topapi/v2/user/list"(dept_id, cursor), |_api, found| Ok(records::user_page(found));

    /// Returns the part of the company that the app may see.
    scopes() -> Scopes,
    "auth/scopes"(), |_api, found| Ok(records::scopes(found));

    /// Returns DingTalk's record of an approval.
    process_instance(id: &str) -> ProcessInstance,
    "topapi/processinstance/get"(id), |_api, found| Ok(found);
}

impl DingTalk {
    /// Returns a department's record.
    pub async fn department(
        &self,
        priority: Priority,
        dept_id: DeptId,
    ) -> Result<Department, UpstreamError> {
        const API: &str = "topapi/v2/department/get";
        let client = &self.0.client;
        call(self, priority, API, Idempotency::Idempotent, |token| {
            Box::pin(async move {
                let record = client.department(&token, dept_id).await;
                record.map(records::department)
            })
        })
        .await
    }
}

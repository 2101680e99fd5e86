//! DingTalk's directory and approval APIs, one method each.

use dingtalk::approval::ProcessInstance;

use super::records::{self, Contact, ListedDepartment, Scopes, UserPage};
use super::{DingTalk, Idempotency, Priority, UpstreamError, call};
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{Department, Person};

pub(super) const USER: &str = "topapi/v2/user/get";
pub(super) const USER_BY_UNIONID: &str = "topapi/user/getbyunionid";

impl DingTalk {
    /// Returns the member of the company that a unionid belongs to.
    pub async fn userid_by_unionid(
        &self,
        priority: Priority,
        unionid: &UnionId,
    ) -> Result<Contact, UpstreamError> {
        let client = &self.0.client;
        call(
            self,
            priority,
            USER_BY_UNIONID,
            Idempotency::Idempotent,
            |token| {
                Box::pin(async move {
                    let found = client.userid_by_unionid(&token, unionid.as_str()).await;
                    found.and_then(|found| records::contact(USER_BY_UNIONID, found))
                })
            },
        )
        .await
    }

    /// Returns a person's record.
    pub async fn user(&self, priority: Priority, userid: &UserId) -> Result<Person, UpstreamError> {
        let client = &self.0.client;
        call(self, priority, USER, Idempotency::Idempotent, |token| {
            Box::pin(async move {
                let record = client.user(&token, userid.as_str()).await;
                record.and_then(|record| records::person(USER, record))
            })
        })
        .await
    }

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
                client
                    .department(&token, dept_id)
                    .await
                    .map(records::department)
            })
        })
        .await
    }

    /// Returns the departments directly below one; a record that cannot be read comes with its reason.
    pub async fn sub_departments(
        &self,
        priority: Priority,
        dept_id: DeptId,
    ) -> Result<Vec<ListedDepartment>, UpstreamError> {
        const API: &str = "topapi/v2/department/listsub";
        let client = &self.0.client;
        call(self, priority, API, Idempotency::Idempotent, |token| {
            Box::pin(async move {
                client
                    .sub_departments(&token, dept_id)
                    .await
                    .map(records::departments)
            })
        })
        .await
    }

    /// Returns one page of a department's direct members.
    pub async fn users_of_department(
        &self,
        priority: Priority,
        dept_id: DeptId,
        cursor: i64,
    ) -> Result<UserPage, UpstreamError> {
        const API: &str = "topapi/v2/user/list";
        let client = &self.0.client;
        call(self, priority, API, Idempotency::Idempotent, |token| {
            Box::pin(async move {
                client
                    .users_of_department(&token, dept_id, cursor)
                    .await
                    .map(records::user_page)
            })
        })
        .await
    }

    /// Returns the part of the company that the app may see.
    pub async fn scopes(&self, priority: Priority) -> Result<Scopes, UpstreamError> {
        const API: &str = "auth/scopes";
        let client = &self.0.client;
        call(self, priority, API, Idempotency::Idempotent, |token| {
            Box::pin(async move { client.scopes(&token).await.map(records::scopes) })
        })
        .await
    }

    /// Returns DingTalk's record of an approval.
    pub async fn process_instance(
        &self,
        priority: Priority,
        id: &str,
    ) -> Result<ProcessInstance, UpstreamError> {
        const API: &str = "topapi/processinstance/get";
        let client = &self.0.client;
        call(self, priority, API, Idempotency::Idempotent, |token| {
            Box::pin(async move { client.process_instance(&token, id).await })
        })
        .await
    }
}

//! Texts of the checks of what the app may read.

use crate::text::messages;

messages! {
    GET_USER_INFO = "topapi/v2/user/getuserinfo may be called";
    GET_PROCESS_INSTANCE = "topapi/processinstance/get may be called, whose answers webhooks bear";
    sub_departments(top, count) = "department {top} lists {count} below it";
    NO_DEPARTMENT = "the app may see no department (contact_scope)";
    first_page(dept_id, people) = "department {dept_id} lists {people} people on its first page";
    empty_departments(observed_at) = "{observed_at} departments may be listed, and name nobody";
    NOBODY_FOUND = "there is nobody to ask about: no department that was looked at names anybody";
    NO_UNIONID = "topapi/v2/user/get may be called; without a unionid topapi/user/getbyunionid was not";
    GET_USER = "topapi/v2/user/get and topapi/user/getbyunionid may be called, and agree";
    not_a_member(userid) =
        "the unionid of {userid} does not lead back to {userid} as a member: that person cannot sign in";
    CHECK_MEMBER = "look at the person in DingTalk's directory: are they a member and an external contact at once?";
    NO_RECORD = "nobody's record could be looked at";
    FIELD_MOBILE = "fieldMobile (企业员工手机号信息)";
    A_MOBILE = "a mobile number";
    AN_EMAIL = "an e-mail address";
    FIELD_EMAIL = "fieldEmail (邮箱等个人信息)";
    have(what) = "records bear {what}";
    no_field(records, what) =
        "none of the {records} records looked at bears {what}; nobody can tell whether nobody has one or the permission is missing";
    where_wanted(granting) = "where you want it in the staff table: {granting}";
    UNIONIDS = "records bear a unionid";
    without_unionid(missing, observed_at) = "{missing} of the {observed_at} records looked at bear no unionid";
    some_cannot_sign_in(detail) = "{detail}: those people cannot sign in";
    CHECK_ACTIVATED = "see in DingTalk's directory whether they have activated their accounts";
    nobody_can_sign_in(detail) = "{detail}: nobody can sign in";
    WIDEN = "choose 全部员工 in the developer console (开发配置 › 权限管理 › 权限范围)";
    widen_for_everybody() = "where everybody is to sign in, {WIDEN}";
    WHOLE_COMPANY = "the app may see the whole company";
    NOTHING_VISIBLE = "the app may see nobody: nobody can sign in";
    part_visible(departments, users) =
        "the app may see a part of the company only: {departments} branches of departments and {users} single people; nobody outside can sign in, and a sync sees no more than that and marks nobody as left";
}

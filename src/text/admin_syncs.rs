//! Texts of the pages of full syncs.

pub mod plan;
pub mod problem;

use super::{interpolate, texts};
use crate::domain::sync::{ChangeKind, SyncCause, SyncState};
use crate::text::count;
use crate::text::lang::Lang;

texts! {
    /// Texts of the pages of full syncs.
    pub struct SyncTexts {
        title: "通讯录同步" | "Syncs";
        purpose: "全量同步记录。每次同步读取钉钉通讯录的全部部门和员工，并更新员工表。"
            | "Full syncs read every department and person from DingTalk and update the staff table.";
        start: "立即全量同步" | "Start a full sync";
        next: "下一次定时同步：" | "Next scheduled sync: ";
        search_label: "发起人、错误或编号" | "Who started it, its error or its number";
        state: "状态" | "State";
        cause: "触发方式" | "Cause";
        started: "开始时间" | "Started";
        started_by: "发起人" | "Started by";
        finished: "结束时间" | "Finished";
        duration: "耗时" | "Duration";
        calls: "接口调用次数" | "API calls";
        result: "结果" | "Result";
        error: "错误" | "Error";
        running: "进行中" | "Running";
        lost: "已中断" | "Interrupted";
        done: "完成" | "Done";
        partial: "部分完成" | "Partial";
        stopped: "离职待确认" | "Departures need approval";
        failed: "失败" | "Failed";
        waits_until: "等待确认，{time}过期" | "waits for a decision, expires {time}";
        approved: "已确认" | "approved";
        discarded: "已放弃" | "discarded";
        superseded: "已被后来的同步取代" | "superseded by a later sync";
        expired: "已过期" | "expired";
        running_hint: "正在读取钉钉通讯录并更新员工表，本页会自动刷新。"
            | "The directory is being read and the staff table brought up to date. This page refreshes automatically.";
        partial_hint: "有些内容没有读到，因此没有标记任何人离职。" | "Not everything could be read, so nobody was marked as left.";
        failed_hint: "同步没有完成，没有标记任何人离职。" | "The sync did not finish, and nobody was marked as left.";
        lost_hint: "运行同步的进程已退出。下一次同步会重新读取全部内容。" | "The process running it stopped. The next sync reads everything again.";
        waiting_title: "{people}的离职等待确认" | "Departures need your approval: {people}";
        waiting_effect: "离职人数超出了一次同步允许的上限，因此还没有标记任何人。确认后，系统会先逐一向钉钉核实这 {people}；仍在通讯录中的会保留，其余的会被标记为离职，并立即退出登录。"
            | "This exceeds the limit for one sync, so no one has been marked yet. If you approve, DingTalk is first asked about each of the {people} again: those it still lists stay, the others are marked as left and signed out at once.";
        waiting_until: "请在此时间前决定：" | "Decide by ";
        under_way: "已确认，第 {id} 次同步正在核实并标记" | "Approved: sync {id} is asking about them and marking them";
        came_to_nothing: "第 {id} 次同步没能完成标记，可以再次确认" | "Sync {id} could not mark them; you can approve again";
        waiting_names: "等待确认的员工" | "People";
        waiting_more: "另有 {n} 人，见下方的完整计划" | "and {n} more, in the plan below";
        waiting_command: "也可以运行以下命令，重新读取通讯录并直接标记：" | "Or run this command to re-read the directory and mark them without asking:";
        approve: "确认离职" | "Approve";
        approve_ask: "核实后，最多 {people}会被标记为离职，并立即退出所有设备。"
            | "Up to {people} will be marked as left and signed out of all devices, once DingTalk has been asked about each again.";
        discard: "暂不处理，保持在职" | "Keep as employed";
        discard_ask: "这 {people}保持在职。如果钉钉仍查不到他们，下一次同步会再次提出。"
            | "The {people} stay employed. If DingTalk still does not list them, the next sync will bring them up again.";
        approved_hint: "已确认，由另一次同步核实并标记。" | "Approved. Another sync re-checks and marks them.";
        discarded_hint: "已放弃，没有标记任何人离职。" | "Discarded: nobody was marked as left.";
        superseded_hint: "后来的一次完整同步已取代这次的结果，不能再确认。" | "A later sync replaced this one; no decision is needed.";
        expired_hint: "24 小时内没有人处理，已过期。请重新同步。" | "Nobody decided within 24 hours, so this has expired. Start a new sync.";
        approved_in: "查看第 {id} 次同步" | "See sync {id}";
        approves: "本次同步核实并标记第 {id} 次同步中已确认的离职。" | "It asks about, and marks, the approved leavers of sync {id}.";
        started_toast: "全量同步已开始" | "The full sync has started";
        running_toast: "已有全量同步正在进行（{by}，{since}发起）" | "A full sync is running already, started by {by} {since}";
        busy_toast: "有全量同步正在进行（{by}，{since}发起），请等它结束后再确认" | "A full sync is running, started by {by} {since}: decide once it has ended";
        approved_toast: "已确认，正在逐一核实并标记离职" | "Approved: everybody is asked about again and then marked";
        discarded_toast: "已放弃，没有标记任何人离职" | "Discarded: nobody was marked as left";
        not_waiting_toast: "这次同步已不在等待确认" | "This sync does not wait for a decision any more";
        added: "新增" | "Added";
        changed: "变更" | "Changed";
        returned: "重新入职" | "Returned";
        left: "离职" | "Left";
        unchanged: "不变" | "Unchanged";
        skipped: "跳过" | "Skipped";
        withheld: "待确认离职" | "Held back";
        department_added: "新增部门" | "Departments added";
        department_changed: "变更部门" | "Departments changed";
        department_removed: "撤销部门" | "Departments removed";
        detail_title: "第 {id} 次同步" | "Sync {id}";
        facts: "基本信息" | "Facts";
        empty_title: "还没有同步过" | "No sync yet";
        empty_text: "员工表为空时服务会自动同步一次；之后按设定的时间同步，也可以在这里立即开始。"
            | "The service runs one automatically when the staff table is empty, and later on schedule; you can also start one here.";
        nothing_title: "没有找到同步记录" | "No sync found";
        nothing_text: "没有符合这些条件的同步记录。" | "No sync matches these filters.";
        unannounced_many: "{n} 名员工的变更此前没有收到过事件通知，可能有事件丢失。请检查钉钉的事件订阅。"
            | "No event had announced the changes to {n} people: events may be getting lost. Check the event subscription in DingTalk.";
        unannounced_one: "1 名员工的变更此前没有收到过事件通知，可能有事件丢失。请检查钉钉的事件订阅。"
            | "No event had announced the change to 1 person: events may be getting lost. Check the event subscription in DingTalk.";
    }

    /// Returns a cause in words.
    pub fn cause_words(cause: SyncCause) {
        Schedule: "定时同步" | "Scheduled";
        Admin: "管理员发起" | "By an administrator";
        Command: "命令行" | "From the command line";
        Approval: "执行已确认的离职" | "To mark approved leavers";
        LostEvents: "可能有事件丢失" | "Events may have been lost";
        Empty: "员工表为空" | "The staff table was empty";
    }
}

impl SyncTexts {
    /// Returns a state in words.
    pub fn state_words(&self, state: SyncState, is_lost: bool) -> &'static str {
        match state {
            SyncState::Running if is_lost => self.lost,
            SyncState::Running => self.running,
            SyncState::Done => self.done,
            SyncState::Partial => self.partial,
            SyncState::Stopped => self.stopped,
            SyncState::Failed => self.failed,
        }
    }

    /// Returns the explanation of an unfinished or unsuccessful state, or `None` for others.
    pub fn state_hint(&self, state: SyncState, is_lost: bool) -> Option<&'static str> {
        match state {
            SyncState::Running if is_lost => Some(self.lost_hint),
            SyncState::Running => Some(self.running_hint),
            SyncState::Partial => Some(self.partial_hint),
            SyncState::Failed => Some(self.failed_hint),
            SyncState::Done | SyncState::Stopped => None,
        }
    }

    /// Returns what was done with a record, in words.
    pub fn kind_words(&self, kind: ChangeKind) -> &'static str {
        match kind {
            ChangeKind::Added => self.added,
            ChangeKind::Changed => self.changed,
            ChangeKind::Returned => self.returned,
            ChangeKind::Left => self.left,
            ChangeKind::Withheld => self.withheld,
            ChangeKind::Skipped => self.skipped,
            ChangeKind::DepartmentAdded => self.department_added,
            ChangeKind::DepartmentChanged => self.department_changed,
            ChangeKind::DepartmentRemoved => self.department_removed,
        }
    }

    /// Returns a number of people.
    pub fn people(&self, lang: Lang, n: i32) -> String {
        count(lang, i64::from(n), "名员工", "person", "people")
    }

    /// Returns the sentence that a run has found changes that no event had announced.
    pub fn unannounced(&self, n: i32) -> String {
        if n == 1 {
            return self.unannounced_one.to_owned();
        }
        interpolate(self.unannounced_many, &[("n", &n)])
    }
}

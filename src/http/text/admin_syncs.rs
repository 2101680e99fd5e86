//! Texts of the pages of full syncs.

use super::texts;

texts! {
    /// Texts of the pages of full syncs.
    pub struct SyncTexts {
        title: "同步" | "Syncs";
        purpose: "每一次全量同步：读取钉钉通讯录中的全部部门和员工，并更新员工表。"
            | "Each full sync: it reads every department and person of the DingTalk directory and brings the staff table up to date.";
        search_label: "发起人、错误或编号" | "Who started it, its error or its number";
        state: "状态" | "State";
        cause: "起因" | "Cause";
        number: "编号" | "Number";
        started: "开始时间" | "Started";
        started_by: "发起" | "Started by";
        finished: "结束时间" | "Finished";
        duration: "用时" | "Took";
        calls: "接口调用" | "Calls";
        result: "结果" | "Result";
        error: "错误" | "Error";
        cause_empty: "员工表为空" | "The staff table was empty";
        cause_command: "命令行" | "From the command line";
        cause_admin: "管理员发起" | "By an administrator";
        running: "进行中" | "Running";
        lost: "已中断" | "Cut off";
        done: "完成" | "Done";
        partial: "部分完成" | "Done in part";
        stopped: "已暂停，等待确认" | "Stopped, to be confirmed";
        failed: "失败" | "Failed";
        partial_hint: "有些内容没有读到，因此没有标记任何人离职。" | "Not everything could be read, so nobody was marked as left.";
        stopped_hint: "离职人数超出上限，因此没有标记任何人离职。确认无误后，请运行："
            | "More people would have been marked as left than is allowed at once, so nobody was. If that is right, run:";
        failed_hint: "同步没有完成，没有标记任何人离职。" | "The sync did not finish, and nobody was marked as left.";
        lost_hint: "运行同步的进程已退出。下一次同步会重新读取全部内容。" | "The process that ran it has gone. The next sync reads everything anew.";
        added: "新增" | "Added";
        changed: "变更" | "Changed";
        returned: "重新入职" | "Returned";
        left: "离职" | "Left";
        unchanged: "不变" | "Unchanged";
        skipped: "跳过" | "Skipped";
        held_back: "暂缓离职" | "Held back";
        detail_title: "第 {id} 次同步" | "Sync {id}";
        facts: "基本信息" | "Facts";
        skips_title: "跳过的记录" | "Records passed over";
        skips_hint: "这些记录无法读取或无法写入，其余记录不受影响。" | "These records could not be read or stored; the others are not affected.";
        skip_reason: "原因" | "Reason";
        no_skips: "没有跳过任何记录。" | "No record was passed over.";
        empty_title: "还没有同步过" | "No sync yet";
        empty_text: "员工表为空时服务会自动同步一次；也可以运行 dinggate sync。"
            | "The service runs one by itself when the staff table is empty; dinggate sync runs one at any time.";
        nothing_title: "没有找到同步记录" | "No sync found";
        nothing_text: "没有符合这些条件的同步记录。" | "No sync matches these filters.";
    }
}

/// The states, in the order of the filter.
pub const STATES: [&str; 5] = ["running", "done", "partial", "stopped", "failed"];
/// The causes, in the order of the filter.
pub const CAUSES: [&str; 3] = ["empty", "command", "admin"];

impl SyncTexts {
    /// A state in words.
    pub fn state_words(&self, state: &str, is_lost: bool) -> &'static str {
        match state {
            "running" if is_lost => self.lost,
            "running" => self.running,
            "done" => self.done,
            "partial" => self.partial,
            "stopped" => self.stopped,
            _ => self.failed,
        }
    }

    /// What a state that is not good means, and what to do.
    pub fn state_hint(&self, state: &str, is_lost: bool) -> Option<&'static str> {
        match state {
            "running" if is_lost => Some(self.lost_hint),
            "partial" => Some(self.partial_hint),
            "stopped" => Some(self.stopped_hint),
            "failed" => Some(self.failed_hint),
            _ => None,
        }
    }

    /// A cause in words.
    pub fn cause_words(&self, cause: &str) -> &'static str {
        match cause {
            "empty" => self.cause_empty,
            "command" => self.cause_command,
            _ => self.cause_admin,
        }
    }
}

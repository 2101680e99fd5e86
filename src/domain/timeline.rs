//! What a person's timeline consists of.

use super::closed_set::closed_set;

closed_set! {
    /// The kind of an entry; the names are those of the page's filter.
    pub enum TimelineKind {
        /// A login, a refusal or a logout.
        Login = "login",
        /// A session that has not ended.
        Session = "session",
        /// An event of DingTalk that names the person.
        Event = "event",
        /// A change of the person's data.
        Change = "change",
        /// What somebody decided about the person, and what became of their employment.
        Decision = "decision",
    }
}

//! Puts a given response in place of the next call's, so that a fuzz target can test how responses are parsed. Not
//! part of the API: it may change in any version.

use std::cell::RefCell;

use crate::transport::HttpAnswer;

thread_local! {
    static ANSWER: RefCell<Option<HttpAnswer>> = const { RefCell::new(None) };
}

/// Makes the next call of this thread return this response; nothing is sent.
pub fn answer_next_call(status: u16, body: &[u8]) {
    let answer = HttpAnswer {
        status,
        body: body.to_vec(),
        ahead_ms: None,
    };
    ANSWER.set(Some(answer));
}

/// Returns the response that the next call is to have, once.
pub(crate) fn take_answer() -> Option<HttpAnswer> {
    ANSWER.take()
}

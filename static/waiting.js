// Somebody waits for a review: asks every 15 seconds what has become of it, and goes on once it is decided. An approval
// leads to a new login; it never signs anybody in.
(function () {
  "use strict";

  var INTERVAL = 15000;
  // A network that swallows a question must not end the waiting.
  var PATIENCE = 10000;
  // So many answers in a row are no accident.
  var MISSING = 4;
  var missing = 0;
  var timer;
  var isAsking = false;

  function ask() {
    if (isAsking || document.hidden) {
      return;
    }
    isAsking = true;
    var patience = new AbortController();
    var giveUp = setTimeout(function () {
      patience.abort();
    }, PATIENCE);
    fetch("/login/waiting/state", {
      credentials: "same-origin",
      cache: "no-store",
      signal: patience.signal
    })
      .then(function (answer) {
        // Without a valid cookie there is nothing to wait for. An older version beside this one does not know it either.
        missing = answer.status === 404 ? missing + 1 : 0;
        if (missing >= MISSING) {
          stop();
          window.location.reload();
        }
        return answer.ok ? answer.json() : null;
      })
      .then(function (answer) {
        if (answer && (answer.state === "approved" || answer.state === "declined")) {
          stop();
          window.location.replace("/login/waiting");
        }
      })
      .catch(function () {
        // The network is away; the next question may find it again.
      })
      .then(function () {
        clearTimeout(giveUp);
        isAsking = false;
      });
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
  }

  function follow() {
    if (timer === undefined) {
      timer = setInterval(ask, INTERVAL);
      document.addEventListener("visibilitychange", function () {
        if (timer !== undefined) {
          ask();
        }
      });
    }
  }

  // The page inside DingTalk learns only later that somebody waits.
  window.followReview = follow;

  var page = document.querySelector("[data-waiting]");
  if (page && page.dataset.go) {
    window.location.replace(page.dataset.go);
  } else if (page && page.dataset.waiting === "waiting") {
    follow();
  }
})();

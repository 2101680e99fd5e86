// The login page: takes the temporary code that DingTalk's frame sends after a scan, goes on with
// it, and renews the page before the login that it has begun expires.
(function () {
  "use strict";

  var box = document.querySelector("[data-login]");
  if (!box) {
    return;
  }
  var frame = box.querySelector("iframe");
  var progress = box.querySelector("[data-progress]");
  var done = false;

  window.addEventListener("message", function (event) {
    // Extensions and other frames send messages, too: only the frame's own origin is believed.
    if (done || event.origin !== box.dataset.origin || event.source !== frame.contentWindow) {
      return;
    }
    if (typeof event.data !== "string" || event.data === "") {
      return;
    }
    done = true;
    box.classList.add("is-done");
    progress.textContent = box.dataset.scanned;
    setTimeout(function () {
      progress.textContent = box.dataset.slow;
    }, 15000);
    window.location.assign(box.dataset.goto + "&loginTmpCode=" + encodeURIComponent(event.data));
  });

  // A page that comes back out of the browser's memory holds a login that has been used.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      window.location.reload();
    }
  });

  var ttl = Number(box.dataset.ttl) * 1000;
  var renewAt = Date.now() + ttl - Math.min(15000, ttl / 5);

  function renew() {
    if (!done && !document.hidden && Date.now() >= renewAt) {
      window.location.reload();
    }
  }

  document.addEventListener("visibilitychange", renew);
  if (ttl > 0) {
    setInterval(renew, 1000);
  }
})();

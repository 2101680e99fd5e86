// The login page: takes what DingTalk's frame sends after a scan, goes on with
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
    var target = box.dataset.flow === "oauth2" ? wayBack(event.data) : wayOn(event.data);
    if (target === "") {
      return;
    }
    done = true;
    box.classList.remove("is-failed");
    box.classList.add("is-done");
    progress.textContent = box.dataset.scanned;
    setTimeout(function () {
      progress.textContent = box.dataset.slow;
    }, 15000);
    window.location.assign(target);
  });

  // The scan page sends a temporary code, which DingTalk trades for one to log in with.
  function wayOn(data) {
    var isCode = typeof data === "string" && data !== "";
    return isCode ? box.dataset.goto + "&loginTmpCode=" + encodeURIComponent(data) : "";
  }

  // The newer page sends the address of our own way back. It is taken to pieces and built anew: a message
  // never says where to go.
  function wayBack(data) {
    if (!data || typeof data !== "object") {
      return "";
    }
    if (data.success !== true || typeof data.redirectUrl !== "string") {
      if (data.errorMsg) {
        box.classList.add("is-failed");
        progress.textContent = box.dataset.failed;
      }
      return "";
    }
    var sent = parse(data.redirectUrl);
    var own = parse(box.dataset.goto);
    if (!sent || !own || sent.origin !== own.origin || sent.pathname !== own.pathname) {
      return "";
    }
    ["authCode", "code", "state", "error"].forEach(function (name) {
      if (sent.searchParams.has(name)) {
        own.searchParams.set(name, sent.searchParams.get(name));
      }
    });
    return own.href;
  }

  function parse(address) {
    try {
      return new URL(address);
    } catch (_malformed) {
      return null;
    }
  }

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

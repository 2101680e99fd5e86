// The login page inside DingTalk: asks the app around it for a code, hands the code to the server and goes
// where the server says. Whatever fails is said in words, with a way on; after 8 seconds waiting is over.
(function () {
  "use strict";

  var page = document.querySelector("[data-in-app]");
  if (!page) {
    return;
  }
  var PATIENCE = 8000;
  // Nobody comes back from a page that let them in so soon, unless the session's cookie was not kept.
  var SOON = 10000;
  // What is opened after the login has so long to take this page's place; a download never does.
  var ARRIVAL = 5000;
  var ENTERED = "dinggate.entered";
  // A longer wait than this is left to the person.
  var LONGEST_RETRY = 120;
  // What is under way: "code", then "server", then "over".
  var stage = "code";

  function part(name) {
    return page.querySelector("[data-" + name + "]");
  }

  function put(element, text) {
    element.textContent = text || "";
    element.hidden = !text;
  }

  // A line under the message, such as the number to quote.
  function note(name, text) {
    part(name).hidden = !text;
    part(name).querySelector("code").textContent = text || "";
  }

  function show(words) {
    page.classList.add("is-over");
    put(part("title"), words.title);
    put(part("text"), words.text);
    put(part("next"), words.next);
    page.querySelectorAll("[data-who]").forEach(function (line) {
      line.hidden = !words.nick;
    });
    part("nick").textContent = words.nick || "";
    part("initial").textContent = words.initials || "";
    part("ask").hidden = false;
    note("reference", words.reference);
    note("answer", words.answer);
  }

  function say(name, answer) {
    var failure = page.querySelector('[data-failure="' + name + '"]');
    var words = failure.dataset;
    var wantsScan = failure.hasAttribute("data-wants-scan");
    part("scan").classList.toggle("button-plain", !wantsScan);
    part("again").classList.toggle("button-plain", wantsScan);
    show({ title: words.title, text: words.text, next: words.next, answer: answer });
  }

  function fail(name, answer) {
    stage = "over";
    say(navigator.onLine === false ? "offline" : name, answer);
  }

  function giveUp() {
    if (stage === "code") {
      fail("slow");
    } else if (stage === "server") {
      // The code is on its way and worth nothing a second time, so the answer is still followed.
      say("waiting");
    }
  }

  // Without cookies a login that succeeds leads back here: it is not begun a second time unasked.
  function hasComeBack() {
    try {
      var since = Date.now() - Number(sessionStorage.getItem(ENTERED) || 0);
      return since >= 0 && since < SOON && !/[?&]again(&|$)/.test(location.search);
    } catch (error) {
      return false;
    }
  }

  function enter(target) {
    var url = typeof target === "string" && target.charAt(0) === "/" && new URL(target, location.href);
    if (!url || url.origin !== location.origin) {
      fail("server");
      return;
    }
    stage = "over";
    try {
      sessionStorage.setItem(ENTERED, String(Date.now()));
    } catch (error) {
      // Storage that is forbidden stores nothing; the page works without.
    }
    setTimeout(function () {
      stay(url.href);
    }, ARRIVAL);
    location.replace(url.href);
  }

  // Signed in, and still here.
  function stay(href) {
    say("entered");
    part("sign").hidden = true;
    part("again").hidden = true;
    part("scan").hidden = true;
    part("go").hidden = false;
    part("go").href = href;
  }

  function turnedAway(answer) {
    if (!answer || !answer.title || !answer.message) {
      fail("server");
      return;
    }
    stage = "over";
    show({
      title: answer.title,
      text: answer.message,
      next: answer.next_step,
      nick: answer.nick,
      initials: answer.initials,
      reference: answer.reference
    });
    if (answer.waits === true && window.followReview) {
      window.followReview();
    }
  }

  // The server was too busy to look at the code, which is still good.
  function retry(answer, seconds, code) {
    if (answer && answer.retry === true && seconds > 0 && seconds <= LONGEST_RETRY) {
      setTimeout(function () {
        if (stage === "over") {
          send(code);
        }
      }, seconds * 1000);
    }
  }

  function send(code) {
    stage = "server";
    part("text").textContent = part("text").dataset.checking;
    fetch("/login/in-app", {
      method: "POST",
      credentials: "same-origin",
      cache: "no-store",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code: code, rd: page.dataset.rd })
    }).then(function (response) {
      return response.json().then(function (answer) {
        if (response.ok) {
          enter(answer && answer.redirect);
        } else {
          turnedAway(answer);
          retry(answer, Number(response.headers.get("Retry-After")), code);
        }
      }, function () {
        fail("server");
      });
    }, function () {
      fail("offline");
    });
  }

  // What DingTalk says of a failure: `{errorCode, errorMessage}`, an Error, or a sentence.
  function read(error) {
    if (!error || typeof error === "string") {
      return { code: "", words: String(error || "") };
    }
    var code = error.errorCode === undefined ? "" : String(error.errorCode);
    return { code: code, words: (code + " " + (error.errorMessage || error.message || "")).trim() };
  }

  function reason(said) {
    if (/4040|not support the current environment/i.test(said.words)) {
      return "outside";
    }
    if (/corpid|1002|domain|域名|不合法/i.test(said.words) || said.code === "3" || said.code === "7") {
      return "setup";
    }
    if (/4050|4060|not exist/i.test(said.words) || said.code === "1") {
      return "old";
    }
    return /network|网络/i.test(said.words) ? "offline" : "refused";
  }

  function refused(error) {
    if (stage === "code") {
      var said = read(error);
      fail(reason(said), said.words.slice(0, 200));
    }
  }

  function received(answer) {
    if (stage !== "code") {
      return;
    }
    if (answer && typeof answer.code === "string" && answer.code !== "") {
      send(answer.code);
    } else {
      refused(answer);
    }
  }

  function ask() {
    var dd = window.dd;
    if (stage !== "code") {
      return;
    }
    if (!dd || !dd.env || !dd.runtime || !dd.runtime.permission) {
      fail("script");
      return;
    }
    // Outside DingTalk the call rejects its promise and never calls onFail.
    if (dd.env.platform === "notInDingTalk") {
      fail("outside");
      return;
    }
    try {
      var asked = dd.runtime.permission.requestAuthCode({
        corpId: page.dataset.corpId,
        onSuccess: received,
        onFail: refused
      });
      if (asked && asked.then) {
        asked.then(received, refused);
      }
    } catch (error) {
      refused(error);
    }
  }

  function load() {
    var script = document.createElement("script");
    script.onload = ask;
    script.onerror = function () {
      if (stage === "code") {
        fail("script");
      }
    };
    script.src = page.dataset.jsapi;
    document.head.appendChild(script);
  }

  function begin() {
    if (navigator.cookieEnabled === false) {
      fail("blocked");
      return;
    }
    if (hasComeBack()) {
      fail("cookies");
      return;
    }
    setTimeout(giveUp, PATIENCE);
    // An address that does not answer must hold up neither this script nor the page, which in DingTalk would
    // not be shown before.
    if (document.readyState === "complete") {
      load();
    } else {
      window.addEventListener("load", load);
    }
  }

  begin();
})();

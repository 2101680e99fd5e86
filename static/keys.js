// Keys for what a page offers: `data-key` on a link goes there, on a summary asks the question, on a button puts the focus
// on it. Nothing is decided by one key: a second press on the next page would decide about somebody unseen.
(function () {
  "use strict";

  function isTyping(element) {
    return element.matches("input:not([type=checkbox]), select, textarea");
  }

  // The rows of a list: the focus moves from one link to the next.
  function step(by) {
    var rows = Array.prototype.slice.call(document.querySelectorAll("a[data-row]"));
    var place = rows.indexOf(document.activeElement);
    var next = rows[place === -1 && by < 0 ? rows.length - 1 : place + by];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
    return rows.length > 0;
  }

  function use(part) {
    if (part.matches("a, summary")) {
      part.click();
    } else {
      part.focus();
    }
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) {
      return;
    }
    // What lies behind a question is out of reach until it is answered.
    if (document.querySelector("dialog[open]")) {
      return;
    }
    var key = event.key.toLowerCase();
    if (!/^[a-z]$/.test(key)) {
      return;
    }
    var part = document.querySelector('[data-key="' + key + '"]');
    if (part) {
      event.preventDefault();
      use(part);
    } else if ((key === "j" && step(1)) || (key === "k" && step(-1))) {
      event.preventDefault();
    }
  });
})();

// A page that shows work in progress: what has changed is exchanged, so that nobody loses their place.
(function () {
  "use strict";

  var bar = document.querySelector("[data-refresh]");
  if (!bar) {
    return;
  }
  var main = document.getElementById("main");
  var button = bar.querySelector("button");
  var other = button.dataset.resume;
  var isPaused = false;
  var timer;

  // All but what belongs to no page alone.
  function partsOf(page) {
    return Array.prototype.filter.call(page.children, function (part) {
      return !part.matches(".banner, .toasts");
    });
  }

  // Whoever is asked something, is about to press something, types or selects is left alone.
  function isInUse() {
    var active = document.activeElement;
    var isAtControl = main.contains(active) && active.matches("a, button, input, select, textarea, summary");
    return (
      document.hidden ||
      main.querySelector("details[open], dialog[open]") !== null ||
      (isAtControl && active !== button && !active.closest(".toasts")) ||
      String(window.getSelection()) !== ""
    );
  }

  function show(page) {
    var now = page.getElementById("main");
    window.readersTimes(now);
    var old = partsOf(main);
    var parts = partsOf(now);
    var isAlike =
      old.length === parts.length &&
      old.every(function (part, place) {
        return part.tagName === parts[place].tagName && part.className === parts[place].className;
      });
    if (isAlike) {
      old.forEach(function (part, place) {
        if (part !== bar && part.outerHTML !== parts[place].outerHTML) {
          main.replaceChild(parts[place], part);
        }
      });
      return;
    }
    var hadFocus = document.activeElement === button;
    var anew = document.createDocumentFragment();
    parts.forEach(function (part) {
      anew.appendChild(part);
    });
    old.forEach(function (part) {
      part.remove();
    });
    main.appendChild(anew);
    bar = main.querySelector("[data-refresh]");
    if (bar) {
      take(bar);
    }
    if (hadFocus) {
      (bar ? button : main).focus({ preventScroll: true });
    }
  }

  function look() {
    if (isPaused || isInUse()) {
      return wait();
    }
    fetch(window.location.href, { credentials: "same-origin", headers: { Accept: "text/html" } })
      .then(function (answer) {
        // Signed out in the meantime, or no administrator any more: the page itself says what to do.
        if (answer.redirected || answer.status === 401 || answer.status === 403) {
          window.location.reload();
          return null;
        }
        return answer.ok ? answer.text() : null;
      })
      .then(function (text) {
        var page = text && new DOMParser().parseFromString(text, "text/html");
        if (page && page.getElementById("main") && !isPaused && !isInUse()) {
          show(page);
        }
      })
      .catch(function () {
        // The network is away; the next look may find it again.
      })
      .then(wait);
  }

  function wait() {
    if (bar) {
      timer = setTimeout(look, Number(bar.dataset.refresh) * 1000);
    }
  }

  function take(found) {
    button = found.querySelector("button");
    found.hidden = false;
    button.addEventListener("click", function () {
      var words = button.textContent;
      button.textContent = other;
      other = words;
      isPaused = !isPaused;
      if (!isPaused) {
        clearTimeout(timer);
        look();
      }
    });
  }

  take(bar);
  wait();
})();

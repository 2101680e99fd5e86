// A page that shows work in progress: what has changed is exchanged, so that nobody loses their place.
(function () {
  "use strict";

  var bar = document.querySelector("[data-refresh]");
  if (!bar) {
    return;
  }
  // A network that swallows a question must not end the following.
  var PATIENCE = 10000;
  var main = document.getElementById("main");
  var button = bar.querySelector("button");
  var other = button.dataset.resume;
  var isPaused = false;
  var isLooking = false;
  var timer;

  // Says how the work has ended to those who do not see it.
  var told = document.createElement("p");
  told.className = "visually-hidden";
  told.setAttribute("role", "status");
  document.body.appendChild(told);

  // The toast belongs to what was done before, and stays.
  function partsOf(page) {
    return Array.prototype.filter.call(page.children, function (part) {
      return !part.matches(".banner, .toasts");
    });
  }

  // Whoever is asked something, types or selects is left alone.
  function isInUse() {
    var active = document.activeElement;
    return (
      document.hidden ||
      main.querySelector("details[open]:not(.banner)") !== null ||
      document.querySelector("dialog[open]") !== null ||
      (main.contains(active) && active.matches("input, select, textarea")) ||
      String(window.getSelection()) !== ""
    );
  }

  function exchange(old, part) {
    var hadFocus = old === document.activeElement;
    // What is about to be pressed stays where it is.
    if (old.outerHTML === part.outerHTML || (!hadFocus && old.contains(document.activeElement))) {
      return;
    }
    var left = old.scrollLeft;
    main.replaceChild(part, old);
    part.scrollLeft = left;
    if (hadFocus) {
      part.focus({ preventScroll: true });
    }
  }

  function exchangeBanner(page) {
    var old = main.querySelector(".banner");
    var banner = page.querySelector(".banner");
    if (old && banner) {
      banner.open = old.open;
      exchange(old, banner);
    } else if (banner) {
      main.insertBefore(banner, main.firstChild);
    } else if (old && !old.contains(document.activeElement)) {
      old.remove();
    }
  }

  // The same link or button on the page as it is now.
  function twinOf(element) {
    var href = element.getAttribute("href");
    var links = Array.prototype.filter.call(main.querySelectorAll("a"), function (link) {
      return link.getAttribute("href") === href;
    });
    return element === button && bar ? bar.querySelector("button") : links[0] || main;
  }

  function exchangeAll(parts) {
    var active = document.activeElement;
    var hadFocus = active !== main && main.contains(active);
    partsOf(main).forEach(function (part) {
      part.remove();
    });
    parts.forEach(function (part) {
      main.appendChild(part);
    });
    bar = main.querySelector("[data-refresh]");
    if (hadFocus) {
      twinOf(active).focus({ preventScroll: true });
    }
    if (bar) {
      take(bar);
    } else {
      told.textContent = main.querySelector(".note, .heading p").textContent;
    }
  }

  function show(page) {
    var now = page.getElementById("main");
    window.readersTimes(now);
    exchangeBanner(now);
    var old = partsOf(main);
    var parts = partsOf(now);
    var isAlike =
      old.length === parts.length &&
      old.every(function (part, place) {
        return part.tagName === parts[place].tagName && part.className === parts[place].className;
      });
    if (!isAlike) {
      exchangeAll(parts);
      return;
    }
    old.forEach(function (part, place) {
      if (part !== bar) {
        exchange(part, parts[place]);
      }
    });
  }

  function ask() {
    var patience = new AbortController();
    setTimeout(function () {
      patience.abort();
    }, PATIENCE);
    return fetch(window.location.href, {
      credentials: "same-origin",
      headers: { Accept: "text/html" },
      signal: patience.signal
    }).then(function (answer) {
      // Signed out in the meantime, or no administrator any more: the page itself says what to do.
      if (answer.redirected || answer.status === 401 || answer.status === 403) {
        window.location.reload();
        return null;
      }
      return answer.ok ? answer.text() : null;
    });
  }

  function look() {
    if (isLooking) {
      return;
    }
    if (isPaused || isInUse()) {
      wait();
      return;
    }
    isLooking = true;
    ask()
      .then(function (text) {
        var page = text && new DOMParser().parseFromString(text, "text/html");
        if (page && page.getElementById("main") && !isPaused && !isInUse()) {
          show(page);
        }
      })
      .catch(function () {
        // The network is away; the next look may find it again.
      })
      .then(function () {
        isLooking = false;
        wait();
      });
  }

  function wait() {
    clearTimeout(timer);
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
        look();
      }
    });
  }

  take(bar);
  wait();
})();

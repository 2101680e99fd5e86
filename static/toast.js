// A sentence about an action that has ended: read out, and closed when it has been read.
(function () {
  "use strict";

  var toast = document.querySelector("[data-toast]");
  if (!toast) {
    return;
  }

  // A live region is read out when it changes, not when it comes with the page.
  var text = toast.querySelector("[data-toast-text]");
  var words = text.textContent;
  text.textContent = "";
  setTimeout(function () {
    text.textContent = words;
  }, 100);

  // Good news leaves by itself, but not while somebody may read it, nor with something that can be undone.
  var left = 6;
  function mayBeRead() {
    return document.hidden || toast.matches(":hover") || toast.contains(document.activeElement);
  }
  if (toast.classList.contains("tone-ok") && !toast.querySelector("form")) {
    var clock = setInterval(function () {
      left -= mayBeRead() ? 0 : 1;
      if (left <= 0) {
        clearInterval(clock);
        toast.remove();
      }
    }, 1000);
  }

  toast.querySelector("[data-dismiss]").addEventListener("click", function () {
    toast.remove();
    document.getElementById("main").focus({ preventScroll: true });
  });
})();

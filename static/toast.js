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

  toast.querySelector("[data-dismiss]").addEventListener("click", function () {
    toast.remove();
    document.getElementById("main").focus({ preventScroll: true });
  });
})();

// Questions before something is done: a dialog where the browser knows those, otherwise unfolded in place, as without
// script. One at a time, and none after Escape.
(function () {
  "use strict";

  var OPEN = "details.confirm[open], details.fold[open]";
  var dialog = null;
  var asking = null;
  var pressed = null;
  var cancel = document.createElement("button");
  cancel.type = "button";
  cancel.className = "button button-plain";
  cancel.textContent = document.body.dataset.cancel;

  function closeOthers(open) {
    Array.prototype.forEach.call(document.querySelectorAll(OPEN), function (details) {
      if (details !== open) {
        details.open = false;
      }
    });
  }

  // The panel's field has the focus, or its button where there is nothing to fill in.
  function begin(panel) {
    panel.appendChild(cancel);
    var field = panel.querySelector("input:not([type=hidden]), select, textarea");
    (field || panel.querySelector("[type=submit]")).focus();
  }

  function makeDialog() {
    dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.addEventListener("close", function () {
      cancel.remove();
      asking.appendChild(dialog.firstElementChild);
    });
    dialog.addEventListener("mousedown", function (event) {
      pressed = event.target;
    });
    dialog.addEventListener("click", function (event) {
      // A selection that begins in a field and ends outside is no press outside.
      if (event.target === dialog && pressed === dialog) {
        dialog.close();
      }
    });
    document.body.appendChild(dialog);
  }

  function ask(details) {
    if (!dialog) {
      makeDialog();
    }
    asking = details;
    details.open = false;
    dialog.setAttribute("aria-label", details.querySelector("summary").textContent);
    var panel = details.querySelector(".confirm-panel");
    dialog.appendChild(panel);
    dialog.showModal();
    begin(panel);
  }

  cancel.addEventListener("click", function () {
    if (dialog && dialog.open) {
      dialog.close();
    } else {
      var details = cancel.closest("details");
      closeOthers(null);
      details.querySelector("summary").focus();
    }
  });

  document.addEventListener("click", function (event) {
    var summary = event.target.closest("details.confirm > summary");
    if (summary && window.HTMLDialogElement) {
      event.preventDefault();
      ask(summary.parentNode);
    }
  });

  document.addEventListener(
    "toggle",
    function (event) {
      if (event.target.open && event.target.matches("details.confirm, details.fold")) {
        closeOthers(event.target);
        if (event.target.matches("details.confirm")) {
          begin(event.target.querySelector(".confirm-panel"));
        }
      }
    },
    true
  );

  document.addEventListener("keydown", function (event) {
    var open = event.key === "Escape" && document.querySelector(OPEN);
    if (open) {
      closeOthers(null);
      open.querySelector("summary").focus();
    }
  });

  // A form that was refused asks again.
  var refused = document.querySelector("details.confirm[open]");
  if (refused && window.HTMLDialogElement) {
    ask(refused);
  }
})();

// The administrators' pages: what makes them handier; everything works without it.
(function () {
  "use strict";

  function all(selector) {
    return Array.prototype.slice.call(document.querySelectorAll(selector));
  }

  function boxesOf(form) {
    return all('input[type="checkbox"][form="' + form + '"]');
  }

  // Tables whose rows can be chosen: how many are, and all at once.
  all("[data-bulk]").forEach(function (bar) {
    var form = bar.dataset.bulk;
    var count = bar.querySelector("[data-bulk-count]");
    var allBox = document.querySelector('[data-check-all="' + form + '"]');

    function show() {
      var boxes = boxesOf(form);
      var chosen = boxes.filter(function (box) {
        return box.checked;
      });
      count.textContent = count.dataset.text.replace("{n}", String(chosen.length));
      bar.hidden = chosen.length === 0;
      bar.querySelectorAll("button").forEach(function (button) {
        button.disabled = chosen.length === 0;
      });
      if (allBox) {
        allBox.checked = boxes.length > 0 && chosen.length === boxes.length;
        allBox.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
      }
    }

    document.addEventListener("change", function (event) {
      if (event.target === allBox) {
        boxesOf(form).forEach(function (box) {
          box.checked = allBox.checked;
        });
      }
      show();
    });
    // Browsers fill forms in again after a reload, without an event.
    window.addEventListener("pageshow", show);
  });

  // A form is sent once; its button says that something is going on.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post") {
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    var button = event.submitter || form.querySelector("[data-busy]");
    if (button && button.dataset.busy) {
      button.dataset.label = button.innerHTML;
      button.setAttribute("aria-busy", "true");
      button.textContent = button.dataset.busy;
    }
  });

  window.addEventListener("pageshow", function () {
    all("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
    });
    all("[data-label][data-busy]").forEach(function (button) {
      button.innerHTML = button.dataset.label;
      button.removeAttribute("aria-busy");
    });
  });

  // A question is a dialog where the browser knows those; elsewhere, and without script, it unfolds in its place.
  var dialog = null;
  var cancel = null;
  var asking = null;

  function makeDialog() {
    cancel = document.createElement("button");
    cancel.type = "button";
    cancel.className = "button button-plain";
    cancel.textContent = document.body.dataset.cancel;
    dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.addEventListener("close", function () {
      cancel.remove();
      asking.appendChild(dialog.firstElementChild);
    });
    dialog.addEventListener("click", function (event) {
      if (event.target === dialog || event.target === cancel) {
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
    dialog.setAttribute("aria-label", details.querySelector("summary").textContent);
    var panel = details.querySelector(".confirm-panel");
    panel.appendChild(cancel);
    dialog.appendChild(panel);
    dialog.showModal();
    var first = panel.querySelector("input:not([type=hidden]), select, textarea");
    (first || panel.querySelector("[type=submit]")).focus();
  }

  document.addEventListener("click", function (event) {
    var summary = event.target.closest("details.confirm > summary");
    if (summary && window.HTMLDialogElement) {
      event.preventDefault();
      ask(summary.parentNode);
    }
  });

  // The form that was refused asks again.
  var refused = document.querySelector("details.confirm[open]");
  if (refused && window.HTMLDialogElement) {
    refused.open = false;
    ask(refused);
  }

  // One question at a time, and none after Escape.
  function closeOthers(open) {
    all("details.confirm[open], details.fold[open]").forEach(function (details) {
      if (details !== open) {
        details.open = false;
      }
    });
  }
  document.addEventListener(
    "toggle",
    function (event) {
      if (event.target.open && event.target.matches("details.confirm, details.fold")) {
        closeOthers(event.target);
      }
    },
    true
  );
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      var open = document.querySelector("details.confirm[open], details.fold[open]");
      closeOthers(null);
      if (open) {
        open.querySelector("summary").focus();
      }
    }
  });
})();

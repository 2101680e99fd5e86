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

  // A key puts the focus into the field that names it, unless something is being typed.
  document.addEventListener("keydown", function (event) {
    var isTyping = event.target.matches("input, textarea, select, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    var fields = all("input[data-key]").filter(function (field) {
      return field.dataset.key === event.key;
    });
    var fold = document.querySelector("details.fold");
    if (fields.length > 0 && fold && fold.offsetParent !== null) {
      fold.open = true;
    }
    fields.some(function (field) {
      if (field.offsetParent === null) {
        return false;
      }
      event.preventDefault();
      field.focus();
      field.select();
      return true;
    });
  });
})();

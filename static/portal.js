// The portal with many apps: the tiles whose words hold what is typed.
(function () {
  "use strict";

  var field = document.querySelector("[data-find]");
  if (!field) {
    return;
  }
  var tiles = Array.prototype.slice.call(document.getElementById(field.dataset.find).children);
  var found = document.querySelector("[data-found]");

  function show() {
    var words = field.value.toLowerCase().split(/\s+/);
    var count = 0;
    tiles.forEach(function (tile) {
      var text = tile.textContent.toLowerCase();
      tile.hidden = !words.every(function (word) {
        return text.indexOf(word) >= 0;
      });
      count += tile.hidden ? 0 : 1;
    });
    found.textContent = count === 0 ? field.dataset.none : "";
  }

  field.addEventListener("input", show);
  field.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      field.value = "";
      show();
    }
    // The first tile that is left is what was looked for.
    if (event.key === "Enter" && field.value.trim() !== "") {
      var first = tiles.filter(function (tile) {
        return !tile.hidden;
      })[0];
      if (first) {
        first.querySelector("a").focus();
      }
    }
  });
  // Browsers fill fields in again after a reload, without an event.
  window.addEventListener("pageshow", show);
})();

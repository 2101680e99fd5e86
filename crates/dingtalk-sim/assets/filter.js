// Hides the entries that do not contain what is typed, and headings left without entries.
"use strict";
for (const input of document.querySelectorAll("input[data-filter]")) {
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const entry of document.querySelectorAll(input.dataset.filter)) {
      entry.hidden = !entry.textContent.toLowerCase().includes(wanted);
    }
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = !group.querySelector(input.dataset.filter + ":not([hidden])");
    }
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

// Hides the entries that do not contain what is typed, and headings left without entries. Enter chooses the only
// person that is left.
"use strict";
for (const input of document.querySelectorAll("input[data-filter]")) {
  const shown = () => document.querySelectorAll(input.dataset.filter + ":not([hidden])");
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
    if (event.key !== "Enter") return;
    event.preventDefault();
    const left = shown();
    if (input.value.trim() !== "" && left.length === 1 && left[0].matches("button")) left[0].click();
  });
}

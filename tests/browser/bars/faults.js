// What is wrong with the bar at the top, as sentences; the argument is how wide the window is.
var wanted = arguments[0];
var faults = [];
var page = document.scrollingElement;
// A desk's window has a scroll bar at its side.
var width = page.clientWidth;

// What a reader sees of these parts.
function shown(selector) {
  return Array.prototype.filter.call(document.querySelectorAll(selector), function (part) {
    return part.getBoundingClientRect().width > 0 && !part.closest("details:not([open]) > :not(summary)");
  });
}

function look(state) {
  if (page.scrollWidth > width || width > wanted) {
    faults.push(state + " the page is " + page.scrollWidth + " wide");
  }
  shown("header .brand, header .brand > *, header .bar-name, header .bar-link, header summary").forEach(function (part) {
    var box = part.getBoundingClientRect();
    var words = state + " " + part.outerHTML.slice(0, 60);
    if (box.left < 0 || box.right > width + 0.5) {
      faults.push(words + " goes from " + box.left + " to " + box.right);
    }
    // A word of two signs is broad enough for what comes before the dots.
    if (box.width < 28) {
      faults.push(words + " is only " + box.width + " broad");
    }
    if (box.height > (part.closest(".is-centred") ? 120 : 60)) {
      faults.push(words + " is " + box.height + " high");
    }
  });
  shown("header .bar-name").forEach(function (part) {
    var box = part.getBoundingClientRect();
    if (box.width < 80) {
      faults.push(state + " of the person’s name " + box.width + " are left");
    }
  });
  shown("header .brand-name").forEach(function (part) {
    if (part.getBoundingClientRect().width < 70) {
      faults.push(state + " of the company’s name " + part.getBoundingClientRect().width + " are left");
    }
  });
  var over = shown("header .brand, header .bar-account > *, header .fold > summary");
  over.forEach(function (one, place) {
    over.slice(place + 1).forEach(function (other) {
      var a = one.getBoundingClientRect();
      var b = other.getBoundingClientRect();
      if (a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5) {
        faults.push(state + " these lie over each other: " + one.outerHTML.slice(0, 40) + " " + other.outerHTML.slice(0, 40));
      }
    });
  });
}

look("as it comes,");
var fold = document.querySelector("details.fold");
if (fold && shown("details.fold").length > 0) {
  fold.open = true;
  look("with the menu,");
  fold.open = false;
}
return faults;

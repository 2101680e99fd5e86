// What is wrong with this page, as sentences; the arguments are its language and how wide it may be.
// What is folded away must fit as well.
var wanted = arguments[0];
var width = arguments[1];
var faults = [];

function all(selector) {
  return Array.prototype.slice.call(document.querySelectorAll(selector));
}

function name(element) {
  var labels = element.labels ? Array.prototype.slice.call(element.labels) : [];
  var words = labels.concat(element).map(function (part) {
    return part.textContent;
  });
  return (element.getAttribute("aria-label") || element.title || words.join("")).trim();
}

// All at once, before the page hears of it: it would close one question when another opens.
function tryWith(folded, state) {
  var closed = folded.filter(function (part) {
    return !part.open;
  });
  closed.forEach(function (part) {
    part.open = true;
  });
  var page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth || page.clientWidth > width) {
    var culprits = all("body *").filter(function (element) {
      var isTooWide = element.getBoundingClientRect().right > width + 1 || element.scrollWidth > element.clientWidth + 1;
      return isTooWide && element.clientWidth > 0 && !element.closest(".table-scroll, .scroll");
    });
    var named = culprits.slice(-3).map(function (element) {
      return element.outerHTML.slice(0, 120);
    });
    faults.push(state + " it is " + page.scrollWidth + " wide, because of " + named.join(" "));
  }
  closed.forEach(function (part) {
    part.open = false;
  });
}

tryWith([], "as it comes,");
tryWith(all("details.confirm"), "with every question asked,");
tryWith(all("details:not(.confirm)"), "with all else unfolded,");

if (document.documentElement.lang.split("-")[0] !== wanted) {
  faults.push("its language is " + document.documentElement.lang);
}
["h1", "main", "head > title"].forEach(function (part) {
  if (all(part).length !== 1) {
    faults.push("it has " + all(part).length + " of " + part);
  }
});
all("input:not([type=hidden]), select, textarea, button, a, iframe").forEach(function (element) {
  if (name(element) === "") {
    faults.push("this has no name: " + element.outerHTML.slice(0, 120));
  }
});
// Two rows' buttons are told apart by their names, for those who hear one after the other.
var rowsOf = {};
all("tbody button, tbody summary, .devices button, .devices summary").forEach(function (button) {
  var row = button.closest("tr, li");
  var words = name(button);
  if (rowsOf[words] !== undefined && rowsOf[words] !== row) {
    faults.push("“" + words + "” is the button of more than one row");
  }
  rowsOf[words] = row;
});
all("[id]").forEach(function (element) {
  if (all('[id="' + CSS.escape(element.id) + '"]').length !== 1) {
    faults.push("several have the id " + element.id);
  }
});
all("[aria-labelledby], [aria-describedby]").forEach(function (element) {
  var ids = (element.getAttribute("aria-labelledby") || "") + " " + (element.getAttribute("aria-describedby") || "");
  ids.split(" ").filter(Boolean).forEach(function (id) {
    if (!document.getElementById(id)) {
      faults.push("nothing has the id " + id);
    }
  });
});
all("img:not([alt])").forEach(function (picture) {
  faults.push("this has no alternative: " + picture.outerHTML.slice(0, 120));
});
return faults;

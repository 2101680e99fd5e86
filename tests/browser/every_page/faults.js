// What is wrong with this page, as sentences; the arguments are its language and how wide it may be.
// Questions that are folded away are unfolded first: they must fit as well.
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

all("details.confirm").forEach(function (question) {
  question.open = true;
});
var page = document.scrollingElement;
if (page.scrollWidth > page.clientWidth || page.clientWidth > width) {
  var culprits = all("body *").filter(function (element) {
    var isTooWide = element.getBoundingClientRect().right > width + 1 || element.scrollWidth > element.clientWidth + 1;
    return isTooWide && element.clientWidth > 0 && !element.closest(".table-scroll");
  });
  var named = culprits.slice(-3).map(function (element) {
    return element.outerHTML.slice(0, 120);
  });
  faults.push("it is " + page.scrollWidth + " wide, because of " + named.join(" "));
}
all("details.confirm").forEach(function (question) {
  question.open = false;
});

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

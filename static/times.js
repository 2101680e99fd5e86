// Times in the reader's own zone: the exact one on hover, and dates of long ago.
(function () {
  "use strict";

  var lang = document.documentElement.lang;
  var exact = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" };

  // For what comes later, too.
  window.readersTimes = function (part) {
    Array.prototype.forEach.call(part.querySelectorAll("time[datetime]"), function (time) {
      var at = new Date(time.dateTime);
      if (isNaN(at)) {
        return;
      }
      time.title = at.toLocaleString(lang, exact);
      if (/^\d{4}-\d{2}-\d{2}$/.test(time.textContent)) {
        // The Swedish way of writing dates is that of ISO 8601.
        time.textContent = at.toLocaleDateString("sv-SE");
      }
    });
  };
  window.readersTimes(document);
})();

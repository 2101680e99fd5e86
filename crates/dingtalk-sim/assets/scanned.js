// Tells the page around the frame who has scanned: a plain string, as DingTalk's own page does.
"use strict";
window.parent.postMessage(document.currentScript.dataset.loginTmpCode, "*");

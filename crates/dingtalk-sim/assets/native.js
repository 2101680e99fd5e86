// The DingTalk app around a page, as the npm package dingtalk-jsapi expects it on each system. What pages ask
// of it stands in `window.__askedOfDingTalk`.
(function (client) {
  "use strict";

  var HOST = "https://desktop.dingtalk.com";
  var asked = [];
  Object.defineProperty(window, "__askedOfDingTalk", { value: asked, configurable: true });

  // Calls back with (whether it worked, the answer), or never.
  function answer(method, args, done) {
    asked.push({ method: method, corpId: args.corpId, url: args.url });
    setTimeout(function () {
      if (method !== "runtime.permission.requestAuthCode") {
        done(false, { errorCode: "1", errorMessage: method + " not exist" });
      } else if (args.corpId !== client.corpId) {
        done(false, { errorCode: "3", errorMessage: "1002,corpId不合法" });
      } else if (client.answer.code) {
        done(true, { code: client.answer.code });
      } else if (client.answer.failure) {
        done(false, client.answer.failure);
      }
    }, client.delay);
  }

  var install = {
    android: function () {
      window.nuva = {
        isReady: true,
        require: function () {
          return function (onSuccess, onFail, service, action, args) {
            answer(service + "." + action, args, function (worked, result) {
              (worked ? onSuccess : onFail)(result);
            });
          };
        }
      };
      document.dispatchEvent(new Event("runtimeready"));
    },

    ios: function () {
      window.WebViewJavascriptBridge = {
        init: function () {},
        registerHandler: function () {},
        callHandler: function (method, args, done) {
          answer(method, args, function (worked, result) {
            done(worked ? { errorCode: "0", result: result } : result);
          });
        }
      };
      document.dispatchEvent(new Event("WebViewJavascriptBridgeReady"));
    },

    // The window's name says how to reach the app; messages to its origin are the app's, not the page's.
    desktop: function () {
      var post = window.postMessage.bind(window);
      window.name = JSON.stringify({ hostOrigin: HOST, containerId: "container-1", hostVersion: "7.6.0", language: "zh_CN" });
      window.dingtalk = { platform: { invokeAPI: function () {} } };
      window.postMessage = function (message, target) {
        if (target !== HOST) {
          post(message, target);
          return;
        }
        answer(message.methodName, message.body, function (worked, result) {
          var response = { type: "response", msgId: message.msgId, success: worked, body: result };
          window.dispatchEvent(new MessageEvent("message", { origin: HOST, data: response }));
        });
      };
    }
  };

  if (client.readyAfter > 0) {
    setTimeout(install[client.device], client.readyAfter);
  } else {
    install[client.device]();
  }
})

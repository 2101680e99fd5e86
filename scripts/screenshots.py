"""Plays a morning in the demo company (`live`) and photographs the pages (`shoot FOLDER`).

PORTAL, SIMULATOR and DRIVER are the addresses of dinggate, of dingtalk-sim and of chromedriver. Needs nothing but
Python's own library.
"""

import base64
import http.cookiejar
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PORTAL = os.environ["PORTAL"]
SIMULATOR = os.environ["SIMULATOR"]
ADMIN = "manager4220"
APPS, DESIGN, SALES, NORTH = 410020012, 410020022, 410020003, 410020033
PEOPLE_AT_FIRST = 70
MOST_BYTES = 200_000


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: each step of a login is looked at."""

    def redirect_request(self, *_):
        return None


class Browser:
    """Keeps cookies; nothing else of a browser is needed for a scan."""

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        cookies = urllib.request.HTTPCookieProcessor(self.cookies)
        self.opener = urllib.request.build_opener(Stay, cookies, urllib.request.ProxyHandler({}))

    def get(self, url):
        try:
            return self.opener.open(url, timeout=20)
        except urllib.error.HTTPError as answer:
            return answer

    def scan(self, unionid):
        """Goes through the whole login; gives the status with which it ends."""
        begun = self.get(PORTAL + "/login/qr").headers["Location"]
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(begun).query)["state"][0]
        code = sim("sns-code", {"unionid": unionid})["code"]
        back = urllib.parse.urlencode({"code": code, "state": state})
        return self.get(f"{PORTAL}/login/callback?{back}").status

    def session(self):
        """The session cookie, as WebDriver wants it."""
        [cookie] = [c for c in self.cookies if c.name == "dinggate"]
        return {"name": cookie.name, "value": cookie.value, "path": "/", "httpOnly": True, "sameSite": "Lax"}


def call(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)


def sim(path, body=None):
    return call("GET" if body is None else "POST", f"{SIMULATOR}/sim/api/{path}", body)


def unionid_of(userid):
    everybody = sim("people")
    return next(p["unionid"] for p in everybody["employed"] + everybody["former"] if p["userid"] == userid)


def wait_for(what, condition):
    for _ in range(240):
        if condition():
            return
        time.sleep(0.25)
    sys.exit(f"{what} did not come about within a minute")


def signed_in(userid):
    browser = Browser()
    status = browser.scan(unionid_of(userid))
    if status != 303:
        sys.exit(f"{userid} was not let in: {status}")
    return browser


def live():
    admin = signed_in(ADMIN)
    staff = PORTAL + "/admin/staff.csv"
    wait_for("the first sync", lambda: len(admin.get(staff).read().splitlines()) > PEOPLE_AT_FIRST)
    newcomers()
    leaver_and_returner()
    expect(Browser().scan(sim("people")["outsiders"][0]["unionid"]), 403)
    changes()


def newcomers():
    """Hired without an event, as when the push was lost: they wait for the review."""
    for name, nick, title, department, scans in [
        ("苏小满", "小满", "前端工程师", APPS, 3),
        ("高远", "Gao Yuan", "视觉设计师", DESIGN, 1),
        ("何晴", "晴天", "市场专员", SALES, 2),
        ("张伟", "张伟", "客户经理", NORTH, 1),
    ]:
        person = {"name": name, "nick": nick, "title": title, "departments": [department], "drop_event": True}
        unionid = sim("people", person)["unionid"]
        for _ in range(scans):
            expect(Browser().scan(unionid), 403)


def leaver_and_returner():
    """One who has left tries the gate, and one has come back under a new userid."""
    leaver = unionid_of("fengxue05")
    sim("people/fengxue05/dismiss", {})
    returner = unionid_of("manager8401")
    sim("people/manager8401/dismiss", {"drop_event": True})
    sim("people/manager8401/rehire", {"new_userid": "taoran2026", "drop_event": True})
    wait_for("the leaving", lambda: Browser().scan(leaver) == 403)
    expect(Browser().scan(leaver), 403)
    expect(Browser().scan(returner), 403)


def changes():
    sim("people/zhangsan01/change", {"title": "高级会计"})
    sim("people", {"name": "程一诺", "title": "测试工程师", "departments": [410020013]})
    sim("departments", {"name": "数据智能组", "parent_id": 410020001})


def expect(status, wanted):
    if status != wanted:
        sys.exit(f"a login ended with {status}, not with {wanted}")


class Chromium:
    """A headless Chromium that asks for pages in one language."""

    FLAGS = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ]

    def __init__(self, language):
        options = {"args": self.FLAGS, "prefs": {"intl.accept_languages": language}}
        wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        self.root = os.environ["DRIVER"] + "/session"
        self.root += "/" + call("POST", self.root, wanted)["value"]["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        call("DELETE", self.root)

    def do(self, command, body):
        return call("POST", f"{self.root}/{command}", body)["value"]

    def size(self, width, height, scale=1):
        """Makes the page, not the window around it, so large; the picture is larger or smaller by the scale."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self.do("goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def open(self, url):
        self.do("url", {"url": url})

    def shoot(self, path):
        time.sleep(0.5)
        picture = base64.b64decode(call("GET", self.root + "/screenshot")["value"])
        with open(path, "wb") as file:
            file.write(picture)
        print(f"{path}: {len(picture) // 1024} kB")
        if len(picture) > MOST_BYTES:
            sys.exit(f"{path} is too large for the repository")


def shoot(folder):
    os.makedirs(folder, exist_ok=True)
    for tag, language in [("en", "en-US,en"), ("zh-CN", "zh-CN,zh")]:
        with Chromium(language) as chromium:
            chromium.size(560, 800)
            chromium.open(PORTAL + "/login")
            chromium.shoot(f"{folder}/login.{tag}.png")
            refused(chromium, f"{folder}/refused.{tag}.png")
            chromium.do("cookie", {"cookie": signed_in(ADMIN).session()})
            chromium.size(1440, 900, 8 / 9)
            chromium.open(PORTAL + "/admin/unmatched")
            chromium.shoot(f"{folder}/review.{tag}.png")
            for name, path in [("overview", "/admin"), ("sync", "/admin/syncs/1")]:
                chromium.open(PORTAL + path)
                chromium.shoot(f"{folder}/{name}.{tag}.png")


def refused(chromium, path):
    """The page that a leaver reads."""
    chromium.open(PORTAL + "/login/qr")
    leaver = f"button.who[value='{unionid_of('fengxue05')}']"
    [button] = chromium.do("elements", {"using": "css selector", "value": leaver})
    [element] = button.values()
    chromium.do(f"element/{element}/click", {})
    chromium.shoot(path)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["live"]:
            live()
        case ["shoot", folder]:
            shoot(folder)
        case _:
            sys.exit(__doc__)

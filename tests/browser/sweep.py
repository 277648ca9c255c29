"""Every page there is, as the right person, in both languages, wide and narrow, light and dark.

Which addresses there are is read from the app; which parameters to fill in, from the links that people saw on the road
and on the pages swept. What no link leads to is named here.
"""

import os
import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

from fastapi.routing import APIRoute
from starlette.routing import Match

from tests.browser.stage import NARROW, WIDE, Stage, Visitor, picture
from tests.browser.walk import PURPOSE, SLUG
from tests.road.site import PASSWORD
from web.app import create_app

PEOPLE = ("visitor", "newcomer", "startup", "developer", "provider", "officer", "operator")
FRAGMENTS = {
    "/provider/uploads/{upload_id}/policy/effect",
    "/developer/subscriptions/{id}/live",
}
"""Pieces of pages that a script asks for."""
FILES = {
    "/dataset/{slug}/download/{version}/{name}",
    "/provider/uploads/{upload_id}/policy.yaml",
    "/developer/subscriptions/{id}/usage.csv",
    "/settlement/statements/{statement_id}/csv",
    "/settlement/statements/{statement_id}/canonical",
    "/billing/agreements/{subscription_id}/canonical",
    "/licences/{name}.jsonld",
    "/robots.txt",
    "/sitemap.xml",
    "/docs/files/{name}",
}
"""Answers that are not pages."""
ELSEWHERE = {"/id/{kind}/{id}"}
"""Leads on to another page."""
BY_HAND = {
    "/account/link": ("visitor", "/account/link?token=none"),
    "/styleguide": ("visitor", "/styleguide"),
    "/docs/console": ("visitor", "/docs/console"),
}
"""What no page leads to."""
MORE = (
    ("visitor", "/search?q=没有这样的数据", 200),
    ("visitor", "/nowhere", 404),
    ("visitor", "/officer", 401),
    ("developer", "/operator", 403),
)
"""States of pages that people meet as well."""


@dataclass
class Sweep:
    """Goes through the pages until no link shows an address that was not looked at."""

    stage: Stage
    folder: Path | None = field(init=False)
    found: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = os.environ.get("SHUYI_TEST_PICTURES")
        self.folder = Path(wanted) if wanted else None
        app = create_app(self.stage.site.settings())
        self.routes = [route for route in app.routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())]
        self.pages = {route.path for route in self.routes if route.endpoint.__module__.startswith("web.pages.")}

    def pattern(self, url: str) -> str | None:
        """The page route that an address belongs to, or None for what is elsewhere."""
        parts = urlsplit(url)
        if parts.netloc and parts.netloc != urlsplit(self.stage.site.url).netloc:
            return None
        scope = {"type": "http", "method": "GET", "path": parts.path, "root_path": "", "headers": []}
        for route in self.routes:
            if route.matches(scope)[0] == Match.FULL:
                return route.path if route.path in self.pages else None
        return None

    def collect(self) -> None:
        """Take up what people have seen so far."""
        for who in PEOPLE:
            for link in self.stage[who].links:
                name = self.pattern(link)
                if name is not None and name not in self.found:
                    self.found[name] = (who, link)

    def orders(self) -> None:
        """Orders of a company that has just signed up: one not confirmed, then one whose payment the bank declines."""
        newcomer = self.stage["newcomer"]
        newcomer.open("/sign-up", look=False)
        for label, value in (
            ("公司名称或本人姓名", "新来科技"),
            ("您的姓名", "新来者"),
            ("电子邮箱", "newcomer@example.com"),
            ("密码", PASSWORD),
        ):
            newcomer.fill(label, value)
        newcomer.press("创建账号")
        newcomer.page.get_by_role("button", name="退出").wait_for()
        base = self._order(newcomer)
        for step in ("use", "agreement", "check"):
            self.found[f"/subscribe/orders/{{order_id}}/{step}"] = ("newcomer", f"{base}/{step}")
        base = self._order(newcomer)
        newcomer.page.get_by_role("radio", name=re.compile("9995")).check()
        newcomer.press(re.compile("确认并支付"))
        newcomer.page.wait_for_url("**/pay")
        self.found["/subscribe/orders/{order_id}/pay"] = ("newcomer", f"{base}/pay")

    def _order(self, person: Visitor) -> str:
        """An order up to the page where it is checked; its address."""
        person.open(f"/dataset/{SLUG}", look=False)
        person.press("订阅")
        person.page.get_by_role("button", name="继续").click()
        person.fill("数据用途", PURPOSE)
        person.press("继续")
        person.page.get_by_label("我代表订阅单位同意以上条款。").check()
        person.press("继续")
        person.page.get_by_role("button", name=re.compile("确认并支付")).wait_for()
        return person.path.removesuffix("/check")

    def mails(self) -> None:
        """An invitation and a forgotten password: links that come by mail."""
        startup, visitor = self.stage["startup"], self.stage["visitor"]
        startup.open(next(link for link in startup.links if "/account/members/" in link), look=False)
        startup.fill("电子邮箱", "colleague@example.com")
        startup.press("邀请")
        startup.wait("colleague@example.com")
        visitor.open("/account/forgot", look=False)
        visitor.fill("电子邮箱", self.stage.cast.people["provider"])
        visitor.page.get_by_role("main").get_by_role("button").click()
        for name in ("/account/join", "/account/reset"):
            self.found[name] = ("visitor", self._mailed(name))

    def _mailed(self, path: str) -> str:
        """The link to `path` in a mail that the worker wrote."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for file in (self.stage.site.home / "mail").glob("*.eml"):
                body = message_from_bytes(file.read_bytes(), policy=policy.default).get_body(("plain",))
                link = re.search(rf"https?://\S+{path}\?\S+", body.get_content()) if body else None
                if link is not None:
                    return link.group()
            time.sleep(0.1)
        raise AssertionError(f"no mail with a link to {path}")

    def all(self) -> int:
        """Look at everything; how many pages there were."""
        self.orders()
        self.mails()
        english = {who: self._in_english(who) for who in PEOPLE}
        looked: set[str] = set()
        self.found.update(BY_HAND)
        while True:
            self.collect()
            todo = sorted(self.found.keys() - looked)
            if not todo:
                break
            for name in todo:
                looked.add(name)
                who, url = self.found[name]
                if name in FILES or name in FRAGMENTS:
                    answer = self.stage[who].context.request.get(url if "://" in url else self.stage.site.url + url)
                    assert answer.ok, f"{who} got {answer.status} for {url}"
                elif name not in ELSEWHERE:
                    self.sides(name, url, self.stage[who], english[who])
        for who, url, status in MORE:
            self.sides(f"{status} {url}", url, self.stage[who], english[who], status)
        missing = self.pages - looked - FRAGMENTS - ELSEWHERE - FILES
        assert not missing, f"no link leads to {sorted(missing)}; link them or name them in BY_HAND"
        return len(looked)

    def _in_english(self, who: str) -> Visitor:
        """The same person in an English browser that prefers dark pages."""
        state = self.stage[who].context.storage_state()
        context = self.stage.context("en-US", storage_state=state, color_scheme="dark")
        return Visitor(who, self.stage.site.url, context)

    def sides(self, name: str, url: str, chinese: Visitor, english: Visitor, status: int = 200) -> None:
        """One page in both languages and widths."""
        for person, language in ((chinese, "zh-CN"), (english, "en")):
            person.open(url, status=status, look=False)
            assert person.page.locator("html").get_attribute("lang") == language
            assert person.page.locator("h1").count() == 1, f"{url} has not one h1"
            person.look()
            for size in (WIDE, NARROW):
                if self.folder:
                    person.size(size)
                    picture(person.page, self.folder, f"{_file_name(name)}-{language}-{size[0]}")
            person.calm()


def _file_name(pattern: str) -> str:
    return re.sub(r"[^0-9a-z]+", "-", pattern.lower()).strip("-") or "home"

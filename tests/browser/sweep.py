"""Every page there is, as the right person, in both languages, wide and narrow, light and dark.

Which addresses there are is read from the app; which parameters to fill in, from the links that people saw on the road
and on the pages swept. What no link leads to is named here.
"""

import os
import re
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from tests.browser.stage import EVERY_LOOK, NARROW, WIDE, Stage, Visitor, looks_of, picture
from tests.browser.walk import PURPOSE, SLUG
from tests.road.site import PASSWORD
from web.app import create_app
from web.i18n import COOKIE

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
    "/catalog.{form}",
    "/dataset/{slug}.{form}",
}
"""Answers that are not pages."""
ELSEWHERE = {"/id/{kind}/{id}"}
"""Leads on to another page."""
BY_HAND = {
    "/account/link": ("visitor", "/account/link?token=none"),
    "/styleguide": ("visitor", "/styleguide"),
    "/catalog.{form}": ("visitor", "/catalog.ttl"),
    "/dataset/{slug}.{form}": ("visitor", f"/dataset/{SLUG}.ttl"),
}
"""What no page leads to."""
MORE = (
    ("visitor", "/search?q=没有这样的数据", 200),
    ("visitor", "/nowhere", 404),
    ("visitor", "/officer", 200),  # asked to sign in
    ("developer", "/operator", 403),
)
"""States of pages that people meet as well."""


@dataclass
class Sweep:
    """Goes through the pages until no link shows an address that was not looked at."""

    stage: Stage
    folder: Path | None = field(init=False)
    found: dict[str, tuple[str, str]] = field(default_factory=dict)
    turn: int = 0

    def __post_init__(self) -> None:
        wanted = os.environ.get("SHUYI_TEST_PICTURES")
        self.folder = Path(wanted) if wanted else None
        self.routes: list[tuple[str, re.Pattern[str]]] = []
        self.pages: set[str] = set()
        for route in iter_route_contexts(create_app(self.stage.site.settings()).routes):
            if "GET" in (route.methods or ()) and route.path is not None:
                self.routes.append((route.path, compile_path(route.path)[0]))
                if route.endpoint is not None and route.endpoint.__module__.startswith("web.pages."):
                    self.pages.add(route.path)

    def pattern(self, url: str) -> str | None:
        """The page route that an address belongs to, or None for what is elsewhere."""
        parts = urlsplit(url)
        if parts.netloc and parts.netloc != urlsplit(self.stage.site.url).netloc:
            return None
        path = next((path for path, regex in self.routes if regex.match(parts.path)), None)
        return path if path in self.pages else None

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
                    # A file that is paid for asks a visitor to sign in.
                    assert answer.ok or (who, answer.status) == ("visitor", 401), f"{who} got {answer.status} for {url}"
                elif name not in ELSEWHERE:
                    self.sides(name, url, self.stage[who])
        for who, url, status in MORE:
            self.sides(f"{status} {url}", url, self.stage[who], status)
        missing = self.pages - looked - FRAGMENTS - ELSEWHERE - FILES
        assert not missing, f"no link leads to {sorted(missing)}; link them or name them in BY_HAND"
        return len(looked)

    def sides(self, name: str, url: str, person: Visitor, status: int = 200) -> None:
        """One page in the ways to look at it that are its turn; loaded once for each language."""
        self.turn += 1
        for language, looks in groupby(looks_of(self.turn), key=attrgetter("language")):
            person.context.add_cookies([{"name": COOKIE, "value": language, "url": self.stage.site.url}])
            person.open(url, status=status, look=False)
            assert person.page.locator("html").get_attribute("lang") == language
            assert person.page.locator("h1").count() == 1, f"{url} has not one h1"
            person.collect()
            for size in (NARROW, WIDE):
                person.size(size)
                person.no_sideways()
            for look in looks:
                person.look_as(look, contrast=EVERY_LOOK or self.turn % 3 == 0)
                if self.folder:
                    picture(person.page, self.folder, f"{_file_name(name)}-{look}")
            person.calm()


def _file_name(pattern: str) -> str:
    return re.sub(r"[^0-9a-z]+", "-", pattern.lower()).strip("-") or "home"

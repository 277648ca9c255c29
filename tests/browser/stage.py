"""Real people at real browsers: each has a context of their own, and every page they look at is checked.

With `SHUYI_TEST_EVERY_LOOK=1` each page is checked in every way there is: both languages, wide and narrow, light
and dark. Otherwise each is checked in one, the next page in the next, so that all ways come round often; and contrast,
which the colours decide that all pages share, is measured on every third.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from tests.road.site import PASSWORD, Cast, Site

WIDE, NARROW = (1280, 900), (375, 740)
EVERY_LOOK = os.environ.get("SHUYI_TEST_EVERY_LOOK") == "1"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
PATIENCE = 60_000  # milliseconds; a busy machine's worker may take its time


class Look(NamedTuple):
    """A way to look at a page."""

    language: Literal["zh-CN", "en"]
    theme: Literal["light", "dark"]
    size: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.language}-{self.size[0]}-{self.theme}"


LOOKS = [Look(*one) for one in product(("zh-CN", "en"), ("light", "dark"), (WIDE, NARROW))]


def looks_of(turn: int) -> list[Look]:
    """The ways in which the page whose turn it is must be checked, by language."""
    # Three steps on is another width and another language or theme; eight pages on, each way was taken.
    return LOOKS if EVERY_LOOK else [LOOKS[3 * turn % len(LOOKS)]]


@contextmanager
def chrome(path: str) -> Iterator[Browser]:
    """A Chromium without anything of its own on the network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """One person's browser. `look()` checks the page shown and keeps its links."""

    who: str
    url: str
    context: BrowserContext
    page: Page = field(init=False)
    links: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    _turns: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        # What the server answered is judged by `_answered`; violations of the content policy arrive here as errors.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.troubles.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        wanted = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not wanted):
            self.troubles.append(f"{response.status} {response.url}")

    def open(self, path: str, *, status: int = 200, look: bool = True) -> None:
        """Go to a page, expecting a status."""
        answer = self.page.goto(path if path.startswith("http") else self.url + path)
        assert answer is not None
        assert answer.status == status, f"{self.who} got {answer.status} for {path}"
        if look:
            self.look()

    @property
    def path(self) -> str:
        """Path of the page shown."""
        return urlsplit(self.page.url).path

    def heading(self, text: str | re.Pattern[str]) -> None:
        """Wait for the page whose `h1` reads so, and look at it."""
        self.page.get_by_role("heading", level=1, name=text).wait_for()
        self.look()

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press the first visible button of this name."""
        self.page.get_by_role("button", name=name).filter(visible=True).first.click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow the first visible link of this name in the page's main part, or in its header."""
        inside = self.page.get_by_role("main").get_by_role("link", name=name).filter(visible=True)
        (inside if inside.count() else self.page.get_by_role("link", name=name)).first.click()

    def press_or_follow(self, name: str | re.Pattern[str]) -> None:
        """What opens a dialog: a link that a script turns into a button of sorts."""
        self.page.get_by_role("main").get_by_role("link", name=name).or_(
            self.page.get_by_role("main").get_by_role("button", name=name)
        ).filter(visible=True).first.click()

    def fill(self, label: str, value: str) -> None:
        """Type into the field of this label; `（选填）` after it does not matter."""
        self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*(（选填）)?\s*$")).filter(visible=True).fill(
            value
        )

    def wait(self, text: str | re.Pattern[str]) -> None:
        """Wait until the page's main part shows a text."""
        self.page.get_by_role("main").get_by_text(text).filter(visible=True).first.wait_for()

    def reload_until(self, what: str, there: Callable[[], bool]) -> None:
        """Load the page again until it shows what somebody else is doing."""
        for _ in range(PATIENCE // 250):
            if there():
                return
            self.page.wait_for_timeout(250)
            self.page.reload()
        raise AssertionError(f"{self.who} did not see at {self.page.url}: {what}")

    def look(self) -> None:
        """Check the page shown, as it is, wide and narrow, and keep its links. axe, which the sweep asks about every
        page as well, takes one look in three, wide and narrow by turns."""
        self.page.wait_for_load_state("load")
        self.collect()
        turn = next(self._turns)
        for index, size in enumerate((NARROW, WIDE)):
            self.size(size)
            self.no_sideways()
            if EVERY_LOOK or turn % 6 == 3 * index:
                self.axe()
        self.calm()

    def collect(self) -> None:
        """Keep the links of the page shown, and its own address."""
        self.links += [self.page.url, *self.page.eval_on_selector_all("a[href]", "found => found.map(a => a.href)")]

    def look_as(self, look: Look, *, contrast: bool) -> None:
        """Check the page shown, which is in this language already, in this width and theme."""
        self.page.emulate_media(color_scheme=look.theme)
        self.size(look.size)
        self.axe(contrast=contrast)

    def size(self, size: tuple[int, int]) -> None:
        """Make the window this wide and high."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def calm(self) -> None:
        """No error of a script, of the content policy or of a request so far."""
        assert not self.troubles, f"{self.who} at {self.page.url}: {self.troubles}"

    def axe(self, *, contrast: bool = True) -> None:
        """No violation of WCAG 2.2 AA or of best practice. Measuring `contrast` takes longer than all else together."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(f"() => {{ {AXE_SCRIPT} }}")
        rules = RULES | {"rules": {"color-contrast": {"enabled": contrast}}}
        found: dict[str, Any] = self.page.evaluate("rules => axe.run(document, rules)", rules)
        results = AxeResults(found)
        assert not found["violations"], f"{self.who} at {self.page.url}:\n{results.generate_report()}"

    def no_sideways(self) -> None:
        """The page fits the width of the window."""
        wide, over = self.page.evaluate(
            """() => [document.documentElement.scrollWidth - document.documentElement.clientWidth,
              [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
                .slice(0, 5).map(e => e.outerHTML.slice(0, 120))]"""
        )
        assert wide <= 0, f"{self.page.url} is {wide} px too wide: {over}"


@dataclass
class Stage:
    """A running site, its cast, and a browser for each of them."""

    browser: Browser
    site: Site
    cast: Cast
    visitors: dict[str, Visitor] = field(default_factory=dict)

    def __getitem__(self, who: str) -> Visitor:
        """Somebody's browser, signed out at first, reading Chinese."""
        if who not in self.visitors:
            self.visitors[who] = Visitor(who, self.site.url, self.context("zh-CN"))
        return self.visitors[who]

    def context(self, locale: str) -> BrowserContext:
        """A browser context of one's own, without motion: a colour on its way to another has no contrast to judge."""
        return self.browser.new_context(
            locale=locale, viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce"
        )

    def sign_in(self, who: str) -> Visitor:
        """Sign in with the password."""
        person = self[who]
        person.open("/sign-in")
        person.page.get_by_label("电子邮箱").first.fill(self.cast.people[who])
        person.fill("密码", PASSWORD)
        person.press("登录")
        person.page.get_by_role("button", name="退出").wait_for()
        person.look()
        return person

    def sign_in_by_link(self, who: str) -> Visitor:
        """Sign in with the link that was mailed."""
        person = self[who]
        person.open(f"/account/link?token={self.cast.links[who]}")
        person.press("登录")
        person.page.get_by_role("button", name="退出").wait_for()
        person.look()
        return person


def picture(page: Page, folder: Path, name: str) -> None:
    """A picture of the whole page, for people to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)

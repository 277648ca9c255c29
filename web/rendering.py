"""Pages from templates: the Jinja environment, what every page knows, and `render`.

Templates of an area live in `pages/<area>/templates/` and are named `<area>/page.html`; the frame, the
parts and everything shared live in `templates/`. Every template may use, without importing anything:

* `ui.<part>(…)`: the macros of `templates/macros/`
* `charts.<chart>(…)`: the drawings of `web.charts`
* `_()`, `ngettext()`, `pgettext()`: texts, filled in and escaped
* the filters of `web.formats` (`| date`, `| money`, …), `| localized`, `asset_url()`
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from contracts.access import Actor, Role
from web import charts, formats, i18n
from web.assets import StaticAssets
from web.i18n import pgettext

TEMPLATES = Path(__file__).parent / "templates"
PAGES = Path(__file__).parent / "pages"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
)
"""What `render` sends: no inline script or style, nothing from another origin."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line above the page's content, once: put them into `request.state.notices`."""

    text: str
    kind: Literal["info", "good", "care", "stop"] = "info"
    href: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class NavItem:
    """One word of the header: `section` is what a page sets to be found under it; without `roles` all see it."""

    section: str
    href: str
    label: str
    roles: tuple[Role, ...] = ()


def navigation(actor: Actor | None) -> list[NavItem]:
    """The header's words that `actor` can use."""
    items = (
        NavItem("data", "/search", pgettext("navigation", "Data")),
        NavItem("developer", "/developer", pgettext("navigation", "Developer"), (Role.OWNER, Role.DEVELOPER)),
        NavItem("officer", "/officer", pgettext("navigation", "Review"), (Role.DATA_OFFICER,)),
        NavItem("provider", "/provider", pgettext("navigation", "Publish"), (Role.PROVIDER,)),
        NavItem("operator", "/operator", pgettext("navigation", "Operation"), (Role.OPERATOR,)),
        NavItem("log", "/transparency", pgettext("navigation", "Transparency log")),
    )
    return [item for item in items if not item.roles or (actor and any(map(actor.has_role, item.roles)))]


def footer() -> list[NavItem]:
    """The links below every page."""
    return [
        NavItem("terms", "/about/terms", pgettext("navigation", "Terms of use")),
        NavItem("privacy", "/about/privacy", pgettext("navigation", "Privacy")),
        NavItem("accessibility", "/about/accessibility", pgettext("navigation", "Accessibility")),
        NavItem("api", "/docs", pgettext("navigation", "API documentation")),
    ]


class Parts:
    """`ui`: every macro in `templates/macros/*.html` under its own name."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._home: dict[str, str] = {}

    def load(self) -> None:
        """Find the macros; only once `ui` is among the globals, because macros use each other through it."""
        for path in sorted((TEMPLATES / "macros").glob("*.html")):
            template = f"macros/{path.name}"
            for name in vars(self._environment.get_template(template).module):
                if name.startswith("_"):
                    continue
                if name in self._home:
                    raise ValueError(f"macro {name!r} is in {self._home[name]} and in {template}")
                self._home[name] = template

    def __getattr__(self, name: str) -> Any:
        try:
            template = self._home[name]
        except KeyError:
            raise AttributeError(name) from None
        return getattr(self._environment.get_template(template).module, name)

    def __dir__(self) -> list[str]:
        return sorted(self._home)


def _loader(extra_template_dirs: Iterable[Path]) -> BaseLoader:
    # pages/<area>/templates/x.html, or x.html in a folder of the area's name there
    areas: dict[str, BaseLoader] = {
        folder.parent.name: FileSystemLoader([folder, folder / folder.parent.name])
        for folder in sorted(PAGES.glob("*/templates"))
    }
    own: list[BaseLoader] = [FileSystemLoader(directory) for directory in extra_template_dirs]
    return ChoiceLoader([*own, FileSystemLoader(TEMPLATES), PrefixLoader(areas)])


def make_environment(
    extra_template_dirs: Iterable[Path] = (),
    *,
    assets: StaticAssets | None = None,
    zone: ZoneInfo = formats.CITY_ZONE,
    reload: bool = False,
) -> Environment:
    """The environment of all pages. `reload` looks for changed templates at every use (development)."""
    environment = Environment(
        loader=_loader(extra_template_dirs),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=reload,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    # These read the request's language when called; env.overlay() per language would share one catalogue.
    install: Callable[..., None] = getattr(environment, "install_gettext_callables")  # noqa: B009 - set by the extension
    install(
        i18n.raw_gettext,
        i18n.raw_ngettext,
        newstyle=True,
        pgettext=i18n.raw_pgettext,
        npgettext=i18n.raw_npgettext,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters |= _filters(zone)
    environment.globals |= {
        "asset_url": (assets or StaticAssets()).url,
        "charts": charts,
        "language_of": i18n.language_of,
        "locales": i18n.LOCALES,
        "language_names": i18n.LANGUAGE_NAMES,
        "N_": i18n.N_,
        "current_locale": i18n.current_locale,
        "gap": gap,
        "page_numbers": page_numbers,
        "with_query": with_query,
        "zone_label": partial(formats.zone_label, zone),
    }
    parts = Parts(environment)
    environment.globals["ui"] = parts
    parts.load()
    return environment


@cache
def site_environment(zone: ZoneInfo) -> Environment:
    """The environment that all apps of a process share, and with it the compiled templates."""
    return make_environment(zone=zone)


def _filters(zone: ZoneInfo) -> dict[str, Callable[..., Any]]:
    return {
        "ago": formats.ago,
        "amount": formats.amount,
        "count": formats.count,
        "date": partial(formats.date, zone=zone),
        "date_tag": partial(formats.date_tag, zone=zone),
        "datetime": partial(formats.datetime, zone=zone),
        "duration": formats.duration,
        "json_markup": formats.json_markup,
        "localized": i18n.localized,
        "make_id": make_id,
        "milliseconds": formats.milliseconds,
        "money": formats.money,
        "month": partial(formats.month, zone=zone),
        "number": formats.number,
        "percent": formats.percent,
        "size": formats.size,
        "time": partial(formats.time, zone=zone),
        "time_tag": partial(formats.time_tag, zone=zone),
        "translated": i18n.gettext,
        "unit_price": formats.unit_price,
    }


def gap() -> str:
    """What stands between two sentences or words put side by side: a space, in Chinese nothing."""
    return "" if i18n.current_locale() == "zh-CN" else " "


def make_id(text: str) -> str:
    """An element id that is the same for the same text."""
    return f"t-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def with_query(address: str, changes: Mapping[str, object]) -> str:
    """`address` with query parameters replaced; None takes one away."""
    parts = urlsplit(address)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in changes]
    added = [(key, str(value)) for key, value in changes.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(kept + added)))


def page_numbers(page: int, pages: int) -> list[int | None]:
    """The pages worth a link: first, last and those around `page`; None where some are left out."""
    near = {1, pages, *range(max(1, page - 1), min(pages, page + 1) + 1)}
    shown: list[int | None] = []
    for number in sorted(near):
        previous = shown[-1] if shown else None
        if previous is not None and number - previous == 2:
            shown.append(number - 1)
        elif previous is not None and number - previous > 2:
            shown.append(None)
        shown.append(number)
    return shown


def page_context(request: Request) -> dict[str, Any]:
    """What the frame knows on every page, from `request.state` and `request.app.state`; both may lack any of it."""
    state, app_state = request.state, request.app.state
    actor: Actor | None = getattr(state, "actor", None)
    signed_in = actor is not None and actor.person_id is not None
    locale = i18n.current_locale()
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return {
        "request": request,
        "locale": locale,
        "languages": [(code, i18n.LANGUAGE_NAMES[code], i18n.url_in_language(address, code)) for code in i18n.LOCALES],
        "actor": actor if signed_in else None,
        "navigation": navigation(actor),
        "footer": footer(),
        "notices": list(getattr(state, "notices", ())),
        "test_mode": bool(getattr(app_state, "test_mode", False)),
        "city_name": getattr(app_state, "city_name", None),
        "here": address,
    }


@cache
def default_environment() -> Environment:
    """The environment used where an app has not set its own as `app.state.templates`."""
    return make_environment()


def render(
    request: Request,
    template: str,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """The page `template` with `context` over what `page_context` gives; the app's environment is
    `app.state.templates`."""
    environment: Environment = getattr(request.app.state, "templates", None) or default_environment()
    body = environment.get_template(template).render(page_context(request) | context)
    sent = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "private, no-cache", **(headers or {})}
    return HTMLResponse(body, status_code, sent)


def render_fragment(template: str, *, environment: Environment | None = None, **context: Any) -> str:
    """A template outside any request: mails, drawings, pieces of pages."""
    return (environment or default_environment()).get_template(template).render(context)

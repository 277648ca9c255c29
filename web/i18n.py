"""Languages of the pages: which one a request is answered in, and the texts in it.

Message ids are the English texts themselves, so English needs no catalogue. Chinese comes from
`locales/zh_CN/<area>.po`, one file per area of pages, read and merged in memory when first needed.
The language of the current request lives in a ContextVar, never in the Jinja environment, so one
environment serves all languages at once.

Messages are always formatted with `%` and named values: `gettext("Hello %(name)s", name=name)`; a percent
sign is therefore written `%%`, in templates and in Python alike.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from http.cookies import CookieError, SimpleCookie
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.text import pick

LOCALES = ("zh-CN", "en")
DEFAULT_LOCALE = "zh-CN"
LANGUAGE_NAMES = {"zh-CN": "中文", "en": "English"}
COOKIE = "lang"
COOKIE_SECONDS = 365 * 24 * 3600
LOCALE_FOLDER = Path(__file__).parent / "locales"

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)


def N_(message: str) -> str:
    """Mark a constant for translation without translating it now: `LABELS = {"paid": N_("Paid")}`."""
    return message


def current_locale() -> str:
    """The language of the current request, `zh-CN` or `en`."""
    return _locale.get()


@contextmanager
def use_locale(locale: str) -> Iterator[None]:
    """Inside, texts come in `locale` (mails, tests, tasks outside a request)."""
    token = _locale.set(_known(locale))
    try:
        yield
    finally:
        _locale.reset(token)


def _known(locale: str) -> str:
    if locale not in LOCALES:
        raise ValueError(f"unknown locale {locale!r}; use one of {', '.join(LOCALES)}")
    return locale


# ---------------------------------------------------------------- catalogues


def merge_catalogues(files: Mapping[str, bytes], language: str) -> tuple[Catalog, list[str]]:
    """One catalogue from several PO files (name to content), and a line for each message that two of them
    translate differently (the first stands; such a message needs a context, see `pgettext`)."""
    merged = Catalog(locale=language)
    origin: dict[tuple[str, str | None], str] = {}
    contradictions: list[str] = []
    for name, content in files.items():
        for message in read_po(BytesIO(content), locale=language):
            if not message.id or message.fuzzy or not _translated(message.string):
                continue
            key = (str(message.id), message.context)
            known = merged.get(message.id, message.context)
            if known is None:
                merged.add(message.id, message.string, flags=message.flags, context=message.context)
                origin[key] = name
            elif known.string != message.string:
                contradictions.append(
                    f"{message.id!r} is {known.string!r} in {origin[key]} and {message.string!r} in {name}"
                )
    return merged, contradictions


def catalogue_files(locale: str) -> dict[str, bytes]:
    """The PO files of `locale` by name; none for English."""
    folder = LOCALE_FOLDER / _known(locale).replace("-", "_")
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.po"))}


def _translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) if isinstance(string, str | None) else all(string)


@cache
def _merged(locale: str) -> Catalog | None:
    files = catalogue_files(locale)
    return merge_catalogues(files, locale.replace("-", "_"))[0] if files else None


@cache
def catalogue(locale: str) -> NullTranslations:
    """The translations of `locale`; for English the messages themselves."""
    merged = _merged(locale)
    if merged is None:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def texts(locale: str) -> Mapping[str, str]:
    """Message to translation, of those without context and plural; nothing for English."""
    return {
        message.id: message.string
        for message in _merged(locale) or ()
        if message.context is None and message.id and isinstance(message.id, str) and isinstance(message.string, str)
    }


# ---------------------------------------------------------------- texts


def gettext(message: str, /, **values: object) -> str:
    """`message` in the current language, with `%(name)s` filled in."""
    return raw_gettext(message) % values


def ngettext(singular: str, plural: str, count: int, /, **values: object) -> str:
    """The text for `count`; `%(num)s` is the count itself unless given."""
    return raw_ngettext(singular, plural, count) % {"num": count, **values}


def pgettext(context: str, message: str, /, **values: object) -> str:
    """As `gettext`, for a word that means different things in different places."""
    return raw_pgettext(context, message) % values


def npgettext(context: str, singular: str, plural: str, count: int, /, **values: object) -> str:
    """As `ngettext` with a context."""
    return raw_npgettext(context, singular, plural, count) % {"num": count, **values}


# The four below hand out the text unformatted: Jinja's new-style gettext fills the values in itself, escaped.
def raw_gettext(message: str) -> str:
    return catalogue(_locale.get()).gettext(message)


def raw_ngettext(singular: str, plural: str, count: int) -> str:
    return catalogue(_locale.get()).ngettext(singular, plural, count)


def raw_pgettext(context: str, message: str) -> str:
    return catalogue(_locale.get()).pgettext(context, message)


def raw_npgettext(context: str, singular: str, plural: str, count: int) -> str:
    return catalogue(_locale.get()).npgettext(context, singular, plural, count)


def localized(text: Mapping[str, str] | None, locale: str | None = None) -> str:
    """The text of a published `{"zh-CN": …, "en": …}` field in the current language, else in any it has."""
    return pick(dict(text) if text else None, locale or current_locale())


def language_of(text: Mapping[str, str] | None) -> str | None:
    """The `lang` attribute that `localized(text)` needs: set only when the reader's own language is missing."""
    if not text or text.get(current_locale()):
        return None
    return next((code for code in LOCALES if text.get(code)), None)


# ---------------------------------------------------------------- which language


def negotiate(query: str | None, cookie: str | None, accept_language: str | None) -> str:
    """`?lang=` wins, then the cookie, then Accept-Language by its weights, then Chinese."""
    for wish in (query, cookie):
        if wish and (found := _match(wish)):
            return found
    weighted: list[tuple[float, int, str]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, parameters = part.strip().partition(";")
        weight = 1.0
        if parameters.strip().startswith("q="):
            try:
                weight = float(parameters.strip()[2:])
            except ValueError:
                continue
        if tag and weight > 0:
            weighted.append((-weight, position, tag))
    return next((found for _, _, tag in sorted(weighted) if (found := _match(tag))), DEFAULT_LOCALE)


def _match(tag: str) -> str | None:
    primary = tag.strip().replace("_", "-").split("-")[0].lower()
    return next((locale for locale in LOCALES if locale.split("-")[0] == primary), None)


def url_in_language(url: str, locale: str) -> str:
    """The same address asking for `locale`; every other query parameter stays as it is."""
    parts = urlsplit(url)
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != COOKIE]
    return urlunsplit(parts._replace(query=urlencode([*query, (COOKIE, _known(locale))])))


class LocaleMiddleware:
    """Chooses the language of each request, remembers `?lang=` in a cookie, and labels the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("latin-1")).get(COOKIE, [None])[0]
        locale = negotiate(query, _cookie(headers.get(b"cookie", "")), headers.get(b"accept-language"))
        remember = query is not None and _match(query) == locale

        async def label(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if answer.get("content-type", "").startswith("text/html"):
                    answer.setdefault("content-language", locale)
                    answer.add_vary_header("Accept-Language, Cookie")
                if remember:
                    secure = "; Secure" if scope.get("scheme") == "https" else ""
                    answer.append(
                        "set-cookie", f"{COOKIE}={locale}; Path=/; Max-Age={COOKIE_SECONDS}; SameSite=Lax{secure}"
                    )
            await send(message)

        token = _locale.set(locale)
        try:
            await self.app(scope, receive, label)
        finally:
            _locale.reset(token)


def _cookie(header: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None

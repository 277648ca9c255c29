"""Static files under `/static`: our own and those that come inside Python packages, so nothing is vendored.

Each file is read once at start, compressed once, and named by its content: `asset_url("shuyi.css")` gives
`/static/shuyi.3f2a1b9c4d5e.css`, which may be cached for ever. The plain name works too (a stylesheet of
a package names its pictures that way) and is revalidated with its ETag.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

PREFIX = "/static"
OWN_FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "public, no-cache"
_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


class MissingAsset(LookupError):
    """A page asks for a static file that is not there."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file in memory; `digest` is the first 12 hex digits of its SHA-256."""

    name: str
    media_type: str
    content: bytes
    compressed: bytes | None
    digest: str

    @property
    def hashed_name(self) -> str:
        stem, dot, suffix = self.name.rpartition(".")
        return f"{stem}.{self.digest}{dot}{suffix}" if dot else f"{self.name}.{self.digest}"


def _asset(name: str, content: bytes) -> Asset:
    media_type = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    compressed = None
    if media_type.startswith(_COMPRESSED):
        squeezed = gzip.compress(content, compresslevel=9, mtime=0)
        compressed = squeezed if len(squeezed) < len(content) else None
    return Asset(name, media_type, content, compressed, hashlib.sha256(content).hexdigest()[:12])


def _packaged_files() -> dict[str, Path]:
    """Scripts and styles carried by Python packages, by the name under which we serve them."""
    htmx = distribution("django-htmx").locate_file("django_htmx/static/django_htmx/htmx-2.min.js")
    files = {"htmx.js": Path(str(htmx))}
    spec = find_spec("xstatic.pkg.leaflet")
    if spec is None or not spec.submodule_search_locations:
        raise MissingAsset("the package xstatic-leaflet is not installed; run `uv sync`")
    leaflet = Path(next(iter(spec.submodule_search_locations))) / "data"
    files |= {f"leaflet/{name}": leaflet / name for name in ("leaflet.js", "leaflet.css")}
    files |= {f"leaflet/images/{picture.name}": picture for picture in sorted((leaflet / "images").glob("*.png"))}
    return files


def _own_files(folder: Path) -> dict[str, Path]:
    found: Iterable[Path] = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found if not path.name.startswith(".")}


class StaticAssets:
    """An ASGI app to mount at `/static`, and the maker of the addresses that point into it."""

    def __init__(self, files: Mapping[str, Path] | None = None) -> None:
        chosen = {**_packaged_files(), **_own_files(OWN_FOLDER)} if files is None else files
        self._by_name = {name: _asset(name, path.read_bytes()) for name, path in chosen.items()}
        self._by_hashed_name = {asset.hashed_name: asset for asset in self._by_name.values()}

    def url(self, name: str) -> str:
        """The lasting address of `name`; raises `MissingAsset` for a name that is not there."""
        try:
            return f"{PREFIX}/{self._by_name[name].hashed_name}"
        except KeyError:
            raise MissingAsset(f"no static file {name!r}; there are: {', '.join(sorted(self._by_name))}") from None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await self.respond(scope)(scope, receive, send)

    def respond(self, scope: Scope) -> Response:
        """The answer to one request, by method, name and what the client has or accepts."""
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Method Not Allowed", 405, {"Allow": "GET, HEAD"})
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(PREFIX).lstrip("/")
        lasting = self._by_hashed_name.get(path)
        asset = lasting or self._by_name.get(path)
        if asset is None:
            return PlainTextResponse("Not Found", 404)
        request = Headers(scope=scope)
        etag = f'"{asset.digest}"'
        headers = {
            "Cache-Control": FOREVER if lasting else REVALIDATE,
            "ETag": etag,
            "X-Content-Type-Options": "nosniff",
        }
        if asset.compressed is not None:
            headers["Vary"] = "Accept-Encoding"
        if any(tag.strip().removeprefix("W/") in (etag, "*") for tag in request.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
        content = asset.content
        if asset.compressed is not None and _accepts_gzip(request.get("accept-encoding", "")):
            content = asset.compressed
            headers["Content-Encoding"] = "gzip"
        return Response(content, media_type=asset.media_type, headers=headers)


def _accepts_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.split(","):
        coding, _, weight = part.strip().partition(";")
        if coding.strip().lower() in ("gzip", "*"):
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False

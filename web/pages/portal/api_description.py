"""What the documentation shows of the OpenAPI description: operations in groups, and every text in them.

The description is English and stays so; pages tell its texts in the reader's language (`told`). Their Chinese stands
in `web/locales/zh_CN/api.po`; which texts there are: `scripts/update_api_texts.py`.
"""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from web.i18n import raw_pgettext

METHODS = ("get", "post", "put", "patch", "delete")
CONTEXT = "api"
"""The context of these texts in the catalogue: a page may use the same words for another thing."""
_CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, or a field of the body. `place`: path, query, header or body; `type` as in JSON Schema."""

    name: str
    place: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `answers`: status and description."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    answers: tuple[tuple[str, str], ...]

    @property
    def address(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        """The anchor on the page."""
        return re.sub(r"[^a-z0-9]+", "-", self.address.lower()).strip("-")


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    tag: str
    title: str
    operations: tuple[Operation, ...]


def groups(description: dict[str, Any]) -> list[Group]:
    """Every operation, under its first tag; tags in the order in which the description lists them."""
    found: dict[str, list[Operation]] = {}
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                found.setdefault(item[method]["tags"][0], []).append(
                    _operation(method, path, item[method], description)
                )
    titles = {tag["name"]: tag["x-displayName"] for tag in description["tags"]}
    order = list(titles)
    return [Group(tag, titles[tag], tuple(found[tag])) for tag in sorted(found, key=order.index)]


def texts(description: dict[str, Any]) -> dict[str, str]:
    """Every text that the page tells, and where it stands first."""
    found: dict[str, str] = {}
    for group in groups(description):
        found.setdefault(group.title, f"tag {group.tag}")
        for one in group.operations:
            said = [one.summary, one.description, *(text for _, text in one.answers)]
            said += [text for parameter in one.parameters for text in (parameter.place, parameter.description)]
            for text in said:
                found.setdefault(text, one.address)
    found.pop("", None)
    return found


def told(text: str) -> Markup:
    """`text` in the current language; what stands between backticks as code."""
    if not text:
        return Markup()
    parts = _CODE.split(raw_pgettext(CONTEXT, text))
    return Markup().join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def _operation(method: str, path: str, found: dict[str, Any], description: dict[str, Any]) -> Operation:
    contents = found.get("requestBody", {}).get("content", {}).values()
    parameters = [_parameter(one["name"], one["in"], one, description) for one in found.get("parameters", [])]
    fields = [field for content in contents for field in _fields(content.get("schema", {}), description)]
    return Operation(
        method=method.upper(),
        path=path,
        summary=found["summary"],
        description=_one_line(found.get("description", "")),
        parameters=(*parameters, *fields),
        answers=tuple((status, _one_line(one["description"])) for status, one in found["responses"].items()),
    )


def _parameter(name: str, place: str, one: dict[str, Any], description: dict[str, Any]) -> Parameter:
    return Parameter(
        name=name,
        place=place,
        type=_type(one.get("schema", {}), description),
        required=bool(one.get("required")),
        description=_one_line(one.get("description", "")),
    )


def _fields(schema: dict[str, Any], description: dict[str, Any]) -> list[Parameter]:
    """The fields of a body, one level deep."""
    resolved = _resolved(schema, description)
    required = set(resolved.get("required", ()))
    parameter = partial(_parameter, place="body", description=description)
    return [
        parameter(name, one={"schema": one, "required": name in required, "description": one.get("description", "")})
        for name, one in resolved.get("properties", {}).items()
    ]


def _resolved(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` points to; a reference into a part of its own, which has no place in the whole, stays as it is."""
    found: Any = description
    for part in schema.get("$ref", "").removeprefix("#/").split("/"):
        if not isinstance(found, dict) or part not in found:
            return schema
        found = found[part]
    return dict(found)


def _type(schema: dict[str, Any], description: dict[str, Any]) -> str:
    schema = _resolved(schema, description)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(one, description) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        inner = _type(schema.get("items", {}), description)
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type") or schema.get("$ref", "").rpartition("/")[2] or "any")


def _one_line(text: str) -> str:
    """Without the line breaks of the source, so that a text wrapped anew keeps its translation."""
    return " ".join(text.split())

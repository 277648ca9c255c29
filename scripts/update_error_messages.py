"""Keep the Chinese of errors complete: find every sentence that a service can tell a person.

    python scripts/update_error_messages.py            add what is missing to web/locales/zh_CN/errors.po, and take
                                                       out what nothing says any more
    python scripts/update_error_messages.py --list     only name what is missing

Services raise errors in plain English and know nothing of languages, so their sentences are read from the source:
what errors are made with, titles of error classes, places of `{"pointer": …, "detail": …}`, and the tables and calls
named below. A message made from values becomes a pattern, `There is no dataset %(1)s.`; `web.messages` tells what a
translation may do with them. What only the command line says stays English.
"""

import argparse
import ast
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # as a script: the root, for the module beside

from scripts import update_locales

ROOT = update_locales.ROOT
AREA = "errors"
PACKAGES = ("anonymizer", "catalog", "contracts", "marketplace", "web")
TERMINAL = (
    "anonymizer/cli/",
    "marketplace/settlement/cli.py",
    "marketplace/settlement/command.py",
    "web/cli.py",
    "web/demo/",
    "web/migrations/",
    "web/setup.py",
    "web/uploading.py",
)
"""Said on the command line only."""
ROOT_ERROR = "ShuyiError"
VALIDATED = ("contracts/privacy/", "contracts/text.py")
"""Where pydantic turns a ValueError into a finding that a person reads."""
TABLES = {"REJECTIONS", "BREAKAGES"}
"""Dicts whose values are sentences with named values."""
ARGUMENTS = {"refuse": (1, 2), "without": (1, 2), "unreachable": (3,), "_wrong_state": (1,)}
"""Functions and those of their arguments that become part of a sentence (as written, without self)."""
LISTS = {"help_", "found", "problems"}
"""Lists of services that sentences, or pairs of place and sentence, are appended to."""
RETURNED = {"why_not_decide"}
"""Functions that return a sentence."""
VARIABLES = {"message"}
"""Variables of `VALIDATED` that hold a sentence."""
WORDS = {
    "RequestState",
    "UploadStatus",
    "PeriodState",
    "RefundState",
    "Role",
    "OrganisationKind",
    "SubjectUnit",
}
"""Enums and Literals whose members are spoken of in sentences; they are translated in the context `value`."""
CONTEXT = "value"
PLACED = {"pointer", "parameter", "code"}
"""What stands beside the sentence in a dict that tells an error."""
LIBRARY = (
    "Arguments must be an array or an object",
    "Data should be valid %(1)s: %(2)s",
    "Extra inputs are not permitted",
    "Field required",
    "Input should be a finite number",
    "Input should be a multiple of %(1)s",
    "Input should be a valid array",
    "Input should be a valid boolean",
    "Input should be a valid boolean, unable to interpret input",
    "Input should be a valid date",
    "Input should be a valid date in the format YYYY-MM-DD, %(1)s",
    "Input should be a valid date or datetime, %(1)s",
    "Input should be a valid datetime",
    "Input should be a valid datetime or date, %(1)s",
    "Input should be a valid datetime, %(1)s",
    "Input should be a valid decimal",
    "Input should be a valid dictionary",
    "Input should be a valid dictionary or instance of %(1)s",
    "Input should be a valid dictionary or object to extract fields from",
    "Input should be a valid integer",
    "Input should be a valid integer, got a number with a fractional part",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid list",
    "Input should be a valid number",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be a valid string",
    "Input should be a valid tuple",
    "Input should be a valid URL, %(1)s",
    "Input should be a valid UUID, %(1)s",
    "Input should be an object",
    "Input should be greater than %(1)s",
    "Input should be greater than or equal to %(1)s",
    "Input should be less than %(1)s",
    "Input should be less than or equal to %(1)s",
    "Input should be %(1)s",
    "Input should have timezone info",
    "Input tag %(1)s found using %(2)s does not match any of the expected tags: %(3)s",
    "Invalid JSON: %(1)s",
    "JSON decode error",
    "Keys should be strings",
    "List should have at least %(1)s item%(2)s after validation, not %(3)s",
    "List should have at most %(1)s item%(2)s after validation, not %(3)s",
    "Dictionary should have at least %(1)s item%(2)s after validation, not %(3)s",
    "Dictionary should have at most %(1)s item%(2)s after validation, not %(3)s",
    "Tuple should have at least %(1)s item%(2)s after validation, not %(3)s",
    "Tuple should have at most %(1)s item%(2)s after validation, not %(3)s",
    "String should have at least %(1)s character%(2)s",
    "String should have at most %(1)s character%(2)s",
    "String should match pattern %(1)s",
    "URL scheme should be %(1)s",
    "Unable to extract tag using discriminator %(1)s",
    "Unable to parse input string as an integer, exceeded maximum size",
    "Value error, %(1)s",
    "k-anonymity %(1)s",
    "max-risk %(1)s",
    "average-risk %(1)s",
    "distinct-l-diversity %(1)s on %(2)s",
    "entropy-l-diversity %(1)s on %(2)s",
    "recursive-cl-diversity %(1)s on %(2)s",
    "t-closeness %(1)s on %(2)s",
    "line %(1)s, column %(2)s: %(3)s",
)
"""What pydantic and YAML find in requests and policies, and what people ask of a table's privacy."""

Part = str | None
"""Fixed text, or None for a value."""
Key = tuple[str, str | None]
Functions = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Source:
    """A module: its path from the root, and its tree."""

    path: str
    tree: ast.Module


@dataclass
class Found:
    """Message and context to where they stand (`path:line`)."""

    places: dict[Key, list[str]] = field(default_factory=dict)

    def add(self, message: str, place: str, context: str | None = None) -> None:
        self.places.setdefault((message, context), []).append(place)


def sources(root: Path = ROOT) -> list[Source]:
    """The modules that can speak to people."""
    return [
        Source(path.relative_to(root).as_posix(), ast.parse(path.read_text("utf-8")))
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        if not path.relative_to(root).as_posix().startswith(TERMINAL)
    ]


def error_classes(modules: list[Source]) -> set[str]:
    """Names of the classes below the root of errors that are made with a sentence (not with a key of a table)."""
    classes = [node for module in modules for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    bases = {node.name: {_name(base) for base in node.bases} for node in classes}
    known = {ROOT_ERROR}
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return known - {node.name for node in classes if not _takes_a_sentence(node)}


def _takes_a_sentence(node: ast.ClassDef) -> bool:
    makers = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    return all([one.arg for one in maker.args.args][1:2] == ["detail"] for maker in makers)


def pattern(parts: list[Part]) -> str:
    """Parts as a message; neighbouring values are one."""
    text, number = "", 0
    for is_value, group in itertools.groupby(parts, lambda part: part is None):
        if is_value:
            number += 1
            text += f"%({number})s"
        else:
            text += "".join(part or "" for part in group)
    return text


class Reader:
    """Reads one module after the other."""

    def __init__(self, errors: set[str]) -> None:
        self.errors = errors
        self.found = Found()

    def read(self, module: Source) -> None:
        """Collect what the module says."""
        passing = self._passing(module)
        for scope, node in _nodes(module.tree):
            for expression in self._spoken(node, module, passing):
                self._add(expression, scope, f"{module.path}:{expression.lineno}")
            if isinstance(node, ast.ClassDef) and node.name in WORDS:
                self._words(node.body, module)
            if isinstance(node, ast.Assign) and _target(node) in WORDS:
                self._words([node], module)

    def _spoken(self, node: ast.AST, module: Source, passing: dict[str, int]) -> Iterator[ast.expr]:
        validated = module.path.startswith(VALIDATED)
        match node:
            case ast.Call(func=ast.Attribute(attr="append") as method) if _name(method.value) in LISTS:
                if not module.path.startswith("web/"):
                    yield from (one.elts[-1] if isinstance(one, ast.Tuple) else one for one in node.args)
            case ast.Call():
                yield from self._of_call(node, passing, validated=validated)
            case ast.ClassDef() if node.name in self.errors:
                yield from (a.value for a in node.body if isinstance(a, ast.Assign) and _target(a) == "title")
            case ast.Dict():
                table = {k.value: v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}
                if "detail" in table and table.keys() & PLACED:
                    yield table["detail"]
            case ast.Assign() | ast.AnnAssign() if _target(node) in TABLES and isinstance(node.value, ast.Dict):
                yield from node.value.values
            case ast.Assign() if validated and _target(node) in VARIABLES:
                yield node.value
            case ast.FunctionDef() if node.name in RETURNED:
                yield from (r.value for r in ast.walk(node) if isinstance(r, ast.Return) and r.value is not None)

    def _of_call(self, call: ast.Call, passing: dict[str, int], *, validated: bool) -> Iterator[ast.expr]:
        name = _name(call.func)
        given = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
        wanted: tuple[int, ...] = ()
        if name in self.errors or (validated and name == "ValueError"):
            wanted = (0,)
        elif name == "at" and isinstance(call.func, ast.Attribute) and _name(call.func.value) in self.errors:
            wanted = (1,)
        elif name in ARGUMENTS:
            wanted = ARGUMENTS[name]
        elif name in passing:
            wanted = (passing[name],)
        yield from (given[place] for place in wanted if place < len(given))
        if wanted:
            yield from (keyword.value for keyword in call.keywords if keyword.arg == "detail")

    def _passing(self, module: Source) -> dict[str, int]:
        """Functions of the module that make an error of one of their own arguments, and which one that is."""
        found: dict[str, int] = {}
        for node in ast.walk(module.tree):
            if not isinstance(node, Functions):
                continue
            arguments = [one.arg for one in node.args.args]
            makers = {one.arg for one in node.args.args if one.annotation and _name(one.annotation) in self.errors}
            offset = int(bool(arguments) and arguments[0] in ("self", "cls"))
            for call in ast.walk(node):
                if not isinstance(call, ast.Call) or not call.args:
                    continue
                name = _name(call.func)
                if name == "at" and isinstance(call.func, ast.Attribute) and _name(call.func.value) in self.errors:
                    detail = call.args[-1]
                elif name in self.errors | makers:
                    detail = call.args[0]
                else:
                    continue
                if isinstance(detail, ast.Name) and detail.id in arguments:
                    found[node.name] = arguments.index(detail.id) - offset
        return found

    def _words(self, statements: list[ast.stmt], module: Source) -> None:
        for statement in statements:
            if isinstance(statement, ast.Assign):
                for node in ast.walk(statement.value):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        self.found.add(node.value, f"{module.path}:{node.lineno}", CONTEXT)

    def _add(self, expression: ast.expr, scope: Functions | None, place: str) -> None:
        for parts in _variants(expression, scope):
            message = pattern(parts)
            if any(part and any(letter.isalpha() for letter in part) for part in parts) or ": " in message:
                self.found.add(message, place)


def _variants(node: ast.expr, scope: Functions | None) -> list[list[Part]]:
    """The texts that an expression may be, each in parts."""
    match node:
        case ast.Constant(value=str(text)):
            return [[text]]
        case ast.Constant(value=None):
            return []
        case ast.JoinedStr():
            return _product([_variants(value, scope) for value in node.values])
        case ast.BinOp(op=ast.Add()):
            return _product([_variants(node.left, scope), _variants(node.right, scope)])
        case ast.IfExp():
            return _variants(node.body, scope) + _variants(node.orelse, scope)
        case ast.Name() if scope is not None:
            assigned = [
                other.value
                for other in ast.walk(scope)
                if isinstance(other, ast.Assign) and _target(other) == node.id and _is_text(other.value)
            ]
            return [parts for value in assigned for parts in _variants(value, None)] or [[None]]
    return [[None]]


def _is_text(node: ast.expr) -> bool:
    match node:
        case ast.IfExp():
            return _is_text(node.body) and _is_text(node.orelse)
        case ast.BinOp(op=ast.Add()):
            return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _product(alternatives: list[list[list[Part]]]) -> list[list[Part]]:
    return [list(itertools.chain.from_iterable(chosen)) for chosen in itertools.product(*alternatives)]


def _nodes(tree: ast.Module) -> Iterator[tuple[Functions | None, ast.AST]]:
    """Every node with the innermost function around it."""
    waiting: list[tuple[Functions | None, ast.AST]] = [(None, tree)]
    while waiting:
        scope, node = waiting.pop()
        yield scope, node
        inside = node if isinstance(node, Functions) else scope
        waiting.extend((inside, child) for child in ast.iter_child_nodes(node))


def _name(node: ast.expr) -> str:
    """The last part of a dotted name; what `type[X]` is about."""
    if isinstance(node, ast.Subscript):
        return _name(node.slice)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    return _name(node.targets[0] if isinstance(node, ast.Assign) else node.target)


def used_messages(root: Path = ROOT) -> dict[Key, list[str]]:
    """Every sentence and word that errors may tell, and where it stands."""
    return _used_messages(root)


@cache
def _used_messages(root: Path) -> dict[Key, list[str]]:
    modules = sources(root)
    reader = Reader(error_classes(modules))
    for module in modules:
        reader.read(module)
    for message in LIBRARY:
        reader.found.add(message, "pydantic")
    return reader.found.places


def missing(root: Path = ROOT) -> dict[Key, list[str]]:
    """What has no Chinese in any area."""
    have = update_locales.translated_keys(update_locales.catalogues(root / "web"))
    return {key: places for key, places in used_messages(root).items() if key not in have}


def update(root: Path = ROOT) -> tuple[int, int]:
    """Write the area's file anew; returns how many messages were added and how many taken out."""
    uses = used_messages(root)
    # A plain sentence may hold a percent sign, and a translation has conversions of its own.
    return update_locales.rewrite(AREA, uses, uses, web=root / "web", script="update_error_messages", formatted=False)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="only name what is missing")
    if not parser.parse_args(arguments).list:
        added, removed = update()
        print(f"web/locales/{update_locales.LANGUAGE}/{AREA}.po: {added} added, {removed} taken out")
    gaps = missing()
    for (text, context), places in sorted(gaps.items(), key=lambda gap: gap[1]):
        print(f"{places[0]}: {text!r}" + (f" ({context})" if context else ""))
    print(f"{len(gaps)} without Chinese" if gaps else "complete")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())

"""Rules of the layout that import-linter cannot state. Each says which harm it prevents."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from sqlmodel import SQLModel

import catalog
import marketplace
from web import migrations

ROOT = Path(__file__).parent.parent
PACKAGES = ("anonymizer", "catalog", "contracts", "marketplace", "web")


@cache
def sources() -> dict[Path, str]:
    return {path: path.read_text() for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(source) for path, source in sources().items()}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def domain(module: str) -> str | None:
    """`catalog.vault` for whatever is inside it; None outside the two packages that have domains."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] in ("catalog", "marketplace") and len(parts) > 1 else None


def domains() -> Iterator[str]:
    for package in (catalog, marketplace):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if found.ispkg:
                yield found.name


class TableUses(ast.NodeVisitor):
    """Uses of tables of other domains beyond naming their type: a query, a change, a construction, a column."""

    def __init__(self, own: str | None) -> None:
        self._own = own
        self._foreign: dict[str, str] = {}
        self.found: list[tuple[int, str]] = []

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:  # ast calls it so
        owner = domain(node.module or "")
        if node.level or owner is None or owner == self._own:
            return
        module = importlib.import_module(node.module or "")
        for alias in node.names:
            thing = getattr(module, alias.name, None)
            if (
                isinstance(thing, ModuleType)
                and domain(thing.__name__) != self._own
                and thing.__name__.endswith(".models")
            ):
                self.found.append((node.lineno, thing.__name__))
            elif isinstance(thing, type) and issubclass(thing, SQLModel) and hasattr(thing, "__table__"):
                self._foreign[alias.asname or alias.name] = f"{thing.__module__}.{thing.__name__}"

    def visit_Call(self, node: ast.Call) -> None:
        isinstance_call = isinstance(node.func, ast.Name) and node.func.id == "isinstance"
        for part in (node.func, *node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(part, ast.Name) and part.id in self._foreign and not isinstance_call:
                self.found.append((node.lineno, self._foreign[part.id]))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id in self._foreign:
            self.found.append((node.lineno, self._foreign[node.value.id]))
        self.generic_visit(node)


def table_uses(tree: ast.Module, module: str) -> list[tuple[int, str]]:
    uses = TableUses(domain(module))
    uses.visit(tree)
    return uses.found


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of what is called: `session.commit`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


def test_a_table_is_queried_only_by_the_domain_that_owns_it() -> None:
    """Else the owner's rules (who may see it, what is locked, what is kept for ever) are walked around."""
    found = [
        f"{path.relative_to(ROOT)}:{line} uses {table}; ask its domain's service"
        for path, tree in trees().items()
        for line, table in table_uses(tree, module_name(path))
    ]
    assert found == []


def test_the_rule_on_tables_sees_what_it_forbids() -> None:
    source = (
        "from catalog.parties.models import Organisation\n"
        "def name(session, organisation: Organisation) -> Organisation | None:\n"
        "    assert isinstance(organisation, Organisation)\n"
        "    session.get(Organisation, '1')\n"
        "    session.exec(select(Organisation).where(Organisation.slug == 'a'))\n"
        "    return Organisation(slug='a')\n"
    )
    assert sorted({line for line, _ in table_uses(ast.parse(source), "marketplace.billing.service")}) == [4, 5, 6]
    assert table_uses(ast.parse(source), "catalog.parties.service") == []
    whole = ast.parse("from catalog.parties import models")
    assert table_uses(whole, "web.pages.portal.routes") == [(1, "catalog.parties.models")]


def test_only_the_frame_commits() -> None:
    """A service that commits would tear apart what its caller wants to happen together."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, tree in trees().items()
        for line, called in calls(tree)
        if "session" in called and called.endswith(".commit") and module_name(path) != "contracts.kit.database"
    ]
    assert found == []


def test_there_is_one_clock() -> None:
    """A second clock could not be set in tests, and periods would end at different moments in different places."""
    clocks = {"now", "utcnow", "today"}
    found = [
        f"{path.relative_to(ROOT)}:{line} calls {called}"
        for path, tree in trees().items()
        for line, called in calls(tree)
        if called.rpartition(".")[2] in clocks
        and called.rpartition(".")[0].rpartition(".")[2] in ("datetime", "date")
        and module_name(path) != "contracts.clock"
    ]
    assert found == []


@pytest.mark.parametrize("name", sorted(domains()))
def test_a_domain_says_what_it_is(name: str) -> None:
    """What it owns, what it does not, what always holds: else rules end up in two places, or in none."""
    readme = ROOT / name.replace(".", "/") / "README.md"
    assert readme.is_file(), f"{name} has no README.md"
    assert len(readme.read_text().splitlines()) >= 5


def test_tables_are_named_by_their_domain() -> None:
    """`<domain>_<noun>`: who reads the database sees whose a table is, and names cannot meet."""
    migrations.import_tables()
    owners: dict[str, str] = {}
    for mapper in SQLModel._sa_registry.mappers:  # SQLModel has no public list of its table classes
        module = mapper.class_.__module__
        if module.split(".")[0] in PACKAGES:
            owners[mapper.local_table.name] = "kit" if module.startswith("contracts.kit") else module.split(".")[1]
    wrong = {
        table: owner for table, owner in owners.items() if not table.startswith((f"{owner}_", f"{owner.rstrip('s')}_"))
    }
    assert not wrong


def test_every_table_of_the_package_is_known_to_migrations() -> None:
    """A table that migrations cannot see would be missing in every new installation."""
    known = set(migrations.import_tables().tables)
    for path, source in sources().items():
        if "table=True" in source:
            importlib.import_module(module_name(path))
    assert set(SQLModel.metadata.tables) == known

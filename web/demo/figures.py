"""What happened, read back from the database: one line for each department, and their sum."""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from rich.table import Table
from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.parties import service as parties
from catalog.releases import service as releases
from catalog.releases.models import Release
from catalog.vault import service as vault
from contracts import clock
from contracts.kit.settings import Settings
from contracts.privacy import PublicReport
from contracts.text import pick
from marketplace.metering import service as metering
from marketplace.settlement import service as settlement
from marketplace.settlement.position import Position

WIDTH = 124
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
MONEY = ("invoiced", "paid", "refunded", "fee", "tax", "settled", "held")


@dataclass(frozen=True, slots=True)
class Line:
    """A department's figures; money in fen. `rows_in` counts what was delivered, the rows set aside included. `k` is
    None where no release is about persons."""

    name: str
    rows_in: int
    rows_set_aside: int
    personal_cells_found: int
    k: int | None
    rows_published: int
    calls_answered: int
    calls_refused: int
    invoiced: int
    paid: int
    refunded: int
    fee: int
    tax: int
    settled: int
    held: int


def lines(session: Session, settings: Settings, language: str = "zh-CN") -> list[Line]:
    """One line for each department that has a dataset."""
    found: list[Line] = []
    for department in parties.list_organisations(session, kinds=("department",)):
        own = datasets.list_datasets(session, provider_ids=[department.id])
        if not own:
            continue
        ids = [dataset.id for dataset in own]
        uploads = vault.uploads_of(session, ids)
        current = releases.current_releases(session, ids)
        usage = [metering.usage_of_dataset(session, dataset_id, BEGINNING, clock.now()) for dataset_id in ids]
        reached = [k for release in current.values() if (k := reached_k(release)) is not None]
        position = settlement.position(session, settings.currency, department.id)
        found.append(
            Line(
                name=pick(department.name, language),
                rows_in=sum((upload.rows or 0) + (upload.rows_set_aside or 0) for upload in uploads),
                rows_set_aside=sum(upload.rows_set_aside or 0 for upload in uploads),
                personal_cells_found=sum(upload.personal_cells or 0 for upload in uploads),
                k=min(reached, default=None),
                rows_published=sum(release.rows for release in current.values()),
                calls_answered=sum(total.calls for total in usage),
                calls_refused=sum(total.refused for total in usage),
                **_money(position),
            )
        )
    return found


def reached_k(release: Release) -> int | None:
    """Subjects in the smallest class of a release; None where no column could tell people apart."""
    claims = PublicReport.model_validate(release.public_report).claims
    if not claims.recomputable.quasi_identifiers:
        return None
    return claims.recomputable.k_by_subject or claims.attested.k_by_subject or claims.recomputable.k_by_row


def _money(position: Position) -> dict[str, int]:
    return {name: getattr(position, name) for name in MONEY}


def totals(found: list[Line]) -> dict[str, int | None]:
    """The sums; `k` is the least there is."""
    numbers = [field.name for field in fields(Line) if field.name not in ("name", "k")]
    summed: dict[str, int | None] = {name: sum(getattr(line, name) for line in found) for name in numbers}
    return {"k": min((line.k for line in found if line.k is not None), default=None)} | summed


def report(found: list[Line], currency: str) -> dict[str, object]:
    """The whole as one object for programs."""
    return {"currency": currency, "departments": [asdict(line) for line in found], "totals": totals(found)}


HEADS = {
    "rows_in": "交来行数",
    "rows_set_aside": "搁置",
    "personal_cells_found": "个人信息单元格",
    "k": "k",
    "rows_published": "发布行数",
    "calls_answered": "应答",
    "calls_refused": "拒绝",
    "invoiced": "开账",
    "paid": "已付",
    "refunded": "退款",
    "fee": "服务费",
    "tax": "税",
    "settled": "已结",
    "held": "待结",
}


def tables(found: list[Line]) -> list[Table]:
    """The same for people, in two tables: data, and money in yuan."""
    data = [name for name in HEADS if name not in MONEY]
    return [
        _table("数据 · data", data, found, None),
        _table("金额（元）· money (yuan)", list(MONEY), found, "读自数据库 · read from the database"),
    ]


def _table(title: str, names: list[str], found: list[Line], caption: str | None) -> Table:
    drawn = Table(title=title, caption=caption)
    drawn.add_column("部门 · department", no_wrap=True)
    for name in names:
        drawn.add_column(HEADS[name], justify="right")
    for line in found:
        drawn.add_row(line.name, *(_cell(name, getattr(line, name)) for name in names))
    drawn.add_section()
    summed = totals(found)
    drawn.add_row("合计 · total", *(_cell(name, summed[name]) for name in names), style="bold")
    return drawn


def _cell(name: str, value: int | None) -> str:
    if value is None:
        return "—"
    return f"{value / 100:,.2f}" if name in MONEY else f"{value:,}"

"""Short ways to write down the fields, places and plans of a department."""

from __future__ import annotations

from contracts.schema import FieldType
from web.demo.city.places import BOUNDS, STREETS_OF, District
from web.demo.city.plan import Delivery, Field, FileFormat, PricePlan, Role, SpatialInfo, Text
from web.demo.city.semantics import PERSONAL, Semantic


def text(zh: str, en: str) -> Text:
    return {"zh-CN": zh, "en": en}


def column(
    name: str,
    title: Text,
    description: Text,
    *,
    type: FieldType = "string",
    semantic: Semantic = Semantic.PLAIN,
    role: Role = "plain",
    unit: str | None = None,
    group: str | None = None,
    personal: bool | None = None,
) -> Field:
    """A field; its cells are personal where its meaning is, unless `personal` says otherwise."""
    about_person = semantic in PERSONAL if personal is None else personal
    return Field(name, title, description, type, semantic, role, unit, group, about_person)


def direct(name: str, title: Text, description: Text, semantic: Semantic, *, group: str | None = None) -> Field:
    """A column that names a person by itself."""
    return column(name, title, description, semantic=semantic, role="direct_identifier", group=group)


def place_of(district: District, *, longitude: str | None = None, latitude: str | None = None) -> SpatialInfo:
    """The district's own bounds, from where its streets lie."""
    streets = STREETS_OF[district.name]
    margin = 0.01
    west = min(s.longitude - s.radius for s in streets) - margin
    east = max(s.longitude + s.radius for s in streets) + margin
    south = min(s.latitude - s.radius for s in streets) - margin
    north = max(s.latitude + s.radius for s in streets) + margin
    bounds = (
        round(max(west, BOUNDS[0]), 4),
        round(max(south, BOUNDS[1]), 4),
        round(min(east, BOUNDS[2]), 4),
        round(min(north, BOUNDS[3]), 4),
    )
    return SpatialInfo(
        district.code, text(f"深圳市{district.name}", f"{district.name_en}, Shenzhen"), bounds, longitude, latitude
    )


FREE = (
    PricePlan("free", text("免费开放", "Free and open"), 0, 1_000_000, 0, 600),
)  # fmt: skip


def paid(monthly_fee_yuan: int, calls: int, overage_fen: int, *, trial_calls: int = 50) -> tuple[PricePlan, ...]:
    """A small free trial, a small plan mostly paid by the call, and one by the month with a large quota."""
    return (
        PricePlan("trial", text("试用版", "Trial"), 0, trial_calls, 0, 600),
        PricePlan("starter", text("起步版", "Starter"), 2900, 50, 5, 600),
        PricePlan("standard", text("标准版", "Standard"), monthly_fee_yuan * 100, calls, overage_fen, 300),
    )


def delivered(
    file_name: str,
    format: FileFormat,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    title_rows: int = 0,
    header_rows: int = 1,
) -> Delivery:
    return Delivery(file_name, format, encoding, delimiter, title_rows, header_rows)

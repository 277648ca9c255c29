"""What the demo city is: its departments and the one dataset each of them opens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from contracts.schema import DataClass, FieldType, Openness
from web.demo.city.semantics import Semantic

Text = dict[str, str]
FileFormat = Literal["csv", "xlsx", "xls", "parquet", "jsonl"]
Role = Literal["direct_identifier", "quasi_identifier", "sensitive", "free_text", "plain"]
Frequency = Literal["hourly", "daily", "weekly", "monthly", "irregular"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column as the department's data dictionary describes it.

    `role` is the department's own view of what the column means for privacy; `personal` says
    whether its cells are about a natural person.
    """

    name: str
    title: Text
    description: Text
    type: FieldType
    semantic: Semantic
    role: Role
    unit: str | None = None
    group: str | None = None  # the merged header above it, where the sheet has one
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """The file as the department hands it over. Rows are counted from the top of the file."""

    file_name: str
    format: FileFormat
    encoding: str | None = None
    delimiter: str | None = None
    title_rows: int = 0
    header_rows: int = 1


@dataclass(frozen=True, slots=True)
class PricePlan:
    """A plan the department suggests. Money in fen; a free plan costs nothing whatever is called."""

    code: str
    name: Text
    monthly_fee_fen: int
    calls_included: int  # a month
    overage_fen_per_call: int  # for calls beyond those included; 0 means that they are refused
    calls_per_minute: int

    @property
    def is_free(self) -> bool:
        return self.monthly_fee_fen == 0 and self.overage_fen_per_call == 0


@dataclass(frozen=True, slots=True)
class SpatialInfo:
    """Where the data lies: WGS84 bounds in degrees (west, south, east, north) and coordinate columns."""

    division_code: str
    name: Text
    bounds: tuple[float, float, float, float]
    longitude_field: str | None = None
    latitude_field: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    slug: str
    title: Text
    description: Text
    theme: str
    theme_title: Text
    keywords: dict[str, tuple[str, ...]]
    openness: Openness
    data_class: DataClass
    delivery: Delivery
    frequency: Frequency
    spatial: SpatialInfo
    fields: tuple[Field, ...]
    plans: tuple[PricePlan, ...]
    subject: str | None  # the column that tells one person (or household) from another
    rows: int  # at scale 1, broken rows not counted

    @property
    def about_persons(self) -> bool:
        return self.subject is not None

    @property
    def quasi_identifiers(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.role == "quasi_identifier")

    @property
    def sensitive(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.role == "sensitive")

    def field(self, name: str) -> Field:
        """The field called `name`; KeyError if there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"dataset {self.slug} has no field {name!r}")


@dataclass(frozen=True, slots=True)
class Department:
    code: str
    name: Text
    district: str  # the district's code
    dataset: Dataset


@dataclass(frozen=True, slots=True)
class DistrictPlan:
    code: str  # GB/T 2260
    slug: str
    name: Text


@dataclass(frozen=True, slots=True)
class CityPlan:
    code: str
    slug: str
    name: Text
    districts: tuple[DistrictPlan, ...]
    departments: tuple[Department, ...]

    def department(self, code: str) -> Department:
        """The department with `code`; KeyError if there is none."""
        for department in self.departments:
            if department.code == code:
                return department
        raise KeyError(f"the demo city has no department {code!r}")


@cache
def plan() -> CityPlan:
    """The demo city. Nothing in it depends on the seed or the scale."""
    from web.demo.city.departments_futian import FUTIAN_DEPARTMENTS
    from web.demo.city.departments_nanshan import NANSHAN_DEPARTMENTS
    from web.demo.city.places import DISTRICTS

    return CityPlan(
        code="440300",
        slug="shenzhen",
        name={"zh-CN": "深圳市", "en": "Shenzhen"},
        districts=tuple(
            DistrictPlan(district.code, district.slug, {"zh-CN": district.name, "en": district.name_en})
            for district in DISTRICTS
        ),
        departments=(*FUTIAN_DEPARTMENTS, *NANSHAN_DEPARTMENTS),
    )

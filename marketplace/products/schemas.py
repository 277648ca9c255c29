"""A plan with its prices, as shown on pages, frozen into agreements and used for rating."""

from pydantic import BaseModel, ConfigDict, Field


class PlanTerms(BaseModel):
    """Quota, rate and prices of a plan. Amounts are fen, tax included."""

    model_config = ConfigDict(frozen=True)

    plan_id: str
    name: dict[str, str]
    kind: str = Field(description="`free` or `paid`.")
    currency: str
    quota_per_month: int | None = Field(description="Calls included in a calendar month; null: no limit.")
    rate_per_minute: int = Field(description="Calls allowed in a minute.")
    monthly_fee: int = Field(description="Fen a calendar month, in advance.")
    overage_per_1000: int | None = Field(description="Fen for 1,000 calls beyond the quota; null: calls stop there.")

    @property
    def paid(self) -> bool:
        """Whether anything is charged."""
        return self.kind == "paid"

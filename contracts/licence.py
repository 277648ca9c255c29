"""Licence terms: one canonical document per agreement (ODRL 2.2, W3C), hashed; the entitlement is compiled from it."""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.text import Text

Action = Literal["use", "reproduce", "derive", "distribute_statistics", "commercial_use"]
Prohibition = Literal["reidentify", "redistribute_raw", "resell"]
Duty = Literal["attribute", "state_purpose", "delete_at_end"]


class LicenceTerms(BaseModel):
    """What may, may not and must be done with a data product. Frozen into an agreement by its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        pattern=r"^[a-z0-9.-]+$",
        description="Stable name of the licence, for example `shuyi-conditional-1.0`.",
    )
    title: Text
    summary: Text
    permissions: tuple[Action, ...]
    prohibitions: tuple[Prohibition, ...]
    duties: tuple[Duty, ...]

    def canonical(self) -> str:
        """The document as sorted, compact JSON: the text that is hashed and signed."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def hash(self) -> str:
        """SHA-256 (hex) of the canonical document."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def odrl(self, target: str, assigner: str, assignee: str | None = None) -> dict[str, Any]:
        """The terms as an ODRL 2.2 policy in JSON-LD: an Offer, or an Agreement when there is an `assignee`."""

        def rule(action: str) -> dict[str, Any]:
            return {"target": target, "action": action, "assigner": assigner} | (
                {"assignee": assignee} if assignee else {}
            )

        return {
            "@context": "http://www.w3.org/ns/odrl.jsonld",
            "@type": "Agreement" if assignee else "Offer",
            "uid": f"urn:shuyi:licence:{self.id}:{self.hash()[:12]}",
            "permission": [
                rule(action) | {"duty": [{"action": duty} for duty in self.duties]} for action in self.permissions
            ],
            "prohibition": [rule(action) for action in self.prohibitions],
        }


OPEN = LicenceTerms(
    id="shuyi-open-1.0",
    title={"zh-CN": "数易无条件开放许可 1.0", "en": "Shuyi Open Licence 1.0"},
    summary={
        "zh-CN": "任何人可以免费使用、复制、改编和传播，须注明来源。",
        "en": "Anyone may use, copy, adapt and share it free of charge, naming the source.",
    },
    permissions=("use", "reproduce", "derive", "distribute_statistics", "commercial_use"),
    prohibitions=(),
    duties=("attribute",),
)
CONDITIONAL = LicenceTerms(
    id="shuyi-conditional-1.0",
    title={"zh-CN": "数易有条件开放许可 1.0", "en": "Shuyi Conditional Licence 1.0"},
    summary={
        "zh-CN": "可用于商业产品，可发布统计结果；须登记用途；不得重新识别个人，不得转让原表。",
        "en": "May be used in commercial products and statistics may be published; the purpose is registered; "
        "nobody may be re-identified and the table may not be passed on.",
    },
    permissions=("use", "derive", "distribute_statistics", "commercial_use"),
    prohibitions=("reidentify", "redistribute_raw", "resell"),
    duties=("attribute", "state_purpose", "delete_at_end"),
)
LICENCES: dict[str, LicenceTerms] = {terms.id: terms for terms in (OPEN, CONDITIONAL)}

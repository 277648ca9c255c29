"""The terms of a plan before signing, and the one canonical document that signing freezes."""

import hashlib
import json
from datetime import datetime
from typing import Any

from contracts.licence import LicenceTerms
from marketplace.products.schemas import PlanTerms


def needs_purpose(licence: LicenceTerms) -> bool:
    """Whether the subscriber must state what the data is for."""
    return "state_purpose" in licence.duties


def agreement_document(
    *,
    number: str,
    licence: LicenceTerms,
    plan: PlanTerms,
    offering_id: str,
    dataset_id: str,
    provider: dict[str, Any],
    subscriber: dict[str, Any],
    purpose: str | None,
    accepted_at: datetime,
) -> str:
    """Licence, plan, parties and purpose as sorted, compact JSON: the text whose hash is the agreement's."""
    document = {
        "number": number,
        "licence": licence.model_dump(mode="json"),
        "licence_hash": licence.hash(),
        "plan": plan.model_dump(mode="json"),
        "offering": offering_id,
        "dataset": dataset_id,
        "provider": provider,
        "subscriber": subscriber,
        "purpose": purpose,
        "accepted_at": accepted_at.isoformat(),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(document: str) -> str:
    """SHA-256 (hex) of a canonical document."""
    return hashlib.sha256(document.encode()).hexdigest()

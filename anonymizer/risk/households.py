"""How likely it is that at least one member of a household is recognised."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from anonymizer.preparation import Prepared
from contracts.privacy import HouseholdRisks


def household_risks(prepared: Prepared, size: npt.NDArray[np.int64], threshold: float) -> HouseholdRisks | None:
    """Risks where each combination has so many subjects alike (0: it is not published); None where the policy does not
    tell who lives together."""
    households = prepared.histogram.requirements.households
    if households is None:
        return None
    risks = households.risks(size.astype(np.float64))
    return HouseholdRisks(
        threshold=threshold,
        households=len(risks),
        largest=int(np.bincount(households.household).max(initial=0)),
        highest=float(risks.max(initial=0.0)),
        average=float(risks.mean()) if len(risks) else 0.0,
        share_above=float((risks > threshold + 1e-9).mean()) if len(risks) else 0.0,
    )

"""What other choices than a policy's would give, and who is special: for who decides, once the release is made."""

from __future__ import annotations

from collections.abc import Sequence

from anonymizer import keys, series, sources
from anonymizer.errors import Unreachable
from anonymizer.preparation import prepare, search
from anonymizer.report.curve import curve
from anonymizer.report.obstacles import obstacles
from anonymizer.report.specials import sample_uniques
from anonymizer.series import Earlier
from anonymizer.sources import Source
from contracts.privacy import Exploration, Policy


def explore(
    table: Source, policy: Policy, *, secret: bytes, release_id: str, earlier: Sequence[Earlier] = ()
) -> Exploration:
    """Risk and loss of the whole table for several k, what keeps it from reaching k, and its minimal sample uniques.

    The point of the policy's own k is the release that is made with the same ``secret`` and ``release_id`` beside the
    same ``earlier`` releases. Takes several times as long as that. Raises :class:`contracts.errors.InvalidInput` when
    policy and table do not fit.
    """
    keys.check(secret)
    prepared = prepare(sources.read(table, coded=True), policy)
    if earlier:
        prepared = series.search_after(prepared, series.follow(prepared, earlier))
    try:
        own = search(prepared, keys.search_coin(secret, release_id))
    except Unreachable:
        own = None
    return Exploration(
        curve=curve(prepared, own), obstacles=obstacles(prepared), sample_uniques=sample_uniques(prepared)
    )

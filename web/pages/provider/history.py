"""What happened to a request, as a timeline: states, decisions with their reasons, comments."""

from typing import Any

from sqlmodel import Session

from catalog.parties import service as parties
from catalog.releases import service as releases
from catalog.releases.models import ReleaseRequest
from catalog.releases.states import RequestState
from web.i18n import gettext as _
from web.pages.portal.words import word
from web.pages.provider import words

_TOLD_BY_DECISION = {RequestState.APPROVED, RequestState.SENT_BACK, RequestState.REJECTED}


def timeline(session: Session, request: ReleaseRequest) -> list[dict[str, Any]]:
    """Newest first; the present state is marked."""
    transitions, comments, decisions = releases.history(session, request.id)
    ids = {t.actor_id for t in transitions} | {c.author_id for c in comments} | {d.officer_id for d in decisions}
    names = {found.id: found.name for found in parties.people_by_id(session, {i for i in ids if i}).values()}
    items: list[dict[str, Any]] = []
    for step in transitions:
        if step.to_state in _TOLD_BY_DECISION:
            continue
        who = names.get(step.actor_id or "", "")
        told = words.state(step.to_state)
        items.append({"at": step.at, "text": _("%(name)s: %(what)s", name=who, what=told) if who else told})
    for comment in comments:
        said = _("%(name)s wrote: “%(text)s”", name=names.get(comment.author_id, ""), text=comment.body)
        items.append({"at": comment.written_at, "text": said})
    for decision in decisions:
        told = _(
            "%(name)s %(outcome)s: “%(reason)s”",
            name=names.get(decision.officer_id, ""),
            outcome=word(words.OUTCOMES, decision.outcome),
            reason=decision.reason,
        )
        items.append({"at": decision.decided_at, "text": told, "hash": decision.artifact_hash})
    items.sort(key=lambda item: item["at"], reverse=True)
    if items:
        items[0]["now"] = True
    return items

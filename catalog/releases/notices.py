"""Who is told what about a request: officers that one waits for them, submitters how it went."""

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.parties import service as parties
from catalog.releases.models import ReleaseRequest
from catalog.releases.states import RequestState
from contracts.access import Permission

_OUTCOMES: dict[str, dict[str, str]] = {
    RequestState.PUBLISHED: {"zh-CN": "{number} 已发布", "en": "{number} is published"},
    RequestState.SENT_BACK: {"zh-CN": "{number} 被退回修改", "en": "{number} was sent back for changes"},
    RequestState.REJECTED: {"zh-CN": "{number} 未获批准", "en": "{number} was rejected"},
    RequestState.FAILED: {"zh-CN": "{number} 处理失败，请查看原因", "en": "{number} failed; see why"},
}


def tell_officers(session: Session, request: ReleaseRequest) -> None:
    """A request waits for a decision."""
    provider_id = datasets.get_dataset(session, request.dataset_id).provider_id
    officers = parties.people_who_may(session, Permission.RELEASE_DECIDE, provider_id)
    parties.notify(
        session,
        [officer for officer in officers if officer.id != request.submitted_by],
        reference=f"request:{request.id}:{request.round}:review",
        text={"zh-CN": f"{request.number} 等待审核", "en": f"{request.number} waits for review"},
        link=f"/officer/requests/{request.id}",
    )


def tell_submitter(session: Session, request: ReleaseRequest) -> None:
    """How a request went, where its state is one that the submitter should know of."""
    text = _OUTCOMES.get(request.state)
    if text is None:
        return
    parties.notify(
        session,
        [parties.person(session, request.submitted_by)],
        reference=f"request:{request.id}:{request.round}:{request.state}",
        text={language: sentence.format(number=request.number) for language, sentence in text.items()},
        link=f"/provider/requests/{request.id}",
    )

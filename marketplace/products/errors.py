"""Errors of offerings and plans."""

from contracts.errors import Conflict, InvalidInput, NotFound


class OfferingNotFound(NotFound):
    """There is no such offering, or it is not listed."""

    code = "offering-not-found"


class PlanNotFound(NotFound):
    """There is no such plan."""

    code = "plan-not-found"


class PriceRefused(InvalidInput):
    """A price on unconditionally open data."""

    code = "price-refused"
    title = "Open public data costs nothing"

    @classmethod
    def open_data(cls) -> "PriceRefused":
        """The refusal, with the article that it rests on."""
        return cls(
            "Unconditionally open public data costs nothing to anyone: 深圳经济特区数据条例第四十七条 "
            "(Shenzhen data regulation, article 47). Make the plan free.",
            errors=[{"pointer": "#/monthly_fee", "detail": "深圳经济特区数据条例第四十七条: no fee may be charged."}],
            article="深圳经济特区数据条例第四十七条",
        )


class NotForOffer(Conflict):
    """The dataset or offering is not in a state that allows it to be offered."""

    code = "not-for-offer"
    title = "This cannot be offered"

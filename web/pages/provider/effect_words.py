"""Words of levels and scopes, as pages say them."""

from web.i18n import N_

LEVELS = {
    "hour": N_("hour"),
    "day-part": N_("six hours"),
    "day": N_("day"),
    "week": N_("week"),
    "month": N_("month"),
    "quarter": N_("quarter"),
    "year": N_("year"),
    "decade": N_("decade"),
    "street": N_("street"),
    "district": N_("district"),
    "city": N_("city"),
    "province": N_("province"),
    "release": N_("new in each release"),
    "dataset": N_("the same in all releases"),
}

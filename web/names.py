"""Names of the shared vocabulary's members, for people."""

from contracts.access import Role
from web.i18n import N_, raw_gettext

_ROLES = {
    Role.OPERATOR: N_("Operator"),
    Role.DATA_OFFICER: N_("Data officer"),
    Role.PROVIDER: N_("Provider"),
    Role.OWNER: N_("Owner"),
    Role.DEVELOPER: N_("Developer"),
}


def role_name(role: str) -> str:
    """The role in the current language."""
    return raw_gettext(_ROLES[Role(role)])

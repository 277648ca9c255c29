"""The database of the demo city, which is never a real city's."""

from catalog.parties import service as parties
from contracts.errors import Conflict
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from web.demo import STARTUP_SLUG


def refuse_another_city(settings: Settings) -> None:
    """Raise `Conflict` where the database holds a city that is not the demo's. Changes nothing in it."""
    database = Database(settings.database)
    try:
        with database.reading() as session:
            known = parties.organisation_slugs(session, ("city", "company"))
    finally:
        database.close()
    if known and STARTUP_SLUG not in known:
        raise Conflict(f"{settings.home} holds another city already; set SHUYI_HOME to an empty folder for the demo.")

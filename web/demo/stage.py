"""The database of the demo city."""

from catalog.parties import service as parties
from contracts.errors import Conflict
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from web import migrations
from web.demo import STARTUP_SLUG


def set_up(settings: Settings) -> None:
    """Create or migrate the database; raise `Conflict` where it holds a city that is not the demo's."""
    migrations.upgrade(settings.database)
    database = Database(settings.database)
    try:
        with database.reading() as session:
            known = {known.slug for known in parties.list_organisations(session, kinds=("city", "company"))}
    finally:
        database.close()
    if known and STARTUP_SLUG not in known:
        raise Conflict(f"{settings.home} holds another city already; set SHUYI_HOME to an empty folder for the demo.")

"""The published city of the portal's tests, seen through CKAN's API."""

from tests.web.portal.conftest import published_site, site

__all__ = ["published_site", "site"]

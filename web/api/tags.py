"""The groups of operations in the OpenAPI description, in the order in which the documentation shows them."""

TITLES = {
    "catalogue": "Catalogue",
    "downloads": "Downloads",
    "parties": "Accounts and organisations",
    "subscriptions": "Subscriptions and agreements",
    "keys": "Keys",
    "usage": "Usage and quota",
    "billing": "Billing and periods",
    "datasets": "Datasets",
    "uploads": "Uploads and policies",
    "releases": "Release requests and releases",
    "findings": "Findings and corrections",
    "offerings": "Offerings and plans",
    "settlement": "Settlement",
    "ledger": "Ledger",
    "operation": "Jobs and audit log",
    "health": "Health",
}


def openapi_tags() -> list[dict[str, str]]:
    """As OpenAPI lists tags; `x-displayName` is what documentation tools call the title of one."""
    return [{"name": name, "x-displayName": title} for name, title in TITLES.items()]

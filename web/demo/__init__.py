"""The demo: a city to try everything with."""

STARTUP_SLUG = "demo-startup"
"""The organisation whose presence tells that a database holds the demo city."""

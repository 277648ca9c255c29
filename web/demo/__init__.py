"""The demo: a city to try everything with."""

"""Releases: from a request through the officers' review to an immutable publication."""

"""Distributions: a release as files, and what may be shown of it before anybody pays."""

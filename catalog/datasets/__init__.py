"""Datasets: what a provider offers, described so that people find and understand it."""

"""The catalogue as linked data."""

"""Searches for a recoding that meets the requirements with little loss. They look at the histogram, never at
rows."""

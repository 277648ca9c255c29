"""The public and the officer's report of a run."""

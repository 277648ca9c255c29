"""The public log: what was published, withdrawn and decided, with the hashes it was about."""

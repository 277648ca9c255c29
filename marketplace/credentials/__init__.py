"""API keys of subscriptions: made once, shown once, kept as hashes."""

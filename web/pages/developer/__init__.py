"""Pages for developers: subscriptions and their usage, keys, the console, and why a call was refused."""

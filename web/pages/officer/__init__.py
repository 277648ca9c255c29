"""The data officer's pages: the queue, the review of a request, its full report, history, raw cells with a reason."""

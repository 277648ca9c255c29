"""What may be seen of a release before anybody pays: the sample approved with it."""

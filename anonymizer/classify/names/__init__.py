"""Chinese personal names in running text: a small tagging network and how its probabilities become spans."""

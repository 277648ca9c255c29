"""What was used: units granted as leases, answers in a journal before they leave, roll-ups that bills come from."""

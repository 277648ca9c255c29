"""Intake: from a department's file, however it was saved, to a clean table, with every broken row accounted for."""

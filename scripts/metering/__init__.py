"""The parts of `scripts/soak_metering.py`: a shop that runs, its clients, who strikes it, the count at the end."""

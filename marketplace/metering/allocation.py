"""How many units a lease gets. Plain arithmetic, no database."""

LEASE_SECONDS = 30
"""A lease lapses this long after it was granted."""
USABLE_SECONDS = 12
"""A worker stops using a lease this long after it asked for it, and gives back what is left."""
AHEAD_SECONDS = 10
"""A lease holds about this many seconds of the rate seen."""
SMALLEST, LARGEST = 20, 200_000


def wanted_units(rate: float, last_units: int) -> int:
    """Units worth asking for, from the units a second seen and the size of the last lease: enough for some seconds,
    at most four times the last, so that a burst does not strand a large lease."""
    ahead = int(rate * AHEAD_SECONDS) + 1
    return max(SMALLEST, min(ahead, max(last_units, SMALLEST) * 4, LARGEST))


def grantable_units(wanted: int, granted: int, limit: int | None, workers: int) -> int:
    """Units to grant now. With a limit, at most an equal share of half of what is left, so that the last units
    reach whoever asks for them in ever smaller leases; 0 when nothing is left."""
    if wanted <= 0:
        raise ValueError("a lease asks for at least one unit")
    if limit is None:
        return wanted
    left = limit - granted
    if left <= 0:
        return 0
    return min(wanted, max(1, left // (2 * max(workers, 1))))

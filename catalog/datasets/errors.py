"""What can go wrong with datasets."""

from contracts.errors import Duplicate, Forbidden, NotFound


class DatasetNotFound(NotFound):
    """No dataset under that id or short name."""

    code = "dataset-not-found"
    title = "There is no such data"


class SlugTaken(Duplicate):
    """Another dataset has, or had, that short name."""

    code = "dataset-slug-taken"


class CoreDataRefused(Forbidden):
    """Core data is never opened or traded."""

    code = "core-data-refused"
    title = "Core data is not accepted"

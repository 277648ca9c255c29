"""FastAPI with SQLite, as one would write it for speed: statements on the event loop, answers without a model.

Run in an environment of its own: `uvicorn --app-dir scripts/dataplane fastapi_peer:app`; the database is named by
BENCH_SQLITE.
"""

import os
import sqlite3
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

app = FastAPI()
connection = sqlite3.connect(
    f"file:{os.environ['BENCH_SQLITE']}?mode=ro&immutable=1", uri=True, check_same_thread=False, cached_statements=512
)
connection.execute("PRAGMA mmap_size=1073741824")
connection.row_factory = sqlite3.Row
COLUMNS = [row["name"] for row in connection.execute("PRAGMA table_info(stations)")]


def chosen(select: str | None) -> str:
    """The columns of a statement."""
    if select is None:
        return "*"
    names = select.split(",")
    if not set(names) <= set(COLUMNS):
        raise HTTPException(422, "There is no such field.")
    return ", ".join(names)


@app.get("/stations/{key}")
async def row(key: int, select: str | None = None) -> JSONResponse:
    """One row."""
    found = connection.execute(f"SELECT {chosen(select)} FROM stations WHERE id = ?", (key,)).fetchone()
    if found is None:
        raise HTTPException(404)
    return JSONResponse(dict(found))


@app.get("/stations")
async def rows(district: str, spaces: int, limit: int = 100, select: str | None = None) -> JSONResponse:
    """Rows that fit."""
    sql = f"SELECT {chosen(select)} FROM stations WHERE district = ? AND spaces >= ? ORDER BY id LIMIT ?"
    return JSONResponse([dict(found) for found in connection.execute(sql, (district, spaces, limit))])


@app.get("/groups")
async def groups(spaces: int, fee: float) -> JSONResponse:
    """Rows and mean spaces per district."""
    sql = (
        "SELECT district, count(*) AS count, avg(spaces) AS mean FROM stations WHERE spaces >= ? AND fee <= ? "
        "GROUP BY district"
    )
    answer: list[dict[str, Any]] = [dict(found) for found in connection.execute(sql, (spaces, fee))]
    return JSONResponse(answer)

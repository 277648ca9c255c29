"""What intake accepts at most, so that no file can take all memory."""

MIB = 1024 * 1024

COLUMNS = 1_000
"""Columns of a table."""
LINE = 16 * MIB
"""Bytes of one line of a text file."""
RECORD_LINES = 500
"""Lines that one quoted record may run over before its opening quote counts as a mistake."""
CHUNK = 16 * MIB
"""Bytes of text parsed at once."""
IN_MEMORY = 512 * MIB
"""Parsed text kept between recognising types and converting; a larger file is parsed twice instead."""
SPREADSHEET = 256 * MIB
"""Bytes of a spreadsheet file as uploaded."""
SPREADSHEET_UNPACKED = 768 * MIB
"""Bytes of all parts of an XLSX file unpacked."""
SPREADSHEET_RATIO = 250
"""How many times larger than itself a large part of an XLSX file may unpack to."""
SHEET_CELLS = 24_000_000
"""Cells of a sheet from A1 to its last filled cell, empty ones included: all of them take memory."""
MERGED_CELLS = 500_000
"""Merged cells of an XLSX file."""
WORKBOOK_PART = 16 * MIB
"""Bytes of the part of an XLSX file that lists its sheets."""
ZIP_PARTS = 10_000
"""Parts of an XLSX file."""
ZIP_DIRECTORY = 4 * MIB
"""Bytes of the directory of an XLSX file's ZIP."""
JSON_VALUE = 16 * MIB
"""Characters of one JSON value."""
PARQUET_UNPACKED = 4 * 1024 * MIB
"""Bytes of a Parquet file's cells in memory, each with its own text: the whole table is there when it is scanned."""
PARQUET_BATCH = 128 * MIB
"""Bytes of a Parquet file's cells handed on at once."""
HEAD = 1 * MIB
"""Bytes from which encoding and layout are recognised."""
BATCH_ROWS = 50_000
"""Rows handed on at once by readers that work row by row."""

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
JSON_VALUE = 16 * MIB
"""Characters of one JSON value."""
PARQUET_UNPACKED = 16 * 1024 * MIB
"""Bytes of a Parquet file's columns uncompressed, as its footer declares them."""
HEAD = 1 * MIB
"""Bytes from which encoding and layout are recognised."""
BATCH_ROWS = 50_000
"""Rows handed on at once by readers that work row by row."""

"""Judging columns and reading free text.

`columns` classifies whole columns from their header and distinct values, without any model; `text` reads free text
through Presidio, with `names` for Chinese names and `english` for names in Latin letters.
"""

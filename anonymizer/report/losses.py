"""What a recoding loses, column by column."""

from __future__ import annotations

import numpy as np

from anonymizer.algorithms.recoding import Recoding
from anonymizer.applying import Classes
from anonymizer.preparation import Prepared
from contracts.privacy import ColumnLoss


def losses(prepared: Prepared, recoding: Recoding, classes: Classes) -> list[ColumnLoss]:
    """Loss of each quasi-identifier, mean over all rows; suppressed rows count 1."""
    histogram = prepared.histogram
    total = max(histogram.total_rows, 1)
    found = []
    for place, column in enumerate(prepared.quasi_identifiers):
        lost = np.where(recoding.suppressed, 1.0, column.tree.cell_loss(recoding.cells[:, place]))
        hidden = column.tree.hides_all(classes.cells[:, place])
        published = max(int(classes.rows.sum()), 1)
        found.append(
            ColumnLoss(
                column=column.name,
                loss=float((lost * histogram.rows).sum() / total),
                wholly_hidden_share=float(classes.rows[hidden].sum() / published),
            )
        )
    return found


def overall(by_column: list[ColumnLoss]) -> float:
    """Mean over the quasi-identifiers; 0 without any."""
    return sum(item.loss for item in by_column) / len(by_column) if by_column else 0.0

"""Matrix products that stay on the calling thread. Nothing else of linear algebra lives here.

OpenBLAS hands a large product to its own threads, and those then spin, waiting for the next one: measured on the
whole pipeline, 60 % more processor time for no gain. Products below its threshold are computed in place.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", np.float32, np.float64)

# SMP_THRESHOLD_MIN * GEMM_MULTITHREAD_THRESHOLD in OpenBLAS, interface/gemm.c: rows * columns * depth up to this.
_SINGLE_THREAD_SIZE = 65_536 * 4


def rows_times(rows: NDArray[Real], matrix: NDArray[Real]) -> NDArray[Real]:
    """rows @ matrix, some rows at a time. rows: (n, depth), matrix: (depth, columns). [any]"""
    depth, columns = matrix.shape
    piece = max(1, _SINGLE_THREAD_SIZE // (depth * columns))
    whole = len(rows) // piece * piece
    product = np.empty((len(rows), columns), rows.dtype)
    np.matmul(rows[:whole].reshape(-1, piece, depth), matrix, out=product[:whole].reshape(-1, piece, columns))
    np.matmul(rows[whole:], matrix, out=product[whole:])
    return product

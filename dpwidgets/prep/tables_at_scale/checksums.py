"""Compare cleaned tables that are larger than memory: a few numbers each, whatever the order of rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dpwidgets.prep.tables_at_scale.cleaning import CLEANED

_ROWS_AT_ONCE = 50_000


def checksums(folder: Path, buckets: int = 16) -> pd.DataFrame:
    """Count and checksum of the rows with each remainder of `order_id` by `buckets`.

    Each row has a 64-bit number made of all its values, bit by bit; a checksum is their sum, which does not
    depend on the order of rows. A row that is missing, is there twice, or differs in one digit changes it.

    Returns:
        index: bucket; columns: rows int64, digest uint64.

    Raises:
        ValueError: there is no Parquet file, or its columns are not those of a cleaned table.
    """
    rows, digests = np.zeros(buckets, np.int64), np.zeros(buckets, np.uint64)
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise ValueError(f"there is no Parquet file in {folder}.")
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(_ROWS_AT_ONCE):
            part = batch.to_pandas()
            if list(part) != list(CLEANED):
                raise ValueError(f"{path.name} has the columns {list(part)}, not {list(CLEANED)}.")
            part = part.astype(CLEANED.dtypes.to_dict())
            bucket = part["order_id"].to_numpy() % buckets
            np.add.at(rows, bucket, 1)
            np.add.at(digests, bucket, pd.util.hash_pandas_object(part, index=False).to_numpy())
    return pd.DataFrame({"rows": rows, "digest": digests}).rename_axis("bucket")

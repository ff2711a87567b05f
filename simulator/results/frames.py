"""Datasets as tables for pandas: a row for each path or cell, a column for each figure and each of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def flat_frame(dataset: xr.Dataset, along: Sequence[str]) -> pd.DataFrame:
    """A row for each point of the dimensions ``along``; of a figure by trade or cause a column for each, *name.label*.

    Coordinates along these dimensions that are no index of their own (parameters of a design) come first.
    """
    import pandas as pd

    found: dict[str, object] = {}
    sizes = [dataset.sizes[dim] for dim in along]
    index = (
        pd.MultiIndex.from_product([dataset[dim].values for dim in along], names=list(along))
        if along
        else None
    )
    if len(along) == 1:
        index = pd.Index(dataset[along[0]].values, name=along[0])
    for name, variable in {**dataset.coords, **dataset.data_vars}.items():
        others = [str(dim) for dim in variable.dims if dim not in along]
        is_index = name in dataset.dims
        if is_index or (name in dataset.coords and (others or not variable.dims)):
            continue
        labels = [dataset[dim].values.tolist() for dim in others]
        for place in product(*labels):
            chosen = variable.sel(dict(zip(others, place, strict=True)))
            spread = chosen.broadcast_like(dataset[list(along)]).transpose(*along) if along else chosen
            found[".".join(map(str, (name, *place)))] = (
                spread.values.reshape(-1) if sizes else [spread.item()]
            )
    return pd.DataFrame(found, index=index)

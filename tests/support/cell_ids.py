"""Places and S2 cells that Hypothesis draws: edges of the cube's faces and poles among them."""

import numpy as np
import s2cell
from hypothesis import strategies as st

LATS = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, -45.0, 0.0, 45.0, 90.0]))
LNGS = st.one_of(
    st.floats(-180, 180), st.sampled_from([-180.0, -135.0, -90.0, -45.0, 0.0, 45.0, 90.0, 180.0])
)
IDS = st.builds(
    s2cell.lat_lon_to_cell_id,
    LATS, LNGS, st.integers(0, 30),
)  # fmt: skip


def ids_of(*ids):
    return np.array(ids, np.uint64)

#!/bin/sh
# Fetches GeoCLIP in int8 (347 MB), so that your own photo gets a real answer at once; Binder and the devcontainer
# run it when they are built. If its host does not answer, the notebooks go on with mini.
set -eu
if geonb fetch geoclip --precision int8; then
  echo "==> preparing GeoCLIP's 100,000 places (once; half a minute)"
  python -c 'import geonb; print(geonb.load_model("geoclip", precision="int8", download=False))'
else
  echo "==> GeoCLIP could not be fetched, so this place has mini alone, which knows drawn streets only." >&2
  echo "    Try again later in a terminal: geonb fetch geoclip --precision int8" >&2
fi

#!/bin/sh
# Installs geonb from the folder that this script lies in, without a network: sh install.sh [FOLDER]
set -eu
stick=$(cd "$(dirname "$0")" && pwd)
target=${1:-$HOME/geonb-workshop}
python=${PYTHON:-python3.11}
mark=.geonb-workshop # in the folders that this script made

# The wheels are for one Python only.
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null; then
  echo "install.sh: $python is not Python 3.11, for which these packages are; try PYTHON=/path/to/python3.11 sh install.sh" >&2
  exit 2
fi

# An environment is made anew, and the files beside it are written: in a folder of its own, never in one of yours.
if [ -e "$target/$mark" ] && [ ! -L "$target/env" ] && [ ! -L "$target/lab" ]; then
  :
elif [ -d "$target" ] && [ -z "$(ls -A "$target")" ]; then
  :
elif [ -e "$target" ] || [ -L "$target" ]; then
  echo "install.sh: $target is there already, and is not a workshop that this script made; name a new folder: sh install.sh FOLDER" >&2
  exit 2
fi

mkdir -p "$target"
target=$(cd "$target" && pwd)
touch "$target/$mark"
echo "==> installing into $target (a minute or two)"
"$python" -m venv --clear "$target/env"
# No setting of this machine may send pip elsewhere, and a wheel that was not copied whole is refused.
PIP_CONFIG_FILE=/dev/null "$target/env/bin/python" -m pip --isolated --disable-pip-version-check \
  install --quiet --no-index --find-links "$stick/wheels" --no-deps --require-hashes -r "$stick/wheels.txt"
cp -r "$stick/prefix/." "$target/env/"

if [ -e "$target/geonb" ]; then
  echo "==> your notebooks are kept; for new ones, delete $target/geonb and install again"
else
  cp -r "$stick/geonb" "$target/geonb"
fi
for folder in "$stick"/models/*/; do
  [ -d "$folder" ] || continue
  model=$(basename "$folder")
  case $model in
    *-int8) "$target/env/bin/geonb" fetch "${model%-int8}" --precision int8 --from "$folder" ;;
    *) "$target/env/bin/geonb" fetch "$model" --from "$folder" ;;
  esac
done

cat > "$target/lab" <<'LAB'
#!/bin/sh
# Opens the workshop in JupyterLab; in its terminals, `geonb` is the one that was installed here.
here=$(cd "$(dirname "$0")" && pwd)
PATH="$here/env/bin:$PATH"
export PATH
exec "$here/env/bin/jupyter" lab --notebook-dir="$here/geonb" \
  --LabApp.default_url=/lab/tree/notebooks/00_five_guesses.ipynb "$@"
LAB
echo "==> ready. Type: sh $target/lab"

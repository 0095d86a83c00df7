#!/bin/bash
# Lifecycle script ("start notebook") for Amazon SageMaker notebook instances (notebook-al2023-v1).
# SageMaker runs it as root at every start and stops it after 5 minutes. What lies outside
# /home/ec2-user/SageMaker is reset at a restart. So the environment is made on that volume, in
# the background, once; only the kernel's entry is written anew at each start.
set -euo pipefail

VOLUME=/home/ec2-user/SageMaker
LOG=$VOLUME/geonb-setup.log
REPOSITORY=https://github.com/geonb/geonb

# In a folder of root's own with a new name: what others could write here, they would run.
folder=$(mktemp -d)
cat > "$folder/setup.sh" <<SETUP
#!/bin/bash
set -euo pipefail
exec > "$LOG" 2>&1
cd "$VOLUME"
if [ ! -d geonb ]; then
  git clone --depth 1 "$REPOSITORY" geonb
fi
if [ ! -e .geonb/ready ]; then
  rm -rf .geonb
  conda=\$(command -v conda || echo /home/ec2-user/anaconda3/bin/conda)
  # Python of our own: the kernels of the instance have 3.10.
  "\$conda" create --yes --quiet --prefix "$VOLUME/.geonb/env" \\
    --override-channels --channel conda-forge python=3.11 pip=25.2
  cd geonb
  ../.geonb/env/bin/python -m pip install --quiet --no-cache-dir --require-hashes --no-deps \\
    -r requirements/mxnet.txt
  ../.geonb/env/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
  touch ../.geonb/ready
  cd ..
fi
# The notebook server is another environment, without the maps' scripts: maps are pictures here.
.geonb/env/bin/python -m ipykernel install --user --name geonb --display-name "geonb" \\
  --env GEONB_MAP static --env GEONB_CACHE "$VOLUME/.geonb/cache"
SETUP

chmod 755 "$folder" "$folder/setup.sh"
nohup sudo -u ec2-user -i "$folder/setup.sh" > /dev/null 2>&1 &
echo "geonb is being set up; see $LOG. It takes some minutes the first time."

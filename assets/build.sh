#!/usr/bin/env bash
# Rebuild every asset with our own commands (about three hours on two cores; see README.md for what each step measured).
set -euo pipefail
cd "$(dirname "$0")/.."
side_core() { .venv/bin/python -m side_core "$@"; }

train() { # name, rows
    local work=.cache/train/$1
    local data="pixel-faces[$2]"
    side_core train dpm --compile --data "$data" --out "$work" --steps 1750 --decay-fraction 0
    side_core train dpm --compile --data "$data" --out "$work" --resume --timesteps logit-normal \
        --steps 5500 --decay-fraction 0.45
    rm -rf "assets/models/$1"
    mkdir -p "assets/models/$1"
    cp -r "$work"/{card.json,model_index.json,scheduler,unet} "assets/models/$1/"
}

side_core data build
export OMP_NUM_THREADS=1 # the two trainings side by side, one core each
train pixel-faces 0:1000 &
train pixel-faces-twin 1000:2000 &
wait -n
wait
for model in pixel-faces pixel-faces-twin ideal; do
    side_core calibrate --model "$model" --mode fast
done

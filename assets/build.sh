#!/usr/bin/env bash
# Rebuild every asset with our own commands (about five hours on two cores; README.md says what came out).
set -euo pipefail
cd "$(dirname "$0")/.."
side_core() { .venv/bin/python -m side_core "$@"; }

train() { # name, rows
    local work=.cache/train/$1
    stage() { side_core train dpm --compile --data "pixel-faces[$2]" --out "$work" "${@:3}"; }
    local middle=(--resume --timesteps logit-normal)
    stage "$@" --steps 9000 --decay-fraction 0.2 --stop-at 1750
    stage "$@" "${middle[@]}" --steps 9000 --decay-fraction 0.2 --stop-at 2750
    stage "$@" "${middle[@]}" --steps 5500 --decay-fraction 0.45 --stop-at 3250
    stage "$@" "${middle[@]}" --timestep-shift 0.5 --loss velocity --steps 7000 --decay-fraction 0.45 --stop-at 4500
    stage "$@" "${middle[@]}" --steps 8400 --decay-fraction 0.45 --stop-at 5500
    stage "$@" "${middle[@]}" --steps 7900 --decay-fraction 0.45 --stop-at 7000
    rm -rf "assets/models/$1"
    mkdir -p "assets/models/$1"
    cp -r "$work"/{card.json,model_index.json,scheduler,unet} "assets/models/$1/"
}

side_core data build
export OMP_NUM_THREADS=1 # the two side by side, one core each
train pixel-faces 0:1000 &
first=$!
train pixel-faces-twin 1000:2000
wait "$first"
side_core calibrate --model pixel-faces --mode fast &
first=$!
side_core calibrate --model pixel-faces-twin --mode fast
wait "$first"
side_core calibrate --model ideal --mode fast

grow() { # sizes: a model and a twin for each, one core
    side_core train growth --compile --no-bfloat16 --keep-every 250 --save-every 250 --data "pixel-faces[0:10000]" \
        --twin-data "pixel-faces[10000:20000]" --out .cache/train/growth --sizes "$@"
}
grow 10 300 3000 &
first=$!
grow 100 1000 10000
wait "$first"
family=assets/models/growth
rm -rf "$family"
ship_grown() { # from, name
    mkdir -p "$family/$2" && cp -r ".cache/train/growth/$1"/{card.json,model_index.json,scheduler,unet} "$family/$2/"
}
for size in 10 100 300 1000 3000 10000; do
    for name in "growth-$size" "growth-$size-twin"; do
        ship_grown "$name" "$name"
    done
done
for step in 250 500 1000 2000 3000; do
    ship_grown "growth-100/kept/step-$(printf %06d "$step")" "growth-100-at-$step"
done
side_core theory growth --out .cache/theory/growth --no-history
cp -r .cache/theory/growth/parts "$family/figures"

text=.cache/train/pixel-faces-text # one core each, too
side_core train text --no-bfloat16 --compile --steps 10600 --batch-size 32 --decay-fraction 0.4 --save-every 200 --out "$text" &
first=$!
side_core train clip --out .cache/train/pixel-faces-clip
wait "$first"
for name in text clip; do
    rm -rf "assets/models/pixel-faces-$name"
    cp -r ".cache/train/pixel-faces-$name" "assets/models/pixel-faces-$name"
    rm -rf "assets/models/pixel-faces-$name"/{checkpoint,autoencoder}
done
side_core prompts calibrate --model pixel-faces-text &
first=$!
side_core prompts truth --model pixel-faces-text
wait "$first"

unset OMP_NUM_THREADS # one after the other, on all cores
side_core train surrogate --model pixel-faces-twin --preset reported --synthetic-count 16384 --encoder dpm --likeness 0.97 --clusters 600 \
    --train-steps 1500 --guidance-scale 15 --guide-from 900 --guide-to 100 --out assets/surrogates/pixel-faces-twin
side_core evaluate side --out runs/evaluation # trains those of SIDE and of its baselines
ship() { rm -rf "assets/surrogates/$2" && cp -r "runs/evaluation/surrogates/$1" "assets/surrogates/$2"; }
ship side-0 pixel-faces
for name in time-independent random cells k-means attribute; do
    ship "$name" "pixel-faces-$name"
done
side_core strips --surrogate pixel-faces --guidance-shape constant --mode exact --out assets/strips/pixel-faces
side_core strips --model pixel-faces-text --prompt "portrait of Anna Adler, long hair" --count 8 --steps 50 --mode exact \
    --out assets/strips/pixel-faces-text
side_core map --bare --out assets/maps/pixel-faces

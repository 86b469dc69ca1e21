#!/usr/bin/env bash
# Train every net that ships, in order, resuming what was begun, within a time limit.
#
#   benchmarks/train_all.sh SECONDS [OUT] [NAME ...]
#
# OUT (default: build/trained) gets a folder for each net with its weights, metrics.csv, recipe.yaml and last grid of
# samples: a few MB. The runs themselves, with their checkpoints, are in RUNS (default: runs) and go on from there at
# the next call. NAMEs choose nets; by default all of them. A GPU is used where there is one; DEVICE=cpu says otherwise.
# Float twins train with the same seed, data and number of updates.
set -euo pipefail
if [ $# -lt 1 ] || ! [[ "$1" =~ ^[0-9]+$ ]]; then
    echo "usage: benchmarks/train_all.sh SECONDS [OUT] [NAME ...]" >&2
    exit 2
fi
END=$((SECONDS + $1))
OUT="${2:-build/trained}"
shift $(($# > 1 ? 2 : 1))
RUNS="${RUNS:-runs}"
DEVICE="${DEVICE:-auto}"
PYTHON="${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}"
ALL=(clothes clothes-float clothes-longer clothes-longer-float clothes-robust faces faces-float digits-first digits-first-float digits digits-float
    clothes-simulated clothes-wox clothes-on-chip digits-on-chip)
NAMES=("${@:-${ALL[@]}}")

collect() { # what is small and worth keeping of a run
    [ -d "$RUNS/$1" ] || return 0
    mkdir -p "$OUT/$1"
    for file in weights.safetensors metrics.csv recipe.yaml technology.json; do
        [ ! -e "$RUNS/$1/$file" ] || cp "$RUNS/$1/$file" "$OUT/$1/"
    done
    local last
    last=$(ls "$RUNS/$1"/samples/*.png 2> /dev/null | tail -n 1 || true)
    [ -z "$last" ] || cp "$last" "$OUT/$1/samples.png"
}

for name in "${NAMES[@]}"; do
    left=$((END - SECONDS))
    if [ "$left" -le 10 ]; then
        echo "no time left for $name" >&2
        continue
    fi
    recipe="${name%-float}"
    first=$(sed -n 's/^goes_on_from: *\([^ ]*\).*/\1/p' "src/spingan/recipes/$recipe.yaml")
    options=(--out "$RUNS/$name" --device "$DEVICE")
    if [ "$name" != "$recipe" ]; then
        options+=(--set technology=ideal --set drawn_devices=null --set programming_noise=null --set "name=$name")
        first="${first:+$first-float}"
    fi
    if [ -e "$RUNS/$name/checkpoint.safetensors" ]; then
        options+=(--resume)
    elif [ -n "$first" ]; then
        if [ ! -e "$RUNS/$first/checkpoint.safetensors" ]; then
            echo "$name begins where $first ends, and $RUNS/$first is not there" >&2
            continue
        fi
        options+=(--start-from "$RUNS/$first")
    else
        rm -rf "${RUNS:?}/$name" # stopped before its first checkpoint
    fi
    echo "== $name, at most $left s" >&2
    status=0
    timeout --signal=INT --kill-after=20 "$left" "$PYTHON" -m spingan train "$recipe" "${options[@]}" || status=$?
    collect "$name"
    case $status in
        0 | 124 | 130) ;;
        *) echo "$name ended with status $status" >&2 ;;
    esac
done

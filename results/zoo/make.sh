#!/bin/sh
# Makes this folder again: `sh results/zoo/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. About an hour and a
# half of one core. The deep group models that came last, at their defaults, for comparison with their public code.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work}
HERE=results/zoo

run() { # run METHODS DATASET
    groupbench run --methods "$1" --dataset "$2" --protocol given --aggregators average --seeds 3 --timeout 7200 \
        --results "$WORK"
}

run dggvae,hcr,dhmae,soagree mafengwo
run dggvae,hcr,dhmae camra2011
groupbench merge "$WORK" --pack --aggregator average --significance 10 --output "$HERE"

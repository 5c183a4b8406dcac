#!/bin/sh
# Makes this folder again: `sh results/aggregators/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. A quarter of
# an hour of one core. Every aggregator over four methods, tuned as in the leaderboard, on ITM-Rec.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work-aggregators}
HERE=results/aggregators

groupbench run --config results/leaderboard/tuned/classical-itmrec-coupled.toml --aggregators all --seeds 5 \
    --methods ease,item-knn-bm25,rp3beta,svdpp --groups-as members --results "$WORK"
groupbench merge "$WORK" --pack --output "$HERE"

#!/bin/sh
# Makes this folder again: `sh results/aggregators/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. A quarter of
# an hour of one core. Every aggregator over four methods, tuned as in the leaderboard.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work-aggregators}
HERE=results/aggregators

for dataset in itmrec ml-100k; do
    groupbench run --config "results/leaderboard/tuned/classical-$dataset-coupled.toml" \
        --methods ease,item-knn-bm25,rp3beta,svdpp --groups-as members --aggregators all --seeds 5 --results "$WORK"
done
groupbench merge "$WORK" --pack --output "$HERE"

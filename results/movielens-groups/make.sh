#!/bin/sh
# Makes this folder again: `sh results/movielens-groups/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. About
# an hour of one core. The groups over MovieLens 100K as published, and with the joint rows that their rule gives.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work}
HERE=results/movielens-groups
SIMPLE=random,popularity,popularity-groups,item-mean,oracle,member-count,group-gf,ease,item-knn-cosine

groupbench run --methods "$SIMPLE" --dataset movielens-groups,movielens-groups:clean --protocol given \
    --aggregators average --seeds 3 --results "$WORK"
groupbench run --methods agree,consrec,cuberec,ncf-group --dataset movielens-groups,movielens-groups:clean \
    --protocol given --aggregators average --seeds 1 --timeout 2400 --results "$WORK"
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

#!/bin/sh
# Makes this folder again: `sh results/foreign/make.sh` at the top of a checkout, with GROUPBENCH_DATA set and Cornac
# 3.0.1 and LensKit 2025.8.1 installed. A quarter of an hour of one core. Budgets are those of the first edition of the leaderboard.
set -eu
WORK=${WORK:-results/work}
HERE=results/foreign
TUNED=results/first-edition/tuned
FOREIGN=cornac:EASE,cornac:BPR,lenskit:knn.EASEScorer,lenskit:als.ImplicitMFScorer,lenskit:knn.ItemKNNScorer

groupbench tune --methods "$FOREIGN,cornac:WBPR" --dataset mafengwo --protocol given --view sampled-group --trials 12 \
    --repeats 1 --metric ndcg@10 --groups-as rows,both --results "$WORK" --output "$HERE/tuned/foreign-mafengwo-given.toml"
groupbench run --config "$HERE/tuned/foreign-mafengwo-given.toml" --seeds 3 --aggregators average --timeout 7200 \
    --results "$WORK"
groupbench run --config "$TUNED/linear-mafengwo-given.toml" --seeds 3 --aggregators average --results "$WORK"
groupbench tune --methods "$FOREIGN" --dataset ml-100k --protocol coupled --view coupled --trials 10 --repeats 1 \
    --metric ndcg@10 --groups-as members --results "$WORK" --output "$HERE/tuned/foreign-ml-100k-coupled.toml"
groupbench run --config "$HERE/tuned/foreign-ml-100k-coupled.toml" --seeds 5 --groups-as members \
    --aggregators average --results "$WORK"
groupbench run --config "$TUNED/classical-ml-100k-coupled.toml" --methods ease,als,bpr,item-knn-cosine,svd,rp3beta \
    --seeds 5 --groups-as members --aggregators average --results "$WORK"
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

#!/bin/sh
# Makes this folder again: `sh results/itmrec-pairs/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. About
# an hour of one core. ITM-Rec's individual ratings, split by pairs of user and item, which is the default.
set -eu
WORK=${WORK:-results/work}
HERE=results/itmrec-pairs
SURPRISE=svd,svdpp,nmf,knn-basic,knn-means,knn-zscore,knn-baseline,knn-basic-item,knn-means-item,knn-zscore-item,knn-baseline-item,slope-one,co-clustering,baseline-only
CLASSICAL=$SURPRISE,als,bpr,lmf,item-knn-cosine,item-knn-tfidf,item-knn-bm25,ease,rp3beta
REFERENCE=random,popularity,popularity-groups,item-mean,oracle

for ratio in 0.8 0.85; do
    for name in dmtl classical; do
        methods=$CLASSICAL
        if [ "$name" = dmtl ]; then methods=dmtl; fi
        groupbench tune --methods "$methods" --dataset itmrec --trials 20 --repeats 3 --metric ndcg@10 \
            --groups-as members --view rated-user --option "ratio=$ratio" --results "$WORK" \
            --output "$HERE/tuned/$name-itmrec-$ratio.toml"
        groupbench run --config "$HERE/tuned/$name-itmrec-$ratio.toml" --seeds 5 --groups-as members --results "$WORK"
    done
    groupbench run --methods "$REFERENCE" --dataset itmrec --ratio "$ratio" --results "$WORK"
done
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"
for study in "ablation --view rated-user" profiling lambda; do
    # shellcheck disable=SC2086
    groupbench study $study --dataset itmrec --config "$HERE/tuned/dmtl-itmrec-0.8.toml" --results "$WORK"
done

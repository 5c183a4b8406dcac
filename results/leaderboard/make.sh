#!/bin/sh
# Makes this folder again: `sh results/leaderboard/make.sh` at the top of a checkout, with GROUPBENCH_DATA set.
# Many hours of one core, most of them those of DMTL and the deep group models; a second call goes on where the first one stopped.
set -eu
WORK=${WORK:-results/work}
HERE=results/leaderboard
DEEP=dmtl-no-profile,dmtl-no-attention,dmtl-mean-attention,dmtl-members-attention,dmtl-no-shared,dmtl-frozen-profile,dmtl-uncertainty,dmtl-ids-only,dmtl-features-only,dmtl-single
SURPRISE=svd,svdpp,nmf,knn-basic,knn-means,knn-zscore,knn-baseline,knn-basic-item,knn-means-item,knn-zscore-item,knn-baseline-item,slope-one,co-clustering,baseline-only
CLASSICAL=$SURPRISE,als,bpr,lmf,item-knn-cosine,item-knn-tfidf,item-knn-bm25,ease,rp3beta
REFERENCE=random,popularity,popularity-groups,item-mean,oracle

tuned() { # tuned NAME METHODS DATASET REPEATS OPTION...: tune, then run what was found with five seeds
    name=$1 methods=$2 dataset=$3 repeats=$4
    shift 4
    groupbench tune --methods "$methods" --dataset "$dataset" --trials 20 --repeats "$repeats" \
        --metric ndcg@10 --groups-as members "$@" --results "$WORK" --output "$HERE/tuned/$name.toml"
    groupbench run --config "$HERE/tuned/$name.toml" --seeds 5 --groups-as members --results "$WORK"
}

for ratio in 0.8 0.85; do
    for dataset in itmrec ml-100k; do
        repeats=3
        if [ "$dataset" = ml-100k ]; then repeats=1; fi
        tuned "classical-$dataset-$ratio" "$CLASSICAL" "$dataset" "$repeats" --view rated-user --option "ratio=$ratio"
        tuned "dmtl-$dataset-$ratio" dmtl "$dataset" "$repeats" --view rated-user --option "ratio=$ratio"
        groupbench run --methods "$REFERENCE" --dataset "$dataset" --ratio "$ratio" --results "$WORK"
    done
    groupbench run --methods dmtl-no-profile,dmtl-no-attention --dataset ml-100k --ratio "$ratio" --results "$WORK"
done
groupbench run --methods "$DEEP" --dataset itmrec,ml-100k --results "$WORK"
tuned classical-itmrec-natural "$CLASSICAL" itmrec 3 --protocol natural
groupbench run --methods "$REFERENCE" --dataset itmrec --protocol natural --results "$WORK"
groupbench run --methods dmtl --dataset itmrec --protocol natural --results "$WORK"
GROUP_METHODS=$REFERENCE,member-count,group-gf,group-stack,ncf-group,agree,groupim,hypergroup,hhgr,cuberec,consrec,aligngroup,dmtl
groupbench run --methods "$GROUP_METHODS,ease,rp3beta,als,item-knn-cosine,svd" --dataset mafengwo,camra2011 \
    --protocol given --aggregators average --seeds 3 --results "$WORK"
groupbench run --methods group-gf --set group-gf.mask=false --dataset camra2011 --protocol given \
    --aggregators average --seeds 3 --results "$WORK"
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

#!/bin/sh
# How the first edition of the leaderboard was made. Its scores are those of that time: individual ratings were split
# by rows, and methods were as they then were, so that this gives other ones now. Many hours of one core, at the top
# of a checkout with GROUPBENCH_DATA set; a second call goes on where the first one stopped.
set -eu
WORK=${WORK:-results/work}
HERE=results/first-edition
DEEP=dmtl-no-profile,dmtl-no-attention,dmtl-mean-attention,dmtl-members-attention,dmtl-no-shared,dmtl-frozen-profile,dmtl-uncertainty,dmtl-ids-only,dmtl-features-only,dmtl-single
SURPRISE=svd,svdpp,nmf,knn-basic,knn-means,knn-zscore,knn-baseline,knn-basic-item,knn-means-item,knn-zscore-item,knn-baseline-item,slope-one,co-clustering,baseline-only
CLASSICAL=$SURPRISE,als,bpr,lmf,item-knn-cosine,item-knn-tfidf,item-knn-bm25,ease,rp3beta
REFERENCE=random,popularity,popularity-groups,item-mean,oracle

tuned() { # tuned NAME METHODS DATASET REPEATS OPTION...: tune, then run what was found with five seeds
    name=$1 methods=$2 dataset=$3 repeats=$4
    shift 4
    groupbench tune --methods "$methods" --dataset "$dataset" --trials "${TRIALS:-20}" --repeats "$repeats" \
        --metric ndcg@10 --groups-as members "$@" --results "$WORK" --output "$HERE/tuned/$name.toml"
    groupbench run --config "$HERE/tuned/$name.toml" --seeds 5 --groups-as members --results "$WORK"
}

given() { # given NAME METHODS DATASET OPTION...: tune on the training rows of a given split, then run with three seeds
    name=$1 methods=$2 dataset=$3
    shift 3
    groupbench tune --methods "$methods" --dataset "$dataset" --protocol given --view sampled-group --trials 12 \
        --repeats 1 --metric ndcg@10 "$@" --results "$WORK" --output "$HERE/tuned/$name-$dataset-given.toml"
    groupbench run --config "$HERE/tuned/$name-$dataset-given.toml" --seeds 3 --aggregators average --timeout 7200 \
        --results "$WORK"
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
for dataset in itmrec groupfm; do
    tuned "classical-$dataset-natural" "$CLASSICAL" "$dataset" 3 --protocol natural
    groupbench run --methods "$REFERENCE,dmtl" --dataset "$dataset" --protocol natural --groups-as members --results "$WORK"
done
tuned classical-itmrec-coupled "$CLASSICAL" itmrec 1 --protocol coupled --view coupled
(TRIALS=10; tuned classical-ml-100k-coupled "$CLASSICAL" ml-100k 1 --protocol coupled --view coupled)
groupbench run --methods "$REFERENCE,dmtl" --dataset itmrec --protocol coupled --aggregators average --results "$WORK"
groupbench run --methods "$REFERENCE" --dataset ml-100k --protocol coupled --aggregators average --results "$WORK"
groupbench run --methods dmtl --dataset ml-100k --protocol coupled --aggregators average --seeds 3 --results "$WORK"
groupbench run --methods ease,svdpp --dataset ml-100k --protocol coupled --groups-as members --seeds 3 --results "$WORK"
DEEP_GROUPS=ncf-group,agree,groupim,hypergroup,hhgr,cuberec,consrec,aligngroup
OF_GROUPS=$REFERENCE,member-count,group-gf,group-stack
groupbench run --methods "$OF_GROUPS,$DEEP_GROUPS,ease,rp3beta,als,bpr,item-knn-cosine,svd" --dataset mafengwo,camra2011 \
    --protocol given --aggregators average --seeds 3 --timeout 7200 --results "$WORK"
groupbench run --methods dmtl --dataset mafengwo,camra2011 --protocol given --aggregators average --seeds 1 --results "$WORK"
groupbench run --methods group-gf --set group-gf.mask=false --dataset camra2011 --protocol given \
    --aggregators average --seeds 3 --results "$WORK"
groupbench run --methods ease --groups-as rows,both --set ease.l2=2000 --set ease.positive=0 --dataset camra2011 \
    --protocol given --aggregators average --seeds 1 --results "$WORK"
for dataset in mafengwo camra2011; do
    given linear ease,rp3beta,item-knn-cosine,als "$dataset" --groups-as rows,both
    given group-gf group-gf "$dataset"
done
given deep consrec,aligngroup,cuberec mafengwo --timeout-per-method 720
given deep consrec,aligngroup camra2011 --timeout-per-method 300
groupbench run --methods "$REFERENCE,member-count,group-stack,item-knn-cosine,rp3beta,als" --dataset weeplaces \
    --protocol given --aggregators average --seeds 1 --timeout 7200 --results "$WORK"
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

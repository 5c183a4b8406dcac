#!/bin/sh
# Makes this folder again: `sh results/dmtl-ranking/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. About
# an hour of one core. DMTL for choices where groups choose, tuned like its opponents on rows cut from training rows.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work}
HERE=results/dmtl-ranking
mkdir -p "$HERE/tuned"

tuned() { # tuned NAME DATASET SEEDS OPTION...: tune with 12 trials, then run what was found
    name=$1 dataset=$2 seeds=$3
    shift 3
    groupbench tune --methods dmtl-ranking --dataset "$dataset" --trials 12 --repeats 1 --metric ndcg@10 \
        --groups-as members "$@" --results "$WORK" --output "$HERE/tuned/$name.toml"
    groupbench run --config "$HERE/tuned/$name.toml" --aggregators average --seeds "$seeds" --results "$WORK"
}

tuned itmrec-natural itmrec 5 --protocol natural
tuned itmrec-coupled itmrec 5 --protocol coupled --view coupled
tuned ml-100k-coupled ml-100k 3 --protocol coupled --view coupled
tuned camra2011-given camra2011 3 --protocol given --view sampled-group
tuned mafengwo-given mafengwo 3 --protocol given --view sampled-group
groupbench run --methods "dmtl-ranking*" --dataset mafengwo,mafengwos --protocol given --groups-as members \
    --aggregators average --seeds 3 --results "$WORK"
groupbench run --methods dmtl-ranking,dmtl-ranking-no-profile --dataset camra2011 --protocol given --groups-as members \
    --aggregators average --seeds 3 --results "$WORK"
groupbench run --methods ease,member-count --dataset mafengwo,mafengwos,camra2011 --protocol given --aggregators average \
    --seeds 3 --results "$WORK"
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

#!/bin/sh
# Makes this folder again: `sh results/text/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. A quarter of an
# hour of one idle core. DMTL for choices with and without texts, on ITM-Rec and where it is known what texts tell.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work}
HERE=results/text

run() { # run DATASET OPTION...: observed groups, three folds
    dataset=$1
    shift
    groupbench run --methods dmtl-ranking --dataset "$dataset" --protocol natural --groups-as members \
        --aggregators average --seeds 3 --results "$WORK" "$@"
}

for dataset in reviews-sim reviews-sim-shuffled itmrec; do
    for text in none tfidf wordllama; do
        run "$dataset" --set "dmtl-ranking.text=$text"
    done
done
run itmrec
for dataset in reviews-sim reviews-sim-shuffled; do
    for text in none tfidf; do
        run "$dataset" --set dmtl-ranking.ids=true --set dmtl-ranking.weight_decay=0.05 --set dmtl-ranking.positive=0 \
            --set "dmtl-ranking.text=$text"
    done
done
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

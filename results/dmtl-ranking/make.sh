#!/bin/sh
# Makes this folder again: `sh results/dmtl-ranking/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. About
# an hour of one core. DMTL for choices at its defaults, which validated best, where groups choose.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work}
HERE=results/dmtl-ranking

run() { # run METHODS DATASETS SEEDS OPTION...
    methods=$1 datasets=$2 seeds=$3
    shift 3
    groupbench run --methods "$methods" --dataset "$datasets" --seeds "$seeds" --groups-as members --aggregators average \
        --results "$WORK" "$@"
}

PARTS="dmtl-ranking,dmtl-ranking-no-profile,dmtl-ranking-no-attention,dmtl-ranking-mean-attention"
PARTS="$PARTS,dmtl-ranking-no-shared,dmtl-ranking-ids,dmtl-ranking-ids-only"
run "$PARTS" mafengwo 3 --protocol given
run dmtl-ranking,dmtl-ranking-no-profile mafengwos 3 --protocol given
# Chosen on validation rows, as is all below that is set.
for dataset in mafengwo mafengwos; do
    run dmtl-ranking $dataset 3 --protocol given --set dmtl-ranking.overlaps=true
done
run dmtl-ranking mafengwo 3 --protocol given --set dmtl-ranking.overlaps=true --set dmtl-ranking.weight_decay=0.05
run dmtl-ranking,dmtl-ranking-no-profile camra2011 3 --protocol given
run dmtl-ranking camra2011 3 --protocol given --set dmtl-ranking.positive=0.0 --set dmtl-ranking.weight_decay=0.3 \
    --set dmtl-ranking.members_choices=false
run dmtl-ranking,dmtl-ranking-no-profile,item-knn-bm25 itmrec 5 --protocol natural
run dmtl-ranking,dmtl-ranking-no-profile,item-knn-bm25 itmrec 5 --protocol coupled
run dmtl-ranking,dmtl-ranking-no-profile,ease ml-100k 3 --protocol coupled
run consrec mafengwos 3 --protocol given
run dmtl-ranking weeplaces 3 --protocol given --k 20,50 --set dmtl-ranking.share_scale=20 \
    --set dmtl-ranking.batch_size=256 --set dmtl-ranking.epochs=8 --set dmtl-ranking.patience=2
groupbench run --methods ease --dataset mafengwo,mafengwos,camra2011 --protocol given --groups-as members,both \
    --aggregators average --seeds 3 --results "$WORK"
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

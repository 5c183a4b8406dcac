#!/bin/sh
# Makes this folder again: `sh results/dmtl-study/make.sh` at the top of a checkout, with GROUPBENCH_DATA set. About an
# hour of one core. What profiling brings DMTL: observed groups against formed ones, known groups against new ones.
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work}
HERE=results/dmtl-study

tasks() { # tasks DATASET SEEDS OPTION...: profiling by each task, and without any
    dataset=$1 seeds=$2
    shift 2
    for task in none companion_weight cluster_weight; do
        set_task=
        [ "$task" = none ] || set_task="--set dmtl-ranking-no-profile.$task=0.1"
        # shellcheck disable=SC2086
        groupbench run --methods dmtl-ranking-no-profile $set_task --dataset "$dataset" --seeds "$seeds" \
            --groups-as members --aggregators average --results "$WORK" "$@"
    done
    groupbench run --methods dmtl-ranking --dataset "$dataset" --seeds "$seeds" --groups-as members \
        --aggregators average --results "$WORK" "$@"
}

tasks itmrec 5 --protocol natural
tasks itmrec 5 --protocol natural --option held=rows
tasks camra2011 2 --protocol coupled --groups natural
tasks camra2011 2 --protocol coupled --groups random --n-groups 290
groupbench run --methods dmtl-ranking-no-profile,dmtl-ranking --dataset camra2011 --protocol coupled --groups similar \
    --n-groups 290 --seeds 2 --groups-as members --aggregators average --results "$WORK"
for held in groups rows; do
    groupbench run --methods dmtl,dmtl-no-profile --dataset itmrec --protocol natural --option held=$held --seeds 3 \
        --groups-as members --aggregators average --results "$WORK"
done
groupbench merge "$WORK" --pack --aggregator average --output "$HERE"

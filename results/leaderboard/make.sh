#!/bin/sh
# Makes this folder again: `sh results/leaderboard/make.sh` at the top of a checkout, with GROUPBENCH_DATA set; with
# names of parts (`sh results/leaderboard/make.sh itmrec mafengwo`) only those. About a day of two cores, most of it the
# deep group models. A second call goes on where the first one stopped: searches that have ended lie in tuned/, jobs
# that have ended in records.parquet, both of which may come from another machine. The part `foreign` needs
# groupbench[cornac,lenskit].
set -eu
export OMP_NUM_THREADS=1
WORK=${WORK:-results/work}
HERE=results/leaderboard
TRIALS=${TRIALS:-10}
PARTS="itmrec groupfm ml-100k simple stack published dmtl weeplaces foreign searched"
SURPRISE=svd,svdpp,nmf,knn-basic,knn-means,knn-zscore,knn-baseline,knn-basic-item,knn-means-item,knn-zscore-item,knn-baseline-item,slope-one,co-clustering,baseline-only
CHOICES=als,bpr,lmf,item-knn-cosine,item-knn-tfidf,item-knn-bm25,ease,elsa,rp3beta
HYPERGRAPHS="dggvae consrec aligngroup hcr dhmae hypergroup hhgr"
TOWERS="agree ncf-group groupim dmtl-ranking"
GIVEN="mafengwo mafengwos camra2011 movielens-groups movielens-groups:clean"
FOREIGN=cornac:EASE,cornac:BPR,lenskit:knn.EASEScorer,lenskit:als.ImplicitMFScorer,lenskit:knn.ItemKNNScorer

search() { # search NAME OPTION...: as many trials for each method, the mean of three validation splits decides
    name=$1
    shift
    test -f "$HERE/tuned/$name.toml" || groupbench tune --trials "$TRIALS" --repeats 3 --metric ndcg@10 --quiet \
        --timeout 7200 --results "$WORK" --output "$HERE/tuned/$name.toml" "$@"
}

run() { # run OPTION...: what was found, or other methods
    groupbench run --aggregators average --timeout 7200 --results "$WORK" "$@"
}

tuned() { # tuned NAME OPTION...: search, then run what was found with five seeds; members' lists serve groups
    search "$@" --groups-as members
    run --config "$HERE/tuned/$1.toml" --groups-as members --seeds 5
}

given() { # given DATASET PART GROUPS_AS METHODS [VIEW]: the split that the data came with
    search "$2-$1-given" --methods "$4" --dataset "$1" --protocol given --view "${5:-sampled-group}" --groups-as "$3"
    run --config "$HERE/tuned/$2-$1-given.toml" --groups-as "$3" --seeds 5
}

formed() { # formed DATASET: protocols in which groups are formed
    for ratio in 0.8 0.85; do
        tuned "classical-$1-$ratio" --methods "$SURPRISE,$CHOICES,item-mean" --dataset "$1" --protocol paper \
            --ratio "$ratio" --view rated-user
    done
    tuned "classical-$1-coupled" --methods "$SURPRISE,$CHOICES,sagea" --dataset "$1" --protocol coupled \
        --view coupled
    run --methods item-mean --dataset "$1" --protocol coupled --groups-as members --seeds 5
}

networks() { # networks DATASET: DMTL where groups are formed
    tuned "ranking-$1-coupled" --methods dmtl-ranking --dataset "$1" --protocol coupled --view coupled
    for ratio in 0.8 0.85; do
        tuned "dmtl-$1-$ratio" --methods dmtl --dataset "$1" --protocol paper --ratio "$ratio" --view rated-user
    done
    tuned "dmtl-$1-coupled" --methods dmtl --dataset "$1" --protocol coupled --view coupled
}

observed() { # observed DATASET: groups with joint ratings that were observed
    tuned "classical-$1-natural" --methods "$SURPRISE,$CHOICES" --dataset "$1" --protocol natural
    run --methods item-mean,popularity-groups,known-ratings --dataset "$1" --protocol natural --groups-as members --seeds 5
    tuned "dmtl-$1-natural" --methods dmtl,dmtl-ranking --dataset "$1" --protocol natural
}

simple() { # simple DATASET...: what trains in seconds, and what needs no training
    for dataset in "$@"; do
        run --methods member-count,popularity-groups --dataset "$dataset" --protocol given --seeds 5
        given "$dataset" group-gf members group-gf
        given "$dataset" simple members,rows,both "$CHOICES"
    done
}

published() { # published DATASET METHOD...: deep models as they come, without a search
    dataset=$1
    shift
    for method in "$@"; do run --methods "$method" --dataset "$dataset" --protocol given --groups-as members --seeds 5; done
}

searched() { # searched DATASET METHOD...: one search for each, so that little is lost when it is stopped
    dataset=$1
    shift
    for method in "$@"; do given "$dataset" "$method" members "$method"; done
}

part() {
    case $1 in
    itmrec)
        observed itmrec
        formed itmrec
        networks itmrec ;;
    groupfm) observed groupfm ;;
    ml-100k) formed ml-100k ;;
    dmtl) networks ml-100k ;;
    simple) simple $GIVEN ;;
    stack) for dataset in $GIVEN; do searched "$dataset" group-stack; done ;;
    published)
        published mafengwo $HYPERGRAPHS $TOWERS cuberec soagree
        for dataset in mafengwos camra2011; do published "$dataset" $HYPERGRAPHS $TOWERS cuberec; done
        for dataset in movielens-groups movielens-groups:clean; do published "$dataset" consrec agree; done
        published mafengwo c3 ;;
    searched) searched mafengwo $HYPERGRAPHS $TOWERS cuberec soagree ;;
    weeplaces)
        given weeplaces simple members als,item-knn-cosine,rp3beta full-group
        run --methods member-count,popularity-groups,group-stack --dataset weeplaces --protocol given --seeds 5 ;;
    foreign)
        given mafengwo foreign rows,both "$FOREIGN"
        tuned foreign-ml-100k-coupled --methods "$FOREIGN" --dataset ml-100k --protocol coupled --view coupled ;;
    *)
        echo "make.sh: no part $1; there are: $PARTS" >&2
        exit 2 ;;
    esac
}

test -d "$WORK/runs" || ! test -f "$HERE/records.parquet" || groupbench merge "$HERE" --output "$WORK"
for part in ${*:-$PARTS}; do
    part "$part"
    groupbench merge "$WORK" --pack --aggregator average --significance 10 --output "$HERE"
done

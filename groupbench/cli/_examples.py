"""One example of every command, shown at the end of its help."""

from __future__ import annotations

EXAMPLES = {
    "run": "groupbench run --methods ease,classic --dataset itmrec --seeds 5",
    "tune": "groupbench tune --methods ease,svd --trials 20 -o tuned.toml",
    "table": "groupbench table --metrics ndcg@10,recall@10 --significance",
    "report": "groupbench report -o report.html",
    "compare": "groupbench compare ease svd --metrics ndcg@10",
    "card": "groupbench card --format latex -o methods.tex",
    "list": "groupbench list methods",
    "explain": "groupbench explain ndcg@10",
    "reproduce": "groupbench reproduce svd",
    "export": "groupbench export -o lists --methods svd",
    "export-task": "groupbench export-task --dataset itmrec-sim -o task",
    "score": "groupbench score mine.run --name mine",
    "merge": "groupbench merge one two -o both",
    "submit": 'groupbench submit -o ours.zip --as "A. Author, My University"',
    "verify": "groupbench verify ours.zip --sample 5",
    "check": "groupbench check mine --plugin mine.py",
    "doctor": "groupbench doctor",
    "plot bars": "groupbench plot bars --metrics ndcg@10 -o bars.svg",
    "plot pareto": "groupbench plot pareto --cost seconds -o pareto.svg",
    "plot by-size": "groupbench plot by-size --methods ease,svd -o by-size.svg",
    "plot lambda": "groupbench plot lambda --dataset itmrec-sim --seeds 1 -o lambda.svg",
    "plot training": "groupbench plot training --dataset itmrec-sim -o training.svg",
    "plot tsne": "groupbench plot tsne --dataset itmrec-sim -o tsne.svg",
    "plot attention": "groupbench plot attention --dataset itmrec-sim -o attention.svg",
    "plot distribution": "groupbench plot distribution --methods ease,svd -o distribution.svg",
    "plot cd": "groupbench plot cd --blocks seeds -o cd.svg",
    "study ablation": "groupbench study ablation --dataset itmrec-sim --seeds 2",
    "study lambda": "groupbench study lambda --dataset itmrec-sim --seeds 2",
    "study profiling": "groupbench study profiling --dataset itmrec-sim --seeds 2",
    "data fetch": "groupbench data fetch ml-100k",
    "data check": "groupbench data check itmrec --data-dir data",
    "data info": "groupbench data info itmrec",
    "data doctor": "groupbench data doctor camra2011 --fix",
    "data build attendance-components": (
        "groupbench data build attendance-components --events went.csv --friends friends.csv -o new"
    ),
    "data build co-visit": "groupbench data build co-visit --log checkins.csv --friends friends.csv -o new",
    "data build co-presence": "groupbench data build co-presence --log checkins.csv --window 60 -o new",
    "data build all-rated": "groupbench data build all-rated --log ratings.csv --sizes 2,4 -o new",
    "data build all-rated-liked": "groupbench data build all-rated-liked --log ratings.csv --tau 4 -o new",
    "data build similar-by-embedding": (
        "groupbench data build similar-by-embedding --log ratings.csv --relation divergent -o new"
    ),
    "data build subset": "groupbench data build subset --log folder --min-user-rows 5 -o new",
    "env make": "groupbench env make recbole",
    "env list": "groupbench env list",
    "env remove": "groupbench env remove recbole",
    "new method": "groupbench new method mine --group --torch",
    "new aggregator": "groupbench new aggregator mine",
    "new metric": "groupbench new metric mine",
    "new dataset": "groupbench new dataset mine",
    "new view": "groupbench new view mine",
}
"""By a command's words what to type."""

"""One example of every command, shown at the end of its help."""

from __future__ import annotations

EXAMPLES = {
    "run": "groupbench run --methods ease,classic --dataset itmrec --seeds 5",
    "tune": "groupbench tune --methods ease,svd --trials 20 -o tuned.toml",
    "table": "groupbench table --metrics ndcg@10,recall@10 --significance",
    "report": "groupbench report -o report.html",
    "compare": "groupbench compare ease svd --metric ndcg@10",
    "list": "groupbench list methods",
    "explain": "groupbench explain ndcg@10",
    "reproduce": "groupbench reproduce svd",
    "export": "groupbench export -o lists --method svd",
    "export-task": "groupbench export-task --dataset itmrec-sim -o task",
    "score": "groupbench score mine.run --name mine",
    "merge": "groupbench merge one two -o both",
    "check": "groupbench check mine --plugin mine.py",
    "doctor": "groupbench doctor",
    "plot bars": "groupbench plot bars --metric ndcg@10 -o bars.svg",
    "plot pareto": "groupbench plot pareto --cost seconds -o pareto.svg",
    "plot by-size": "groupbench plot by-size --methods ease,svd -o by-size.svg",
    "plot lambda": "groupbench plot lambda --dataset itmrec-sim --seeds 1 -o lambda.svg",
    "plot training": "groupbench plot training --dataset itmrec-sim -o training.svg",
    "plot tsne": "groupbench plot tsne --dataset itmrec-sim -o tsne.svg",
    "plot attention": "groupbench plot attention --dataset itmrec-sim -o attention.svg",
    "plot cd": "groupbench plot cd --blocks seeds -o cd.svg",
    "study ablation": "groupbench study ablation --dataset itmrec-sim --seeds 2",
    "study lambda": "groupbench study lambda --dataset itmrec-sim --seeds 2",
    "study profiling": "groupbench study profiling --dataset itmrec-sim --seeds 2",
    "data fetch": "groupbench data fetch ml-100k",
    "data check": "groupbench data check itmrec --data-dir data",
    "data info": "groupbench data info itmrec",
    "data doctor": "groupbench data doctor camra2011 --fix",
    "new method": "groupbench new method mine",
}
"""By a command's words what to type."""

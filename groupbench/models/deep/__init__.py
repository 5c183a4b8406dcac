"""Deep group recommenders: one file per model, and its network beside it.

Training itself stands in `groupbench.models`; `method.py` says how to add a model.
"""

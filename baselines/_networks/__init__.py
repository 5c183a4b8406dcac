"""The networks of the deep group models, one a file; the files beside this folder hold their hyperparameters.

They are made of what `groupbench.models.deep` offers. What several models use belongs there.
"""

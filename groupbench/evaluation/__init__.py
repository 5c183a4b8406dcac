"""From a data set to metric values: tasks, splits, protocols, views, scoring and accumulation.

What a metric is belongs to `groupbench.metrics`, what becomes of its values to `groupbench.results`.
"""

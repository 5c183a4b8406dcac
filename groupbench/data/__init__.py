"""Data sets and groups: what they are, how they are loaded, formed, checked for leaks and diagnosed.

What is held out, and how a ranking is evaluated, belongs to `groupbench.evaluation`.
"""

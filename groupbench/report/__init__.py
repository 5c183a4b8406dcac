"""The long results frame and what is made of it: tables, comparisons, rankings, breakdowns, plots, the page.

Nothing here runs jobs, evaluates scores or writes results.
"""

"""What a finished job leaves: records and tables on disk, their archive, and exchange with other tools.

Nothing here runs a job, and nothing here decides what a table shows: that is `groupbench.report`.
"""

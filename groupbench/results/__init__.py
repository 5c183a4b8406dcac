"""What finished jobs leave behind: records and their tables, archives, and how records agree.

Nothing here runs jobs or makes tables for people.
"""

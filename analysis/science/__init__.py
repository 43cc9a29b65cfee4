"""What a study found: rating models, effect sizes, checks, and the figures of a paper.

Everything here takes the tidy tables of `analysis.tables`. Which arm somebody was in comes from the
table that ``unblind`` wrote and from nowhere else; without it nothing is split by arm.
"""

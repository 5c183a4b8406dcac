"""Data sets made of raw logs: who forms a group, what it chose, and what of that is held out.

One module per recipe; what is peculiar to a published data set stands in its file in `datasets/`.
"""

from groupbench.data.recipes._base import GroupRecipe, Recipe
from groupbench.data.recipes._build import RECIPES, build, build_folder

__all__ = ["RECIPES", "GroupRecipe", "Recipe", "build", "build_folder"]

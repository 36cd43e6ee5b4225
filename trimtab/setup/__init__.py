"""Sets up an environment: what okctl's users had by hand is one command, shown before it is done, and reversible.

`setup.py` tells the story. A step looks (reads only) and says what it would do; it acts only after all have been shown
and agreed to. Each can be run again at any point: all state is in the cluster, in Git, and at GitHub.
"""

"""Looking into Git and the clusters on behalf of callers: trees, comparisons, manifests, logs, and changes of single
objects. What is looked at is followed only while somebody looks.
"""

"""What GitHub is told about deployments: decided here from the state of Applications, posted by the controller. Pure.

Nothing of the cluster's own words is passed on, no message of an API server and no value: kinds and names of objects,
counts, and what became of them.
"""

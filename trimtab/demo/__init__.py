"""`trimtab demo`: the whole of Trimtab on one machine, live: an embedded cluster, a repository, the controller."""

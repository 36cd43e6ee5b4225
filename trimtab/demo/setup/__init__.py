"""`trimtab demo setup`: a whole set-up on this machine, GitHub included."""

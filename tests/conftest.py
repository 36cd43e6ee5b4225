"""What every test may use: the fixtures of the real Kubernetes, and the word of why it could not be had."""

pytest_plugins = ["tools.controlplane.pytest_lane", "pytester"]

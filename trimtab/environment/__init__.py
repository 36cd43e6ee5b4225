"""What a team declares about an environment, read with a line for every problem. Purely decided: no I/O."""

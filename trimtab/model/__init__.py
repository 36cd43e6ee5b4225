"""The nouns, as frozen values. Purely data: no I/O, no decisions."""

"""The loop that keeps applications on course."""

"""From a comparison to a Plan, and progress as a fold. Pure."""

"""What a refresh learned, as `.status`. Pure."""

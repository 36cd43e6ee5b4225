"""Reading Applications fast: kept as the bytes that the API server sent, joined into replies, never encoded again."""

"""Understanding what comes back: pure, from what was said to what was meant."""

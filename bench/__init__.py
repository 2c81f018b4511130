"""Benchmarks: what each step costs, as ratios to a limit taken in the same run."""

"""Simulation: a made-up programme through a whole year, each of its decisions judged."""

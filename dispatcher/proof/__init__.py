"""Proof: a second opinion on what the rules decide, written from the rule data's table alone."""

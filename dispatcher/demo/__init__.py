"""The demo: a made-up programme on a private stack, told from the file to the last opt-out."""

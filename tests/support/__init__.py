"""What several tests stand on: servers, and what may be missing on a machine."""

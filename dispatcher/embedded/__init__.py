"""The laptop stack: a private PostgreSQL and a private Valkey that end with their launcher."""

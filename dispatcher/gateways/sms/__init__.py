"""Gateways for text messages, one module for each provider or protocol."""

"""Gateways: how messages leave the house and how the outside world calls back."""

"""The pages and endpoints of the outside world: gateways that call back, customers who click."""

"""E-mail gateways, one provider a module; `smtp` speaks to any mail server."""

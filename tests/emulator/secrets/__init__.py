"""Secrets Manager of the local AWS."""

"""End-to-end tests: the shipped zips on the local AWS."""

"""SNS of the local AWS."""

"""S3 of the local AWS."""

"""SQS of the local AWS."""

"""CloudWatch Logs of the local AWS: what the functions have written, for `aws logs`."""

"""A local AWS: enough of Lambda, S3, Redshift and their neighbours to run the whole system on a laptop."""

"""The Redshift Data API of the local AWS, on a Postgres."""

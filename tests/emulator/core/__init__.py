"""What every service of the local AWS stands on: the server, signatures, protocols, faults."""

"""What the data API is measured with: the table, the load, and the servers it stands beside."""

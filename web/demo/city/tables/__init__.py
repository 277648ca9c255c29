"""One module a table: each builds the rows of one department out of the people of the city."""

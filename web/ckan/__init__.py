"""The CKAN face: the actions of CKAN 2.12's API over our catalogue, read only, for CKAN's own tools."""

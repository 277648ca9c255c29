"""The provider's pages: datasets, uploads, policies with their effect, requests, releases."""

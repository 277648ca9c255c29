"""Invoices, payments, refunds and credit notes of an organisation."""

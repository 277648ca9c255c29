"""The operator's pages: parties, periods, refunds, statements, ledger, jobs, audit log; and a department's income."""

"""What every service stands on: settings, database session, jobs, outbox, audit, object store, mail."""

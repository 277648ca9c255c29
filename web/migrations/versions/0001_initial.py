"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# At commit, an entry that does not sum to zero is refused by the database itself.
LEDGER_BALANCE = (
    """CREATE FUNCTION ledger_posting_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.entry_id
                 GROUP BY currency, provider_id HAVING SUM(amount) <> 0)
      THEN RAISE EXCEPTION 'a journal entry does not sum to zero' USING DETAIL = NEW.entry_id;
      END IF;
      RETURN NULL;
    END $$""",
    """CREATE CONSTRAINT TRIGGER ledger_posting_balance AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_posting_balance()""",
)


def upgrade() -> None:
    op.create_table(
        "billing_period",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("ended_by", sa.String(length=36), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_period")),
        sa.UniqueConstraint("month", "ordinal", name=op.f("uq_billing_period_month_ordinal")),
        sa.UniqueConstraint("name", name=op.f("uq_billing_period_name")),
    )
    with op.batch_alter_table("billing_period", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_period_start_at"), ["start_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_period_state"), ["state"], unique=False)

    op.create_table(
        "credentials_access_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials_access_version")),
    )
    op.create_table(
        "credentials_key",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=4), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.String(length=8), nullable=True),
        sa.Column("replaced_by", sa.String(length=36), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_credentials_key_hash")),
    )
    with op.batch_alter_table("credentials_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credentials_key_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_credentials_key_subscription_id"), ["subscription_id"], unique=False)

    op.create_table(
        "kit_audit",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject_kind", sa.String(length=80), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=80), nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_audit")),
        sa.UniqueConstraint("sequence", name=op.f("uq_kit_audit_sequence")),
        info={"append_only": True},
    )
    with op.batch_alter_table("kit_audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kit_audit_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_kit_audit_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_kit_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_kit_audit_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "kit_audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_audit_head")),
    )
    op.create_table(
        "kit_idempotency_key",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=36), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_kit_idempotency_key")),
    )
    with op.batch_alter_table("kit_idempotency_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kit_idempotency_key_created_at"), ["created_at"], unique=False)

    op.create_table(
        "kit_job",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_job")),
    )
    with op.batch_alter_table("kit_job", schema=None) as batch_op:
        batch_op.create_index("ix_kit_job_state_run_after", ["state", "run_after"], unique=False)
        batch_op.create_index(batch_op.f("ix_kit_job_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "kit_job_failure",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("job_id", sa.String(length=120), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("error_class", sa.String(length=120), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retried_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_job_failure")),
    )
    with op.batch_alter_table("kit_job_failure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kit_job_failure_job_id"), ["job_id"], unique=False)

    op.create_table(
        "kit_job_step",
        sa.Column("job_id", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_kit_job_step")),
    )
    op.create_table(
        "kit_mail",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("to_address", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_mail")),
    )
    op.create_table(
        "kit_outbox",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_outbox")),
    )
    with op.batch_alter_table("kit_outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kit_outbox_dispatched_at"), ["dispatched_at"], unique=False)

    op.create_table(
        "kit_schedule",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kit_schedule")),
    )
    op.create_table(
        "kit_worker",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("machine", sa.String(length=120), nullable=False),
        sa.Column("process", sa.String(length=60), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_worker")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("kind", "owner_id", "currency", name=op.f("uq_ledger_account_kind_owner_id_currency")),
    )
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_account_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "ledger_journal_entry",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_journal_entry")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq_ledger_journal_entry_kind_reference")),
        sa.UniqueConstraint("number", name=op.f("uq_ledger_journal_entry_number")),
        info={"append_only": True},
    )
    with op.batch_alter_table("ledger_journal_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_journal_entry_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_journal_entry_reference"), ["reference"], unique=False)

    op.create_table(
        "ledger_sequence",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ledger_sequence")),
    )
    op.create_table(
        "metering_allowance",
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("units_limit", sa.BigInteger(), nullable=True),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "period_start", name=op.f("pk_metering_allowance")),
    )
    op.create_table(
        "metering_boundary",
        sa.Column("moment", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("moment", name=op.f("pk_metering_boundary")),
        info={"append_only": True},
    )
    op.create_table(
        "metering_lease",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("recorded", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metering_lease")),
    )
    with op.batch_alter_table("metering_lease", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metering_lease_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_metering_lease_subscription_id"), ["subscription_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_metering_lease_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "metering_live_usage",
        sa.Column("segment_id", sa.String(length=64), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "segment_id", "subscription_id", "bucket", "status", "reason", name=op.f("pk_metering_live_usage")
        ),
    )
    with op.batch_alter_table("metering_live_usage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metering_live_usage_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "metering_seen_request",
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("receipt", sa.String(length=32), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_metering_seen_request")),
    )
    with op.batch_alter_table("metering_seen_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metering_seen_request_first_at"), ["first_at"], unique=False)

    op.create_table(
        "metering_segment",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("worker_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.JSON(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metering_segment")),
        info={"append_only": True},
    )
    with op.batch_alter_table("metering_segment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_metering_segment_first_at"), ["first_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_metering_segment_last_at"), ["last_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_metering_segment_worker_id"), ["worker_id"], unique=False)

    op.create_table(
        "metering_turnstile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metering_turnstile")),
    )
    op.create_table(
        "metering_usage",
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "subscription_id",
            "dataset_id",
            "key_id",
            "mode",
            "bucket",
            "status",
            "reason",
            name=op.f("pk_metering_usage"),
        ),
    )
    op.create_table(
        "metering_worker",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("journal", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_through", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metering_worker")),
    )
    op.create_table(
        "parties_organisation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("external_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["parties_organisation.id"],
            name=op.f("fk_parties_organisation_parent_id_parties_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_organisation")),
        sa.UniqueConstraint("slug", name=op.f("uq_parties_organisation_slug")),
    )
    with op.batch_alter_table("parties_organisation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_organisation_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_parties_organisation_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "parties_person",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_person")),
        sa.UniqueConstraint("email", name=op.f("uq_parties_person_email")),
    )
    op.create_table(
        "payments_connected_account",
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("stripe_id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_payments_connected_account")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_payments_connected_account_stripe_id")),
    )
    op.create_table(
        "payments_customer",
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("stripe_id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_payments_customer")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_payments_customer_stripe_id")),
    )
    op.create_table(
        "payments_payment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("method", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stripe_id", sa.String(length=100), nullable=True),
        sa.Column("failure_code", sa.String(length=100), nullable=True),
        sa.Column("action_url", sa.String(length=2000), nullable=True),
        sa.Column("return_path", sa.String(length=200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments_payment")),
    )
    with op.batch_alter_table("payments_payment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payments_payment_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payments_payment_reference"), ["reference"], unique=False)
        batch_op.create_index(batch_op.f("ix_payments_payment_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_payments_payment_stripe_id"), ["stripe_id"], unique=False)

    op.create_table(
        "payments_webhook_event",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("stripe_id", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.Column("our_id", sa.String(length=36), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments_webhook_event")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_payments_webhook_event_stripe_id")),
    )
    op.create_table(
        "products_offering",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products_offering")),
        sa.UniqueConstraint("dataset_id", name=op.f("uq_products_offering_dataset_id")),
    )
    with op.batch_alter_table("products_offering", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_products_offering_provider_id"), ["provider_id"], unique=False)

    op.create_table(
        "releases_request_counter",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_releases_request_counter")),
    )
    op.create_table(
        "settlement_statement",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("period_id", sa.String(length=36), nullable=False),
        sa.Column("period_name", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opening", sa.Integer(), nullable=False),
        sa.Column("paid", sa.Integer(), nullable=False),
        sa.Column("refunded", sa.Integer(), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("closing", sa.Integer(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("issued_by", sa.String(length=36), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_statement")),
        sa.UniqueConstraint("number", name=op.f("uq_settlement_statement_number")),
        sa.UniqueConstraint("period_id", "provider_id", name=op.f("uq_settlement_statement_period_id_provider_id")),
        info={"append_only": True},
    )
    with op.batch_alter_table("settlement_statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_settlement_statement_period_id"), ["period_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_settlement_statement_provider_id"), ["provider_id"], unique=False)

    op.create_table(
        "subscriptions_agreement",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("offering_id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=2000), nullable=True),
        sa.Column("terms_hash", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("accepted_by", sa.String(length=36), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions_agreement")),
        sa.UniqueConstraint("number", name=op.f("uq_subscriptions_agreement_number")),
        info={"append_only": True},
    )
    with op.batch_alter_table("subscriptions_agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriptions_agreement_offering_id"), ["offering_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_subscriptions_agreement_organisation_id"), ["organisation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_subscriptions_agreement_provider_id"), ["provider_id"], unique=False)

    op.create_table(
        "subscriptions_order",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("offering_id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=True),
        sa.Column("purpose", sa.String(length=2000), nullable=True),
        sa.Column("overage_cap", sa.Integer(), nullable=True),
        sa.Column("accepted_terms_hash", sa.String(length=64), nullable=True),
        sa.Column("subscription_id", sa.String(length=36), nullable=True),
        sa.Column("key_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions_order")),
    )
    with op.batch_alter_table("subscriptions_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriptions_order_offering_id"), ["offering_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscriptions_order_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscriptions_order_subscription_id"), ["subscription_id"], unique=False)

    op.create_table(
        "billing_invoice",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("period_id", sa.String(length=36), nullable=True),
        sa.Column("subscription_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["period_id"], ["billing_period.id"], name=op.f("fk_billing_invoice_period_id_billing_period")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_invoice")),
        sa.UniqueConstraint("key", name=op.f("uq_billing_invoice_key")),
        sa.UniqueConstraint("number", name=op.f("uq_billing_invoice_number")),
    )
    with op.batch_alter_table("billing_invoice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_invoice_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_invoice_period_id"), ["period_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_invoice_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_invoice_subscription_id"), ["subscription_id"], unique=False)

    op.create_table(
        "billing_rated_usage",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("period_id", sa.String(length=36), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("calls_before", sa.BigInteger(), nullable=False),
        sa.Column("included", sa.BigInteger(), nullable=True),
        sa.Column("overage_calls", sa.BigInteger(), nullable=False),
        sa.Column("unit_amount", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["period_id"], ["billing_period.id"], name=op.f("fk_billing_rated_usage_period_id_billing_period")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_rated_usage")),
        sa.UniqueConstraint(
            "period_id", "subscription_id", name=op.f("uq_billing_rated_usage_period_id_subscription_id")
        ),
        info={"append_only": True},
    )
    with op.batch_alter_table("billing_rated_usage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_rated_usage_period_id"), ["period_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_rated_usage_subscription_id"), ["subscription_id"], unique=False)

    op.create_table(
        "datasets_dataset",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("description", sa.JSON(), nullable=False),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("openness", sa.String(length=20), nullable=False),
        sa.Column("data_class", sa.String(length=20), nullable=False),
        sa.Column("licence_id", sa.String(length=100), nullable=False),
        sa.Column("update_frequency", sa.String(length=20), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("spatial", sa.JSON(), nullable=False),
        sa.Column("external_ids", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["parties_organisation.id"],
            name=op.f("fk_datasets_dataset_provider_id_parties_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets_dataset")),
        sa.UniqueConstraint("slug", name=op.f("uq_datasets_dataset_slug")),
    )
    with op.batch_alter_table("datasets_dataset", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_datasets_dataset_openness"), ["openness"], unique=False)
        batch_op.create_index(batch_op.f("ix_datasets_dataset_provider_id"), ["provider_id"], unique=False)

    op.create_table(
        "ledger_posting",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_posting_account_id_ledger_account")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_journal_entry.id"], name=op.f("fk_ledger_posting_entry_id_ledger_journal_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_posting")),
        info={"append_only": True},
    )
    with op.batch_alter_table("ledger_posting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_posting_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_posting_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_posting_provider_id"), ["provider_id"], unique=False)

    op.create_table(
        "parties_access_token",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["parties_person.id"], name=op.f("fk_parties_access_token_person_id_parties_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_access_token")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_parties_access_token_token_digest")),
    )
    with op.batch_alter_table("parties_access_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_access_token_person_id"), ["person_id"], unique=False)

    op.create_table(
        "parties_browser_session",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["parties_person.id"], name=op.f("fk_parties_browser_session_person_id_parties_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_browser_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_parties_browser_session_token_digest")),
    )
    with op.batch_alter_table("parties_browser_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_browser_session_person_id"), ["person_id"], unique=False)

    op.create_table(
        "parties_invitation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.String(length=36), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["parties_organisation.id"],
            name=op.f("fk_parties_invitation_organisation_id_parties_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_invitation")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_parties_invitation_token_digest")),
    )
    with op.batch_alter_table("parties_invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_invitation_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "parties_membership",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["parties_organisation.id"],
            name=op.f("fk_parties_membership_organisation_id_parties_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["parties_person.id"], name=op.f("fk_parties_membership_person_id_parties_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_membership")),
    )
    with op.batch_alter_table("parties_membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_membership_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_parties_membership_person_id"), ["person_id"], unique=False)

    op.create_table(
        "parties_notice",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.Column("link", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["parties_person.id"], name=op.f("fk_parties_notice_person_id_parties_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_notice")),
        sa.UniqueConstraint("person_id", "reference", name=op.f("uq_parties_notice_person_id_reference")),
    )
    with op.batch_alter_table("parties_notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_notice_person_id"), ["person_id"], unique=False)

    op.create_table(
        "parties_one_time_token",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["parties_person.id"], name=op.f("fk_parties_one_time_token_person_id_parties_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parties_one_time_token")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_parties_one_time_token_token_digest")),
    )
    with op.batch_alter_table("parties_one_time_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parties_one_time_token_person_id"), ["person_id"], unique=False)

    op.create_table(
        "products_plan",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("offering_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("quota_per_month", sa.Integer(), nullable=True),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("replaces_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["products_offering.id"], name=op.f("fk_products_plan_offering_id_products_offering")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["products_plan.id"], name=op.f("fk_products_plan_replaces_id_products_plan")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products_plan")),
    )
    with op.batch_alter_table("products_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_products_plan_offering_id"), ["offering_id"], unique=False)

    op.create_table(
        "settlement_payout",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("statement_id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stripe_id", sa.String(length=100), nullable=True),
        sa.Column("failure_code", sa.String(length=100), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=36), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["settlement_statement.id"],
            name=op.f("fk_settlement_payout_statement_id_settlement_statement"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_payout")),
        sa.UniqueConstraint("number", name=op.f("uq_settlement_payout_number")),
    )
    with op.batch_alter_table("settlement_payout", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_settlement_payout_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_settlement_payout_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_settlement_payout_statement_id"), ["statement_id"], unique=False)

    op.create_table(
        "subscriptions_subscription",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=False),
        sa.Column("agreement_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("offering_id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("overage_cap", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agreement_id"],
            ["subscriptions_agreement.id"],
            name=op.f("fk_subscriptions_subscription_agreement_id_subscriptions_agreement"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions_subscription")),
        sa.UniqueConstraint("request_key", name=op.f("uq_subscriptions_subscription_request_key")),
    )
    with op.batch_alter_table("subscriptions_subscription", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscriptions_subscription_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscriptions_subscription_offering_id"), ["offering_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_subscriptions_subscription_organisation_id"), ["organisation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_subscriptions_subscription_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscriptions_subscription_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscriptions_subscription_state"), ["state"], unique=False)

    op.create_table(
        "billing_invoice_line",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("invoice_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("offering_id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("component", sa.String(length=16), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("plan_name", sa.JSON(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("per", sa.Integer(), nullable=False),
        sa.Column("unit_amount", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("covers_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("covers_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rated_usage_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing_invoice.id"], name=op.f("fk_billing_invoice_line_invoice_id_billing_invoice")
        ),
        sa.ForeignKeyConstraint(
            ["rated_usage_id"],
            ["billing_rated_usage.id"],
            name=op.f("fk_billing_invoice_line_rated_usage_id_billing_rated_usage"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_invoice_line")),
        info={"append_only": True},
    )
    with op.batch_alter_table("billing_invoice_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_invoice_line_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_invoice_line_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_invoice_line_subscription_id"), ["subscription_id"], unique=False)

    op.create_table(
        "billing_refund",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("request_key", sa.String(length=100), nullable=True),
        sa.Column("invoice_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("requested_by", sa.String(length=36), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(length=2000), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stripe_id", sa.String(length=100), nullable=True),
        sa.Column("failure_code", sa.String(length=100), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing_invoice.id"], name=op.f("fk_billing_refund_invoice_id_billing_invoice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_refund")),
        sa.UniqueConstraint("number", name=op.f("uq_billing_refund_number")),
        sa.UniqueConstraint("request_key", name=op.f("uq_billing_refund_request_key")),
    )
    with op.batch_alter_table("billing_refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_refund_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_refund_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_refund_state"), ["state"], unique=False)

    op.create_table(
        "datasets_former_slug",
        sa.Column("slug", sa.String(length=100), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_datasets_former_slug_dataset_id_datasets_dataset")
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_datasets_former_slug")),
    )
    with op.batch_alter_table("datasets_former_slug", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_datasets_former_slug_dataset_id"), ["dataset_id"], unique=False)

    op.create_table(
        "products_price_component",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("component", sa.String(length=16), nullable=False),
        sa.Column("unit_amount", sa.Integer(), nullable=False),
        sa.Column("per", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["products_plan.id"], name=op.f("fk_products_price_component_plan_id_products_plan")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products_price_component")),
        sa.UniqueConstraint("plan_id", "component", name=op.f("uq_products_price_component_plan_id_component")),
        info={"append_only": True},
    )
    with op.batch_alter_table("products_price_component", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_products_price_component_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "vault_dataset_key",
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_vault_dataset_key_dataset_id_datasets_dataset")
        ),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_vault_dataset_key")),
    )
    op.create_table(
        "vault_safe",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("upload_id", sa.String(length=36), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_vault_safe_dataset_id_datasets_dataset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_safe")),
    )
    with op.batch_alter_table("vault_safe", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vault_safe_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vault_safe_upload_id"), ["upload_id"], unique=False)

    op.create_table(
        "billing_credit_note",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("refund_id", sa.String(length=36), nullable=False),
        sa.Column("invoice_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["billing_invoice.id"], name=op.f("fk_billing_credit_note_invoice_id_billing_invoice")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["billing_refund.id"], name=op.f("fk_billing_credit_note_refund_id_billing_refund")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_credit_note")),
        sa.UniqueConstraint("number", name=op.f("uq_billing_credit_note_number")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_billing_credit_note_refund_id")),
        info={"append_only": True},
    )
    with op.batch_alter_table("billing_credit_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_credit_note_invoice_id"), ["invoice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_credit_note_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "billing_refund_line",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("refund_id", sa.String(length=36), nullable=False),
        sa.Column("invoice_line_id", sa.String(length=36), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_line_id"],
            ["billing_invoice_line.id"],
            name=op.f("fk_billing_refund_line_invoice_line_id_billing_invoice_line"),
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["billing_refund.id"], name=op.f("fk_billing_refund_line_refund_id_billing_refund")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_refund_line")),
        info={"append_only": True},
    )
    with op.batch_alter_table("billing_refund_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_refund_line_invoice_line_id"), ["invoice_line_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_billing_refund_line_refund_id"), ["refund_id"], unique=False)

    op.create_table(
        "vault_upload",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("safe_id", sa.String(length=36), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("correction", sa.JSON(), nullable=False),
        sa.Column("format", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("rows_set_aside", sa.Integer(), nullable=True),
        sa.Column("personal_cells", sa.Integer(), nullable=True),
        sa.Column("profile", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("uploaded_by", sa.String(length=36), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("profiled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destroy_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_vault_upload_dataset_id_datasets_dataset")
        ),
        sa.ForeignKeyConstraint(["safe_id"], ["vault_safe.id"], name=op.f("fk_vault_upload_safe_id_vault_safe")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_upload")),
    )
    with op.batch_alter_table("vault_upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vault_upload_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vault_upload_destroy_at"), ["destroy_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_vault_upload_status"), ["status"], unique=False)

    op.create_table(
        "billing_credit_note_line",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("credit_note_id", sa.String(length=36), nullable=False),
        sa.Column("invoice_line_id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column("tax", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credit_note_id"],
            ["billing_credit_note.id"],
            name=op.f("fk_billing_credit_note_line_credit_note_id_billing_credit_note"),
        ),
        sa.ForeignKeyConstraint(
            ["invoice_line_id"],
            ["billing_invoice_line.id"],
            name=op.f("fk_billing_credit_note_line_invoice_line_id_billing_invoice_line"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_credit_note_line")),
        info={"append_only": True},
    )
    with op.batch_alter_table("billing_credit_note_line", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_billing_credit_note_line_credit_note_id"), ["credit_note_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_billing_credit_note_line_invoice_line_id"), ["invoice_line_id"], unique=False
        )

    op.create_table(
        "releases_policy",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("upload_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_releases_policy_dataset_id_datasets_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["vault_upload.id"], name=op.f("fk_releases_policy_upload_id_vault_upload")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_policy")),
        sa.UniqueConstraint("dataset_id", "number", name=op.f("uq_releases_policy_dataset_id_number")),
        info={"append_only": True},
    )
    with op.batch_alter_table("releases_policy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_policy_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_releases_policy_upload_id"), ["upload_id"], unique=False)

    op.create_table(
        "releases_request",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("upload_id", sa.String(length=36), nullable=False),
        sa.Column("upload_revision", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.String(length=36), nullable=False),
        sa.Column("artifact_id", sa.String(length=36), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("impact_assessment", sa.String(length=200), nullable=False),
        sa.Column("failure", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("submitted_by", sa.String(length=36), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_releases_request_dataset_id_datasets_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["releases_policy.id"], name=op.f("fk_releases_request_policy_id_releases_policy")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["vault_upload.id"], name=op.f("fk_releases_request_upload_id_vault_upload")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_request")),
        sa.UniqueConstraint("number", name=op.f("uq_releases_request_number")),
    )
    with op.batch_alter_table("releases_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_request_dataset_id"), ["dataset_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_releases_request_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_releases_request_upload_id"), ["upload_id"], unique=False)

    op.create_table(
        "releases_artifact",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("upload_id", sa.String(length=36), nullable=False),
        sa.Column("release_id", sa.String(length=36), nullable=False),
        sa.Column("policy_id", sa.String(length=36), nullable=False),
        sa.Column("safe_id", sa.String(length=36), nullable=False),
        sa.Column("submitted_by", sa.String(length=36), nullable=False),
        sa.Column("required_approvals", sa.Integer(), nullable=False),
        sa.Column("artifact_hash", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("rows_in", sa.Integer(), nullable=False),
        sa.Column("rows_published", sa.Integer(), nullable=False),
        sa.Column("rows_suppressed", sa.Integer(), nullable=False),
        sa.Column("k_required", sa.Integer(), nullable=False),
        sa.Column("k_reached", sa.Integer(), nullable=True),
        sa.Column("rescan", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("contract", sa.JSON(), nullable=False),
        sa.Column("public_report", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("required_approvals >= 1", name=op.f("ck_releases_artifact_approvals")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_releases_artifact_dataset_id_datasets_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["releases_policy.id"], name=op.f("fk_releases_artifact_policy_id_releases_policy")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["releases_request.id"], name=op.f("fk_releases_artifact_request_id_releases_request")
        ),
        sa.ForeignKeyConstraint(["safe_id"], ["vault_safe.id"], name=op.f("fk_releases_artifact_safe_id_vault_safe")),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["vault_upload.id"], name=op.f("fk_releases_artifact_upload_id_vault_upload")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_artifact")),
        sa.UniqueConstraint("request_id", "round", name=op.f("uq_releases_artifact_request_id_round")),
        info={"append_only": True},
    )
    with op.batch_alter_table("releases_artifact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_artifact_request_id"), ["request_id"], unique=False)

    op.create_table(
        "releases_comment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.String(length=2000), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["releases_request.id"], name=op.f("fk_releases_comment_request_id_releases_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_comment")),
        info={"append_only": True},
    )
    with op.batch_alter_table("releases_comment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_comment_request_id"), ["request_id"], unique=False)

    op.create_table(
        "releases_transition",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["releases_request.id"], name=op.f("fk_releases_transition_request_id_releases_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_transition")),
        info={"append_only": True},
    )
    with op.batch_alter_table("releases_transition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_transition_request_id"), ["request_id"], unique=False)

    op.create_table(
        "releases_decision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("artifact_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("officer_id", sa.String(length=36), nullable=False),
        sa.Column("artifact_hash", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('approve', 'send_back', 'reject')", name=op.f("ck_releases_decision_outcome")),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["releases_artifact.id"], name=op.f("fk_releases_decision_artifact_id_releases_artifact")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["releases_request.id"], name=op.f("fk_releases_decision_request_id_releases_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_decision")),
        sa.UniqueConstraint("artifact_id", "officer_id", name=op.f("uq_releases_decision_artifact_id_officer_id")),
        info={"walled": True, "append_only": True},
    )
    with op.batch_alter_table("releases_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_decision_artifact_id"), ["artifact_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_releases_decision_request_id"), ["request_id"], unique=False)

    op.create_table(
        "releases_release",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("artifact_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("manifest_hash", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("contract", sa.JSON(), nullable=False),
        sa.Column("public_report", sa.JSON(), nullable=False),
        sa.Column("sample_key", sa.String(length=200), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["releases_artifact.id"], name=op.f("fk_releases_release_artifact_id_releases_artifact")
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets_dataset.id"], name=op.f("fk_releases_release_dataset_id_datasets_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["releases_request.id"], name=op.f("fk_releases_release_request_id_releases_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases_release")),
        sa.UniqueConstraint("artifact_id", name=op.f("uq_releases_release_artifact_id")),
        sa.UniqueConstraint("dataset_id", "version", name=op.f("uq_releases_release_dataset_id_version")),
        sa.UniqueConstraint("request_id", name=op.f("uq_releases_release_request_id")),
        info={"walled": True, "append_only": True},
    )
    with op.batch_alter_table("releases_release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_releases_release_dataset_id"), ["dataset_id"], unique=False)

    op.create_table(
        "releases_withdrawal",
        sa.Column("release_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=36), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases_release.id"], name=op.f("fk_releases_withdrawal_release_id_releases_release")
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_releases_withdrawal")),
        info={"append_only": True},
    )
    op.guard_append_only("billing_credit_note")
    op.guard_append_only("billing_credit_note_line")
    op.guard_append_only("billing_invoice_line")
    op.guard_append_only("billing_rated_usage")
    op.guard_append_only("billing_refund_line")
    op.guard_append_only("kit_audit")
    op.guard_append_only("ledger_journal_entry")
    op.guard_append_only("ledger_posting")
    op.guard_append_only("metering_boundary")
    op.guard_append_only("metering_segment")
    op.guard_append_only("products_price_component")
    op.guard_append_only("releases_artifact")
    op.guard_append_only("releases_comment")
    op.guard_append_only("releases_decision")
    op.guard_append_only("releases_policy")
    op.guard_append_only("releases_release")
    op.guard_append_only("releases_transition")
    op.guard_append_only("releases_withdrawal")
    op.guard_append_only("settlement_statement")
    op.guard_append_only("subscriptions_agreement")
    op.raise_wall("releases_decision")
    op.raise_wall("releases_release")
    if op.get_bind().dialect.name == "postgresql":
        for statement in LEDGER_BALANCE:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_posting_balance() CASCADE")
    op.take_wall_down("releases_release")
    op.take_wall_down("releases_decision")
    op.unguard_append_only("subscriptions_agreement")
    op.unguard_append_only("settlement_statement")
    op.unguard_append_only("releases_withdrawal")
    op.unguard_append_only("releases_transition")
    op.unguard_append_only("releases_release")
    op.unguard_append_only("releases_policy")
    op.unguard_append_only("releases_decision")
    op.unguard_append_only("releases_comment")
    op.unguard_append_only("releases_artifact")
    op.unguard_append_only("products_price_component")
    op.unguard_append_only("metering_segment")
    op.unguard_append_only("metering_boundary")
    op.unguard_append_only("ledger_posting")
    op.unguard_append_only("ledger_journal_entry")
    op.unguard_append_only("kit_audit")
    op.unguard_append_only("billing_refund_line")
    op.unguard_append_only("billing_rated_usage")
    op.unguard_append_only("billing_invoice_line")
    op.unguard_append_only("billing_credit_note_line")
    op.unguard_append_only("billing_credit_note")
    op.drop_table("releases_withdrawal")
    with op.batch_alter_table("releases_release", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_release_dataset_id"))

    op.drop_table("releases_release")
    with op.batch_alter_table("releases_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_decision_request_id"))
        batch_op.drop_index(batch_op.f("ix_releases_decision_artifact_id"))

    op.drop_table("releases_decision")
    with op.batch_alter_table("releases_transition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_transition_request_id"))

    op.drop_table("releases_transition")
    with op.batch_alter_table("releases_comment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_comment_request_id"))

    op.drop_table("releases_comment")
    with op.batch_alter_table("releases_artifact", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_artifact_request_id"))

    op.drop_table("releases_artifact")
    with op.batch_alter_table("releases_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_request_upload_id"))
        batch_op.drop_index(batch_op.f("ix_releases_request_state"))
        batch_op.drop_index(batch_op.f("ix_releases_request_dataset_id"))

    op.drop_table("releases_request")
    with op.batch_alter_table("releases_policy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_releases_policy_upload_id"))
        batch_op.drop_index(batch_op.f("ix_releases_policy_dataset_id"))

    op.drop_table("releases_policy")
    with op.batch_alter_table("billing_credit_note_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_credit_note_line_invoice_line_id"))
        batch_op.drop_index(batch_op.f("ix_billing_credit_note_line_credit_note_id"))

    op.drop_table("billing_credit_note_line")
    with op.batch_alter_table("vault_upload", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vault_upload_status"))
        batch_op.drop_index(batch_op.f("ix_vault_upload_destroy_at"))
        batch_op.drop_index(batch_op.f("ix_vault_upload_dataset_id"))

    op.drop_table("vault_upload")
    with op.batch_alter_table("billing_refund_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_refund_line_refund_id"))
        batch_op.drop_index(batch_op.f("ix_billing_refund_line_invoice_line_id"))

    op.drop_table("billing_refund_line")
    with op.batch_alter_table("billing_credit_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_credit_note_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_billing_credit_note_invoice_id"))

    op.drop_table("billing_credit_note")
    with op.batch_alter_table("vault_safe", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vault_safe_upload_id"))
        batch_op.drop_index(batch_op.f("ix_vault_safe_dataset_id"))

    op.drop_table("vault_safe")
    op.drop_table("vault_dataset_key")
    with op.batch_alter_table("products_price_component", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_products_price_component_plan_id"))

    op.drop_table("products_price_component")
    with op.batch_alter_table("datasets_former_slug", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_datasets_former_slug_dataset_id"))

    op.drop_table("datasets_former_slug")
    with op.batch_alter_table("billing_refund", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_refund_state"))
        batch_op.drop_index(batch_op.f("ix_billing_refund_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_billing_refund_invoice_id"))

    op.drop_table("billing_refund")
    with op.batch_alter_table("billing_invoice_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_invoice_line_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_billing_invoice_line_provider_id"))
        batch_op.drop_index(batch_op.f("ix_billing_invoice_line_invoice_id"))

    op.drop_table("billing_invoice_line")
    with op.batch_alter_table("subscriptions_subscription", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_subscription_state"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_subscription_provider_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_subscription_plan_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_subscription_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_subscription_offering_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_subscription_dataset_id"))

    op.drop_table("subscriptions_subscription")
    with op.batch_alter_table("settlement_payout", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_settlement_payout_statement_id"))
        batch_op.drop_index(batch_op.f("ix_settlement_payout_state"))
        batch_op.drop_index(batch_op.f("ix_settlement_payout_provider_id"))

    op.drop_table("settlement_payout")
    with op.batch_alter_table("products_plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_products_plan_offering_id"))

    op.drop_table("products_plan")
    with op.batch_alter_table("parties_one_time_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_one_time_token_person_id"))

    op.drop_table("parties_one_time_token")
    with op.batch_alter_table("parties_notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_notice_person_id"))

    op.drop_table("parties_notice")
    with op.batch_alter_table("parties_membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_membership_person_id"))
        batch_op.drop_index(batch_op.f("ix_parties_membership_organisation_id"))

    op.drop_table("parties_membership")
    with op.batch_alter_table("parties_invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_invitation_organisation_id"))

    op.drop_table("parties_invitation")
    with op.batch_alter_table("parties_browser_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_browser_session_person_id"))

    op.drop_table("parties_browser_session")
    with op.batch_alter_table("parties_access_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_access_token_person_id"))

    op.drop_table("parties_access_token")
    with op.batch_alter_table("ledger_posting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_posting_provider_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_posting_entry_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_posting_account_id"))

    op.drop_table("ledger_posting")
    with op.batch_alter_table("datasets_dataset", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_datasets_dataset_provider_id"))
        batch_op.drop_index(batch_op.f("ix_datasets_dataset_openness"))

    op.drop_table("datasets_dataset")
    with op.batch_alter_table("billing_rated_usage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_rated_usage_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_billing_rated_usage_period_id"))

    op.drop_table("billing_rated_usage")
    with op.batch_alter_table("billing_invoice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_invoice_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_billing_invoice_state"))
        batch_op.drop_index(batch_op.f("ix_billing_invoice_period_id"))
        batch_op.drop_index(batch_op.f("ix_billing_invoice_organisation_id"))

    op.drop_table("billing_invoice")
    with op.batch_alter_table("subscriptions_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_order_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_order_person_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_order_offering_id"))

    op.drop_table("subscriptions_order")
    with op.batch_alter_table("subscriptions_agreement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscriptions_agreement_provider_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_agreement_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_subscriptions_agreement_offering_id"))

    op.drop_table("subscriptions_agreement")
    with op.batch_alter_table("settlement_statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_settlement_statement_provider_id"))
        batch_op.drop_index(batch_op.f("ix_settlement_statement_period_id"))

    op.drop_table("settlement_statement")
    op.drop_table("releases_request_counter")
    with op.batch_alter_table("products_offering", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_products_offering_provider_id"))

    op.drop_table("products_offering")
    op.drop_table("payments_webhook_event")
    with op.batch_alter_table("payments_payment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payments_payment_stripe_id"))
        batch_op.drop_index(batch_op.f("ix_payments_payment_state"))
        batch_op.drop_index(batch_op.f("ix_payments_payment_reference"))
        batch_op.drop_index(batch_op.f("ix_payments_payment_organisation_id"))

    op.drop_table("payments_payment")
    op.drop_table("payments_customer")
    op.drop_table("payments_connected_account")
    op.drop_table("parties_person")
    with op.batch_alter_table("parties_organisation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parties_organisation_parent_id"))
        batch_op.drop_index(batch_op.f("ix_parties_organisation_kind"))

    op.drop_table("parties_organisation")
    op.drop_table("metering_worker")
    op.drop_table("metering_usage")
    op.drop_table("metering_turnstile")
    with op.batch_alter_table("metering_segment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metering_segment_worker_id"))
        batch_op.drop_index(batch_op.f("ix_metering_segment_last_at"))
        batch_op.drop_index(batch_op.f("ix_metering_segment_first_at"))

    op.drop_table("metering_segment")
    with op.batch_alter_table("metering_seen_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metering_seen_request_first_at"))

    op.drop_table("metering_seen_request")
    with op.batch_alter_table("metering_live_usage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metering_live_usage_worker_id"))

    op.drop_table("metering_live_usage")
    with op.batch_alter_table("metering_lease", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_metering_lease_worker_id"))
        batch_op.drop_index(batch_op.f("ix_metering_lease_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_metering_lease_state"))

    op.drop_table("metering_lease")
    op.drop_table("metering_boundary")
    op.drop_table("metering_allowance")
    op.drop_table("ledger_sequence")
    with op.batch_alter_table("ledger_journal_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_journal_entry_reference"))
        batch_op.drop_index(batch_op.f("ix_ledger_journal_entry_at"))

    op.drop_table("ledger_journal_entry")
    op.drop_table("ledger_head")
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_account_owner_id"))

    op.drop_table("ledger_account")
    op.drop_table("kit_worker")
    op.drop_table("kit_schedule")
    with op.batch_alter_table("kit_outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kit_outbox_dispatched_at"))

    op.drop_table("kit_outbox")
    op.drop_table("kit_mail")
    op.drop_table("kit_job_step")
    with op.batch_alter_table("kit_job_failure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kit_job_failure_job_id"))

    op.drop_table("kit_job_failure")
    with op.batch_alter_table("kit_job", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kit_job_worker_id"))
        batch_op.drop_index("ix_kit_job_state_run_after")

    op.drop_table("kit_job")
    with op.batch_alter_table("kit_idempotency_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kit_idempotency_key_created_at"))

    op.drop_table("kit_idempotency_key")
    op.drop_table("kit_audit_head")
    with op.batch_alter_table("kit_audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kit_audit_subject_id"))
        batch_op.drop_index(batch_op.f("ix_kit_audit_at"))
        batch_op.drop_index(batch_op.f("ix_kit_audit_actor_id"))
        batch_op.drop_index(batch_op.f("ix_kit_audit_action"))

    op.drop_table("kit_audit")
    with op.batch_alter_table("credentials_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credentials_key_subscription_id"))
        batch_op.drop_index(batch_op.f("ix_credentials_key_organisation_id"))

    op.drop_table("credentials_key")
    op.drop_table("credentials_access_version")
    with op.batch_alter_table("billing_period", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_period_state"))
        batch_op.drop_index(batch_op.f("ix_billing_period_start_at"))

    op.drop_table("billing_period")

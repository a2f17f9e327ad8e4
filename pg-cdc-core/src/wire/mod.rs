//! Our own connection to PostgreSQL.

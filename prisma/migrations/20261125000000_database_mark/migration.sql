-- What this database is for, such as production: what cannot be undone then asks for more.
-- At most one row; without it the database is not marked.
CREATE TABLE database_mark (
  id          boolean        NOT NULL DEFAULT true,
  environment text           NOT NULL,
  marked_at   timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

  CONSTRAINT database_mark_pkey PRIMARY KEY (id),
  CONSTRAINT database_mark_one_row CHECK (id),
  CONSTRAINT database_mark_environment CHECK (environment ~ '^[a-z][a-z0-9_-]{0,62}$')
);

ALTER TABLE database_mark ENABLE ROW LEVEL SECURITY;

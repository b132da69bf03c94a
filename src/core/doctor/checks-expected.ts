/**
 * What the migrations make beyond tables and columns, in the server's own words: the doctor compares with it
 * and takes the statements that mend a database from it. A test holds it to a freshly migrated database.
 */

/** Without Prisma's record of migrations. */
export const TABLES = ["users", "sessions", "vocabulary_words", "progress", "audit_log", "database_mark"] as const;
export const MIGRATIONS_TABLE = "_prisma_migrations";

/** Those that belong to no constraint. */
export const INDEXES: readonly string[] = [
  "CREATE INDEX audit_log_occurred_at_id_idx ON audit_log USING btree (occurred_at, id)",
  "CREATE INDEX audit_log_subjects_idx ON audit_log USING gin (subjects) WITH (fastupdate=off)",
  "CREATE INDEX progress_user_id_next_review_at_idx ON progress USING btree (user_id, next_review_at)",
  "CREATE INDEX progress_word_id_idx ON progress USING btree (word_id)",
  "CREATE INDEX sessions_ended_at_idx ON sessions USING btree (LEAST(expires_at, revoked_at))",
  "CREATE INDEX sessions_live_user_id_idx ON sessions USING btree (live_user_id)",
  "CREATE UNIQUE INDEX sessions_token_hash_key ON sessions USING btree (token_hash)",
  "CREATE INDEX sessions_user_id_idx ON sessions USING btree (user_id)",
  "CREATE INDEX users_created_at_id_idx ON users USING btree (created_at, id)",
  "CREATE INDEX users_deleted_email_idx ON users USING btree (email) WHERE (deleted_at IS NOT NULL)",
  "CREATE INDEX users_domain_idx ON users USING btree (split_part(email, '@'::text, 2), email)",
  "CREATE UNIQUE INDEX users_email_key ON users USING btree (email)",
  "CREATE UNIQUE INDEX users_live_id_key ON users USING btree (live_id)",
  "CREATE INDEX users_search_idx ON users USING gin (email gin_trgm_ops, display_name gin_trgm_ops) WITH (fastupdate=off)",
  "CREATE INDEX vocabulary_words_language_level_category_idx ON vocabulary_words USING btree (language, level, category)",
  "CREATE UNIQUE INDEX vocabulary_words_language_term_reading_sense_key ON vocabulary_words USING btree (language, term, reading, sense)",
  'CREATE INDEX vocabulary_words_reading_key_idx ON vocabulary_words USING btree (search_reading(reading) COLLATE "C", language)',
  "CREATE INDEX vocabulary_words_search_idx ON vocabulary_words USING gin (search_text(term, reading) gin_trgm_ops, search_characters(search_text(term, reading)), (ARRAY[language])) WITH (fastupdate=off)",
  'CREATE INDEX vocabulary_words_term_key_idx ON vocabulary_words USING btree (search_key(term) COLLATE "C", language)',
];

/** By table and name. */
export const CONSTRAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  audit_log: {
    audit_log_changes_object: "CHECK ((jsonb_typeof(changes) = 'object'::text))",
    audit_log_lengths:
      "CHECK ((((length(action) >= 1) AND (length(action) <= 100)) AND (length(command_line) <= 4000) AND (length(operator) <= 500) AND ((length(reason) >= 1) AND (length(reason) <= 1000))))",
    audit_log_pkey: "PRIMARY KEY (id)",
  },
  database_mark: {
    database_mark_environment: "CHECK ((environment ~ '^[a-z][a-z0-9_-]{0,62}$'::text))",
    database_mark_one_row: "CHECK (id)",
    database_mark_pkey: "PRIMARY KEY (id)",
  },
  progress: {
    progress_confidence: "CHECK ((((0)::double precision <= confidence) AND (confidence <= (1)::double precision)))",
    progress_counts: "CHECK (((0 <= correct_count) AND (correct_count <= study_count)))",
    progress_pkey: "PRIMARY KEY (user_id, word_id)",
    progress_user_id_fkey: "FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE",
    progress_word_id_fkey: "FOREIGN KEY (word_id) REFERENCES vocabulary_words(id) ON DELETE RESTRICT",
  },
  sessions: {
    sessions_expire_after_creation: "CHECK ((expires_at > created_at))",
    sessions_live_user_id_fkey: "FOREIGN KEY (live_user_id) REFERENCES users(live_id) DEFERRABLE INITIALLY DEFERRED",
    sessions_pkey: "PRIMARY KEY (id)",
    sessions_token_hash_sha256: "CHECK ((token_hash ~ '^[0-9a-f]{64}$'::text))",
    sessions_user_id_fkey: "FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE",
  },
  users: {
    users_display_name_trimmed:
      "CHECK (((display_name = btrim(display_name)) AND ((length(display_name) >= 1) AND (length(display_name) <= 200))))",
    users_email_length: "CHECK (((length(email) <= 254) AND (strpos(email, '@'::text) <= 65)))",
    users_email_shape:
      "CHECK (((email COLLATE \"C\") ~ '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$'::text))",
    users_password_hash_argon2id: "CHECK ((password_hash ~~ '$argon2id$%'::text))",
    users_pkey: "PRIMARY KEY (id)",
  },
  vocabulary_words: {
    vocabulary_words_definition: "CHECK (((definition <> ''::text) AND (length(definition) <= 4000)))",
    vocabulary_words_example: "CHECK (((length(example) >= 1) AND (length(example) <= 4000)))",
    vocabulary_words_labels:
      "CHECK ((((length(part_of_speech) >= 1) AND (length(part_of_speech) <= 100)) AND ((length(level) >= 1) AND (length(level) <= 100)) AND ((length(category) >= 1) AND (length(category) <= 100))))",
    vocabulary_words_language_tag:
      "CHECK (((language ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$'::text) AND (length(language) <= 35)))",
    vocabulary_words_pkey: "PRIMARY KEY (id)",
    vocabulary_words_reading:
      "CHECK (((reading = btrim(reading)) AND (length(reading) <= 255) AND (reading IS NFC NORMALIZED)))",
    vocabulary_words_sense: "CHECK (((sense = btrim(sense)) AND (length(sense) <= 100) AND (sense IS NFC NORMALIZED)))",
    vocabulary_words_term:
      "CHECK (((term <> ''::text) AND (term = btrim(term)) AND (length(term) <= 255) AND (term IS NFC NORMALIZED)))",
  },
};

export const TRIGGERS: readonly string[] = [
  "CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log()",
  "CREATE TRIGGER audit_log_stamp BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION stamp_audit_log()",
  "CREATE TRIGGER progress_set_updated_at BEFORE UPDATE ON progress FOR EACH ROW EXECUTE FUNCTION set_updated_at()",
  "CREATE TRIGGER users_refuse_delete_of_live BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION refuse_delete_of_live_user()",
  "CREATE TRIGGER users_set_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at()",
  "CREATE TRIGGER vocabulary_words_set_updated_at BEFORE UPDATE ON vocabulary_words FOR EACH ROW EXECUTE FUNCTION set_updated_at()",
];

/*
 * The files of lib/state/sql, put into the program by state_sql.S: state_sql_read_file is
 * read_file.sql. sql/fragments.psql says how to run them by hand.
 */
#ifndef STATE_STATE_SQL_H
#define STATE_STATE_SQL_H

/* clang-format off */
#define STATE_SQL_STATEMENTS(X) \
    X(assign_statement) X(claim_file) X(claim_known_file) X(end_file) X(end_statement) \
    X(find_deleted_twin) X(find_new_objects) X(find_statement) X(list_due) X(local_time) X(mark_file) \
    X(move_search) X(note_submission) X(postpone_file) X(read_file) X(record_gone) X(release_lease) X(renew_lease) \
    X(reserve_archive) X(take_lease)

/* Parts that the statements share: `:fence` is fence.sql. */
#define STATE_SQL_FRAGMENTS(X) \
    X(audit_row) X(enter_state) X(fence) X(has_work) X(history_row) X(in_scope) X(is_earlier) \
    X(is_unsettled) X(is_upload) X(lease) X(lease_is_free) X(lease_taken) X(now) X(record) \
    X(record_tables) X(same_source) X(statements) X(statements_written)
/* clang-format on */

#ifndef __ASSEMBLER__
#define STATE_SQL_DECLARE(name) extern const char state_sql_##name[];
STATE_SQL_STATEMENTS(STATE_SQL_DECLARE)
STATE_SQL_FRAGMENTS(STATE_SQL_DECLARE)
#undef STATE_SQL_DECLARE
#endif

#endif

#include "unit/unit.h"

#include "base/array.h"
#include "redshift/failure.h"

#define S3(status, code)                                                                           \
    "S3ServiceException:Said so.,Status " status ",Error " code                                    \
    ",Rid 6ADF9C5C,ExtRid x1=,CanRetry 1"

static const char *const kind_names[] = {
    [FAILURE_OTHER] = "OTHER",
    [FAILURE_CONFLICT] = "CONFLICT",
    [FAILURE_TRANSIENT] = "TRANSIENT",
    [FAILURE_INTERRUPTED] = "INTERRUPTED",
    [FAILURE_ASSERTION] = "ASSERTION",
    [FAILURE_MISSING_RELATION] = "MISSING_RELATION",
    [FAILURE_DENIED] = "DENIED",
    [FAILURE_BAD_ROWS] = "BAD_ROWS",
    [FAILURE_BAD_ARCHIVE] = "BAD_ARCHIVE",
    [FAILURE_NULL_VALUE] = "NULL_VALUE",
};

struct row {
    const char *text;
    enum failure_kind kind;
};

static void assert_kinds(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct failure failure = failure_read(slice_from(rows[i].text));
        if (failure.kind != rows[i].kind) {
            fail_msg("\"%s\" is %s, must be %s", rows[i].text, kind_names[failure.kind],
                     kind_names[rows[i].kind]);
        }
        assert_int_equal(failure.column.size > 0, failure.kind == FAILURE_NULL_VALUE);
    }
}

static const struct row wordings[] = {
    {"ERROR: 1023\n  Detail: Serializable isolation violation on table - 100, transactions "
     "forming the cycle are: 1, 2",
     FAILURE_CONFLICT},
    {"Query #2 failed with ERROR: 1023", FAILURE_CONFLICT},
    {"ERROR: Serializable isolation violation on table - 1", FAILURE_CONFLICT},
    {"ERROR: could not serialize access due to concurrent update", FAILURE_CONFLICT},
    {"ERROR: could not complete because of conflict with concurrent transaction", FAILURE_CONFLICT},
    {"ERROR: deadlock detected", FAILURE_CONFLICT},

    {"FATAL: the database system is not accepting connections", FAILURE_TRANSIENT},
    {"FATAL: password authentication failed for user \"loader\"", FAILURE_TRANSIENT},
    {"connection refused", FAILURE_TRANSIENT},
    {"Connection refused (host 10.0.0.1)", FAILURE_TRANSIENT},
    {"read failed: Connection reset by peer", FAILURE_TRANSIENT},
    {"Connection timed out", FAILURE_TRANSIENT},
    {"Connection or an prior query failed.", FAILURE_TRANSIENT},
    {"Connection or a prior query failed.", FAILURE_TRANSIENT},
    {"the connection to the cluster was lost", FAILURE_TRANSIENT},
    {"could not connect to server: Network is unreachable", FAILURE_TRANSIENT},
    {"server closed the connection unexpectedly", FAILURE_TRANSIENT},
    {"terminating connection due to administrator command", FAILURE_TRANSIENT},
    {"ERROR: connection limit \"500\" exceeded for non-bootstrap users", FAILURE_TRANSIENT},
    {"ERROR: too many connections for role \"loader\"", FAILURE_TRANSIENT},
    {"sorry, too many clients already", FAILURE_TRANSIENT},
    {"the database system is starting up", FAILURE_TRANSIENT},
    {"the database system is shutting down", FAILURE_TRANSIENT},
    {"the database system is in recovery mode", FAILURE_TRANSIENT},
    {"the cluster is restarting", FAILURE_TRANSIENT},
    {"ERROR: the cluster is being resized", FAILURE_TRANSIENT},
    {"ERROR: the cluster is in read-only mode", FAILURE_TRANSIENT},
    {"ERROR: cannot execute INSERT in a read-only transaction", FAILURE_TRANSIENT},
    {"ERROR: could not open relation with OID 123456", FAILURE_TRANSIENT},
    {"ERROR: 1018 DETAIL: Relation does not exist.", FAILURE_TRANSIENT},
    {"ERROR:1018\n  Detail: Relation does not exist.", FAILURE_TRANSIENT},
    {"S3Query Exception Connection failed, retries exceeded.", FAILURE_TRANSIENT},
    {"ERROR: " S3("503", "SlowDown"), FAILURE_TRANSIENT},
    {"ERROR: " S3("500", "InternalError"), FAILURE_TRANSIENT},
    {"ERROR: " S3("429", "TooManyRequests"), FAILURE_TRANSIENT},
    {"ERROR: " S3("400", "RequestTimeout"), FAILURE_TRANSIENT},
    {"ERROR: " S3("400", "ExpiredToken"), FAILURE_TRANSIENT},
    {"S3CurlException: Connection broke, CurlError 56, CanRetry 1", FAILURE_TRANSIENT},

    {"ERROR: Query (7) cancelled on user's request", FAILURE_INTERRUPTED},
    {"ERROR: query canceled on user's request", FAILURE_INTERRUPTED},
    {"ERROR: canceling statement due to statement timeout", FAILURE_INTERRUPTED},
    {"ERROR: cancelling statement due to user request", FAILURE_INTERRUPTED},
    {"ERROR: Query (12345) cancelled by WLM abort action of Query Monitoring Rule \"long\".",
     FAILURE_INTERRUPTED},
    {"ERROR: Query (12345) canceled", FAILURE_INTERRUPTED},
    {"the query was aborted by WLM", FAILURE_INTERRUPTED},
    {"the query was aborted by QMR", FAILURE_INTERRUPTED},
    {"WLM abort action", FAILURE_INTERRUPTED},
    {"a query monitoring rule ended it", FAILURE_INTERRUPTED},
    {"ERROR: System requested abort query", FAILURE_INTERRUPTED},

    {"ERROR: Divide by zero", FAILURE_ASSERTION},
    {"Query #2 failed with ERROR: division by zero", FAILURE_ASSERTION},

    {"ERROR: relation \"s.t_ledger\" does not exist", FAILURE_MISSING_RELATION},
    {"ERROR: schema \"s\" does not exist", FAILURE_MISSING_RELATION},
    {"ERROR: column \"c\" does not exist in t", FAILURE_MISSING_RELATION},
    {"ERROR: column \"c\" of relation \"t\" does not exist", FAILURE_MISSING_RELATION},
    {"ERROR: Table \"t\" does not exist", FAILURE_MISSING_RELATION},

    {"ERROR: permission denied for relation t", FAILURE_DENIED},
    {"ERROR: permission denied for schema s", FAILURE_DENIED},
    {"ERROR: must be owner of relation t", FAILURE_DENIED},

    {"ERROR: Load into table 't' failed.  Check 'stl_load_errors' system table for details.",
     FAILURE_BAD_ROWS},
    {"ERROR: Load into table 't' failed. Check 'sys_load_error_detail' system table.",
     FAILURE_BAD_ROWS},

    {"ERROR: failed to inflate with gzlib: inflate() returned -3", FAILURE_BAD_ARCHIVE},

    {"", FAILURE_OTHER},
    {"ERROR: syntax error at or near \"SELCT\"", FAILURE_OTHER},
    {"ERROR: " S3("501", "NotImplemented"), FAILURE_OTHER},
    {"ERROR: " S3("403", "AccessDenied"), FAILURE_OTHER},
    {"Problem reading manifest file - " S3("404", "NoSuchKey"), FAILURE_OTHER},
    {"ERROR: The specified S3 prefix 'table 1' does not exist", FAILURE_OTHER},
    {"ERROR: function f(integer) does not exist", FAILURE_OTHER},
    {"FATAL: database \"absent\" does not exist", FAILURE_OTHER},
    {"FATAL: permission denied for database \"dev\"", FAILURE_OTHER},
    {"FATAL: user \"loader\" is not permitted to log in", FAILURE_OTHER},
};

static void test_each_wording_has_its_kind(void **state)
{
    (void)state;
    assert_kinds(wordings, COUNT_OF(wordings));
}

static void test_the_first_cause_decides(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {S3("503", "SlowDown") " Check 'stl_load_errors' for details.", FAILURE_TRANSIENT},
        {S3("403", "AccessDenied") " Check 'stl_load_errors' for details.", FAILURE_OTHER},
        {"Load into table 't' failed: The key does not exist, " S3("404", "NoSuchKey"),
         FAILURE_OTHER},
        {"ERROR: 1023; Connection or an prior query failed.", FAILURE_CONFLICT},
        {"Query (7) cancelled on user's request; Connection or an prior query failed.",
         FAILURE_INTERRUPTED},
        {"ERROR: permission denied for relation stl_load_errors", FAILURE_DENIED},
        {"ERROR: relation sys_load_error_detail does not exist", FAILURE_MISSING_RELATION},
        {"ERROR: failed to inflate with gzlib. Check 'stl_load_errors'.", FAILURE_BAD_ARCHIVE},
    };
    assert_kinds(rows, COUNT_OF(rows));
}

static void test_quoted_words_do_not_count(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ERROR: invalid input syntax for integer: \"deadlock detected\"", FAILURE_OTHER},
        {"ERROR: invalid input syntax for integer: \"1023\"", FAILURE_OTHER},
        {"ERROR: relation \"division by zero\" does not exist", FAILURE_MISSING_RELATION},
        {"ERROR: relation \"t_1023\" does not exist", FAILURE_MISSING_RELATION},
        {"ERROR: \"a\" met \"b\": deadlock detected", FAILURE_CONFLICT},
        {"ERROR: an open \" quote: deadlock detected", FAILURE_CONFLICT},
    };
    assert_kinds(rows, COUNT_OF(rows));
}

static void test_null_values_name_their_column(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *column;
    } rows[] = {
        {"ERROR: Cannot insert a NULL value into column id", "id"},
        {"Query #6 failed with ERROR: Cannot insert a NULL value into column id\n  Detail: x",
         "id"},
        {"ERROR: Cannot insert a NULL value into column id [ErrorId: 1-65e]", "id"},
        {"ERROR: Cannot insert a NULL value into column total amount", "total amount"},
        {"ERROR: null value in column \"id\" violates not-null constraint", "id"},
        {"ERROR: null value in column \"a b\" of relation \"t\" violates …", "a b"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct failure failure = failure_read(slice_from(rows[i].text));
        assert_int_equal(failure.kind, FAILURE_NULL_VALUE);
        assert_text(failure.column, rows[i].column);
    }
    struct failure unnamed = failure_read(SLICE("Cannot insert a NULL value into column \n"));
    assert_int_equal(unnamed.kind, FAILURE_OTHER);
}

static void test_what_passes_by_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kind_names); i++) {
        enum failure_kind kind = (enum failure_kind)i;
        bool passes =
            kind == FAILURE_CONFLICT || kind == FAILURE_TRANSIENT || kind == FAILURE_INTERRUPTED;
        assert_int_equal(failure_passes(kind), passes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_wording_has_its_kind),
        cmocka_unit_test(test_the_first_cause_decides),
        cmocka_unit_test(test_quoted_words_do_not_count),
        cmocka_unit_test(test_null_values_name_their_column),
        cmocka_unit_test(test_what_passes_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/unit.h"

#include "aws/s3/s3_error.h"
#include "base/array.h"

enum { KEY = 1, OBJECT = 2, REPLACED = 4, UPLOAD = 8 };

static void test_codes_decide(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum error_kind kind;
        int status;
        int meaning;
    } rows[] = {
        {"NoSuchKey", ERROR_NOT_FOUND, 404, KEY | OBJECT},
        {"NoSuchVersion", ERROR_NOT_FOUND, 404, OBJECT},
        {"NotFound", ERROR_NOT_FOUND, 404, OBJECT},
        {"NoSuchBucket", ERROR_NOT_FOUND, 404, 0},
        {"NoSuchUpload", ERROR_NOT_FOUND, 404, UPLOAD},
        {"ResourceNotFoundException", ERROR_NOT_FOUND, 400, 0},
        {"PreconditionFailed", ERROR_CONFLICT, 412, REPLACED},
        {"PreconditionFailed", ERROR_CONFLICT, 0, REPLACED}, /* found by ourselves */
        {"ConditionalRequestConflict", ERROR_CONFLICT, 409, 0},
        {"23505", ERROR_CONFLICT, 0, 0},
        {"", ERROR_NOT_FOUND, 0, 0},
        {"", ERROR_CONFLICT, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err;
        error_set(&err, rows[i].kind, "x");
        err.status = rows[i].status;
        error_set_code(&err, slice_from(rows[i].code));
        int meaning = (s3_error_is_missing_key(&err) ? KEY : 0) |
                      (s3_error_is_missing_object(&err) ? OBJECT : 0) |
                      (s3_error_is_replaced_object(&err) ? REPLACED : 0) |
                      (s3_error_is_missing_upload(&err) ? UPLOAD : 0);
        assert_int_equal(meaning, rows[i].meaning);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

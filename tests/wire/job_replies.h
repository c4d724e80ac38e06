/*
 * Replies of AWS for the steps of job_fixture.h: {"HeadObject", FILE_KEY, OBJECT}. A macro that
 * names a question to the ledger is a list of whole steps.
 */
#ifndef WIRE_JOB_REPLIES_H
#define WIRE_JOB_REPLIES_H

#define REPLY(status_, body_) .status = (status_), .body = (body_)
#define OBJECT_HEAD "ETag: \"e1\"\nContent-Length: 60\nLast-Modified: Fri, 20 Nov 2026 20:27:48 GMT"
#define OBJECT REPLY(200, ""), .headers = OBJECT_HEAD
#define NO_OBJECT REPLY(404, "") /* of HeadObject: it has no body */
#define COPIED REPLY(200, "<CopyObjectResult><ETag>\"e2\"</ETag></CopyObjectResult>")
#define WRITTEN REPLY(200, ""), .headers = "ETag: \"e3\""
#define DELETED REPLY(204, "")
#define BROKEN REPLY(0, "")
#define S3_ERROR(status_, code) REPLY(status_, "<Error><Code>" code "</Code></Error>")
#define NO_KEY S3_ERROR(404, "NoSuchKey")
#define REPLACED S3_ERROR(412, "PreconditionFailed")
#define DENIED S3_ERROR(403, "AccessDenied")
#define SLOW_DOWN S3_ERROR(503, "SlowDown")
#define PUBLISHED                                                                                  \
    REPLY(200, "<PublishResponse><PublishResult><MessageId>m1</MessageId></PublishResult>"         \
               "</PublishResponse>")
#define SECRET_IS(text) REPLY(200, "{\"SecretString\":\"" text "\"}")
#define SECRET                                                                                     \
    SECRET_IS("{\\\"dbClusterIdentifier\\\":\\\"dw\\\",\\\"dbname\\\":\\\"dev\\\","                \
              "\\\"username\\\":\\\"loader\\\",\\\"password\\\":\\\"hidden-word\\\"}")
#define TAKEN(id) REPLY(200, "{\"Id\":\"" id "\"}")
#define AWS_ERROR(code) REPLY(400, "{\"__type\":\"" code "\",\"message\":\"why\"}")
#define THROTTLED AWS_ERROR("ThrottlingException")
#define REFUSED AWS_ERROR("ValidationException")
#define FORGOTTEN AWS_ERROR("ResourceNotFoundException")
#define HIDDEN AWS_ERROR("AccessDeniedException")
#define LISTED(entries) REPLY(200, "{\"Statements\":[" entries "]}")

/* What DescribeStatement says; the times are 20:27:43 and 20:27:48. */
#define DESCRIBED(id, status, more)                                                                \
    REPLY(200, "{\"Id\":\"" id "\",\"Status\":\"" status                                           \
               "\",\"CreatedAt\":1795206463,\"UpdatedAt\":1795206468" more "}")
#define PARTS(list) ",\"SubStatements\":[" list "]"
#define PART_FINISHED "{\"Status\":\"FINISHED\",\"ResultRows\":0}"
#define PART_INSERTED "{\"Status\":\"FINISHED\",\"ResultRows\":3}"
#define PART_FAILED(error) "{\"Status\":\"FAILED\",\"Error\":\"" error "\"}"
#define PART_ABORTED "{\"Status\":\"ABORTED\"}"
#define STILL_RUNS(id) DESCRIBED(id, "STARTED", "")
#define LOAD_FINISHED                                                                              \
    DESCRIBED("s1", "FINISHED",                                                                    \
              PARTS(PART_FINISHED "," PART_FINISHED "," PART_FINISHED "," PART_FINISHED            \
                                  "," PART_FINISHED "," PART_INSERTED "," PART_FINISHED))
#define LOCK_FAILED(error)                                                                         \
    DESCRIBED("s1", "FAILED",                                                                      \
              PARTS(PART_FAILED(error) "," PART_ABORTED "," PART_ABORTED "," PART_ABORTED          \
                                       "," PART_ABORTED "," PART_ABORTED "," PART_ABORTED))
#define GUARD_FAILED(error)                                                                        \
    DESCRIBED("s1", "FAILED",                                                                      \
              PARTS(PART_FINISHED "," PART_FAILED(error) "," PART_ABORTED "," PART_ABORTED         \
                                                         "," PART_ABORTED "," PART_ABORTED         \
                                                         "," PART_ABORTED))
#define COPY_FAILED(error)                                                                         \
    DESCRIBED("s1", "FAILED",                                                                      \
              PARTS(PART_FINISHED "," PART_FINISHED "," PART_FINISHED "," PART_FAILED(             \
                  error) "," PART_ABORTED "," PART_ABORTED "," PART_ABORTED))
#define CONFLICT "ERROR: 1023: Serializable isolation violation on table - 100"

/* A question to the ledger: it is taken, ends and is answered. */
#define LEDGER_SAYS(sql, answer)                                                                   \
    {"ExecuteStatement", sql, TAKEN("q1")},                                                        \
        {"DescribeStatement", "q1", DESCRIBED("q1", "FINISHED", "")},                              \
    {                                                                                              \
        "GetStatementResult", "q1", REPLY(200, answer)                                             \
    }
#define ANSWER(times, rows)                                                                        \
    "{\"Records\":[[{\"longValue\":" times "},{" rows "}]],\"ColumnMetadata\":[]}"
#define LEDGER_HAS LEDGER_SAYS("AND NOT is_void", ANSWER("1", "\"longValue\":3"))
#define LEDGER_LACKS LEDGER_SAYS("AND NOT is_void", ANSWER("0", "\"isNull\":true"))
/* The same, where the number becomes void unless the unit is in. */
#define CLOSE_SAYS(answer)                                                                         \
    {"BatchExecuteStatement", "TRUE", TAKEN("q1")},                                                \
        {"DescribeStatement", "q1", DESCRIBED("q1", "FINISHED", "")},                              \
    {                                                                                              \
        "GetStatementResult", "q1:3", REPLY(200, answer)                                           \
    }
/* The batch is asked for now: an older one that failed is asked for anew. */
#define CLOSE_FAILS(error)                                                                         \
    {"BatchExecuteStatement", "TRUE", TAKEN("q1")},                                                \
    {                                                                                              \
        "DescribeStatement", "q1",                                                                 \
            REPLY(200, "{\"Id\":\"q1\",\"Status\":\"FAILED\",\"Error\":\"" error "\"}")            \
    }
#define NUMBER_CLOSED CLOSE_SAYS(ANSWER("0", "\"isNull\":true"))
#define CLOSE_FINDS_IT CLOSE_SAYS(ANSWER("1", "\"longValue\":3"))
#define LEDGER_FAILS(error)                                                                        \
    {"ExecuteStatement", "", TAKEN("q1")},                                                         \
    {                                                                                              \
        "DescribeStatement", "q1", DESCRIBED("q1", "FAILED", ",\"Error\":\"" error "\"")           \
    }

#endif

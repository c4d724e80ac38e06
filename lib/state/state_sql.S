/* The files of lib/state/sql verbatim, each with a NUL at its end: for state_sql.h. */
#include "state_sql.h"

    .macro sql name
    .global state_sql_\name
    .type state_sql_\name, @object
state_sql_\name:
    .incbin "lib/state/sql/\name\().sql"
    .byte 0
    .size state_sql_\name, . - state_sql_\name
    .endm

#define EMBED(name) sql name;

    .section .rodata.state_sql, "a", @progbits
    STATE_SQL_STATEMENTS(EMBED)
    STATE_SQL_FRAGMENTS(EMBED)
    .section .note.GNU-stack, "", @progbits

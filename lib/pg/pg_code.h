/*
 * SQLSTATEs that mean something to us, by the names of appendix A of the Postgres manual. Compare
 * with error_is; a class is the first two characters of its codes.
 */
#ifndef PG_PG_CODE_H
#define PG_PG_CODE_H

#include "base/slice.h"

#define PG_CONNECTION_EXCEPTION SLICE("08")           /* class */
#define PG_INVALID_TRANSACTION_INITIATION SLICE("0B") /* class */
#define PG_DATA_EXCEPTION SLICE("22")                 /* class */
#define PG_INVALID_PARAMETER SLICE("22023")
#define PG_INTEGRITY_VIOLATION SLICE("23") /* class */
#define PG_UNIQUE_VIOLATION SLICE("23505")
#define PG_READ_ONLY_TRANSACTION SLICE("25006")
#define PG_FAILED_TRANSACTION SLICE("25P02")
#define PG_IDLE_IN_TRANSACTION_TIMEOUT SLICE("25P03")
#define PG_TRANSACTION_TIMEOUT SLICE("25P04")
#define PG_INVALID_AUTHORIZATION SLICE("28") /* class */
#define PG_INVALID_LOGIN SLICE("28000")
#define PG_INVALID_PASSWORD SLICE("28P01")
#define PG_INVALID_DATABASE SLICE("3D")     /* class */
#define PG_INVALID_SCHEMA SLICE("3F")       /* class */
#define PG_TRANSACTION_ROLLBACK SLICE("40") /* class: serialization, deadlock */
#define PG_COMPLETION_UNKNOWN SLICE("40003")
#define PG_SYNTAX_OR_ACCESS SLICE("42") /* class */
#define PG_INSUFFICIENT_PRIVILEGE SLICE("42501")
#define PG_UNDEFINED_TABLE SLICE("42P01")
#define PG_INSUFFICIENT_RESOURCES SLICE("53") /* class: connections, memory, disk */
#define PG_PROGRAM_LIMIT SLICE("54")          /* class */
#define PG_OBJECT_IN_USE SLICE("55006")
#define PG_LOCK_NOT_AVAILABLE SLICE("55P03")
#define PG_QUERY_CANCELED SLICE("57014")
#define PG_SESSION_ENDED SLICE("57P") /* several: the server ends sessions */
#define PG_CANNOT_CONNECT_NOW SLICE("57P03")
#define PG_SYSTEM_ERROR SLICE("58")     /* class: of the server's operating system */
#define PG_SNAPSHOT_TOO_OLD SLICE("72") /* class */
#define PG_INTERNAL_ERROR SLICE("XX")   /* class: the server cannot say what went wrong */

#endif

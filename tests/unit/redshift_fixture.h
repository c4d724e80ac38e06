/* Calls of the Redshift Data API: what is sent and what is answered. */
#ifndef UNIT_REDSHIFT_FIXTURE_H
#define UNIT_REDSHIFT_FIXTURE_H

#include "unit/unit.h"

#include "unit/fake_aws.h"

#define ID "dd2e1ec9-2ee3-49a0-819f-905fa7d75a4a"
#define HEAD(operation)                                                                            \
    "POST https://redshift-data.eu-west-1.amazonaws.com/\n"                                        \
    "Host: redshift-data.eu-west-1.amazonaws.com\n"                                                \
    "Content-Type: application/x-amz-json-1.1\n"                                                   \
    "X-Amz-Target: RedshiftData." operation "\n\n"
#define ANSWER(text)                                                                               \
    {                                                                                              \
        .status = 200, .body = SLICE_INIT(text)                                                    \
    }
#define REFUSED(message) "{\"__type\":\"ValidationException\",\"Message\":\"" message "\"}"
#define TAKEN ANSWER("{\"Id\":\"" ID "\",\"CreatedAt\":1.5}")

#endif

/* What a result of libcurl means, and in which words it is told. For http_curl.c. */
#ifndef HTTP_HTTP_CURL_ERROR_H
#define HTTP_HTTP_CURL_ERROR_H

#include "base/error.h"

#include <curl/curl.h>

/* Fills *err for a result other than CURLE_OK, and returns -1. `detail` is CURLOPT_ERRORBUFFER; it
 * is quoted where it cannot hold a URL or a proxy's password. */
int http_curl_error(CURL *easy, CURLcode code, const char *detail, struct error *err);

#endif

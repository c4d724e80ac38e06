#include "http/http_curl_error.h"

#include "base/banned.h"

/* Texts of libcurl that may be quoted: of these results they hold host names and what TLS or the
 * system said. Of others they may hold a URL or a proxy's password. */
static bool has_quotable_detail(CURLcode code)
{
    switch (code) {
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return true;
    default:
        return false;
    }
}

static enum error_kind kind_of(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return ERROR_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
        return ERROR_CONFIGURATION;
    case CURLE_SSL_CONNECT_ERROR: /* a handshake that broke off, as a connection does */
        return ERROR_NETWORK;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_PARTIAL_FILE:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
        return ERROR_INVALID;
    case CURLE_OUT_OF_MEMORY:
        return ERROR_SYSTEM;
    default:
        return ERROR_NETWORK;
    }
}

int http_curl_error(CURL *easy, CURLcode code, const char *detail, struct error *err)
{
    if (code == CURLE_OPERATION_TIMEDOUT) { /* deadlines are ours: only connecting is left */
        return error_set(err, ERROR_TIMEOUT, "no connection in time");
    }
    long reason = 0;
    const char *what = curl_easy_strerror(code);
    if (has_quotable_detail(code) && detail[0] != '\0') {
        what = detail;
    } else if (code == CURLE_COULDNT_CONNECT) {
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &reason);
    }
    (void)error_set(err, kind_of(code), "%s%s%s", what, reason == 0 ? "" : ": ",
                    reason == 0 ? "" : strerror((int)reason));
    if (code == CURLE_PARTIAL_FILE && err != NULL) {
        err->retryable = true; /* the connection broke: the rest may come another time */
    }
    return -1;
}

/*
 * What test_native.py runs in empty roots: tells what the native libraries can do, and uses them.
 *
 *     probe facts                           versions, protocols, features, as JSON
 *     probe get <url> [<ca file> [<proxy>]] status and body, or why not
 *     probe connect <conninfo>              the server's version, or why not
 *
 * With --trusting before these it leaves the precautions of native.h out.
 */
#include "layers/native/native.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#ifdef NATIVE_PROBE
#include "native_versions.h"
#else /* only checked, never run */
#define NATIVE_VERSIONS ""
#endif

static cJSON *string_list(const char *const *strings)
{
    cJSON *list = cJSON_CreateArray();

    for (; strings && *strings; strings++) {
        cJSON_AddItemToArray(list, cJSON_CreateString(*strings));
    }
    return list;
}

static int print_facts(void)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    cJSON *facts = cJSON_CreateObject();
    char *text;

    cJSON_AddStringToObject(facts, "versions", NATIVE_VERSIONS);
    cJSON_AddStringToObject(facts, "curl", curl->version);
    cJSON_AddStringToObject(facts, "tls", curl->ssl_version);
    cJSON_AddItemToObject(facts, "protocols", string_list(curl->protocols));
    cJSON_AddItemToObject(facts, "features", string_list(curl->feature_names));
    cJSON_AddNumberToObject(facts, "libpq", PQlibVersion());
    cJSON_AddBoolToObject(facts, "libpq_tls", PQsslAttribute(NULL, "library") != NULL);
    cJSON_AddStringToObject(facts, "cjson", cJSON_Version());
    cJSON_AddStringToObject(facts, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
    cJSON_AddStringToObject(facts, "zlib", zlibVersion());
    text = cJSON_PrintUnformatted(facts);
    puts(text);
    cJSON_free(text);
    cJSON_Delete(facts);
    return 0;
}

static int get(const char *url, const char *ca_file, const char *proxy)
{
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode code;
    CURL *curl;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 5L);
    /* Or it waits for a silent name server past the timeout. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_PROXY, proxy ? proxy : "");
    if (ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    }
    code = curl_easy_perform(curl); /* writes the body to stdout */
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) {
        printf(" %ld\n", status);
    } else {
        printf("%s\n", why);
    }
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return code == CURLE_OK ? 0 : 1;
}

static int connect_to(const char *conninfo)
{
    PGconn *connection = PQconnectdb(conninfo);
    bool connected = PQstatus(connection) == CONNECTION_OK;
    if (connected) {
        printf("%d\n", PQserverVersion(connection));
    } else {
        fputs(PQerrorMessage(connection), stdout);
    }
    PQfinish(connection);
    return connected ? 0 : 1;
}

static int obey(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "facts") == 0) {
        return print_facts();
    }
    if (argc >= 3 && argc <= 5 && strcmp(argv[1], "get") == 0) {
        return get(argv[2], argc > 3 && *argv[3] ? argv[3] : NULL, argc > 4 ? argv[4] : NULL);
    }
    if (argc == 3 && strcmp(argv[1], "connect") == 0) {
        return connect_to(argv[2]);
    }
    fputs("usage: probe [--trusting] facts | get <url> [<ca> [<proxy>]] | connect <conninfo>\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bool is_trusting = argc > 1 && strcmp(argv[1], "--trusting") == 0;
    if (!is_trusting) {
        native_stand_alone();
    }
    return is_trusting ? obey(argc - 1, argv + 1) : obey(argc, argv);
}

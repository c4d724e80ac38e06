#include "unit/unit.h"

#include "http/http_roots.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>

static int setup(void **state)
{
    (void)unsetenv("AWS_CA_BUNDLE");
    (void)unsetenv("SSL_CERT_FILE");
    *state = http_roots_new();
    return 0;
}

static int teardown(void **state)
{
    http_roots_free(*state);
    (void)unsetenv("AWS_CA_BUNDLE");
    (void)unsetenv("SSL_CERT_FILE");
    return 0;
}

static void test_which_hosts_are_aws(void **state)
{
    (void)state;
    static const char *const aws[] = {
        "s3.eu-west-1.amazonaws.com", "B.S3.AmazonAWS.com", "redshift-data.eu-west-1.api.aws",
        "s3.eusc-de-east-1.amazonaws.eu", "b.S3.eusc-de-east-1.AmazonAWS.eu"};
    static const char *const others[] = {"amazonaws.com",
                                         ".amazonaws.com",
                                         "evil-amazonaws.com",
                                         "s3.amazonaws.com.evil.example",
                                         "s3.cn-north-1.amazonaws.com.cn",
                                         "amazonaws.eu",
                                         "evil-amazonaws.eu",
                                         "s3.amazonaws.eu.evil.example",
                                         "api.aws",
                                         "localhost",
                                         ""};
    for (size_t i = 0; i < COUNT_OF(aws); i++) {
        assert_true(http_roots_is_aws(slice_from(aws[i])));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(http_roots_is_aws(slice_from(others[i])));
    }
}

/* As Amazon publishes them at https://www.amazontrust.com/repository/. */
static const char *const amazon_fingerprints[] = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
};

static bool has_fingerprint(X509_STORE *store, const char *wanted)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    bool found = false;
    for (int i = 0; !found && i < sk_X509_OBJECT_num(objects); i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        char text[2 * EVP_MAX_MD_SIZE + 1];
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        assert_int_equal(X509_digest(certificate, EVP_sha256(), digest, &size), 1);
        for (unsigned k = 0; k < size; k++) {
            (void)snprintf(text + (size_t)2 * k, 3, "%02x", digest[k]);
        }
        found = strcmp(text, wanted) == 0;
    }
    return found;
}

static void test_aws_hosts_get_amazons_five_roots(void **state)
{
    struct error err = {.message = ""};
    X509_STORE *store = http_roots_for(*state, SLICE("sns.eu-west-1.amazonaws.com"), &err);
    assert_non_null(store);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(has_fingerprint(store, amazon_fingerprints[i]));
    }
    assert_ptr_equal(store, http_roots_for(*state, SLICE("s3.amazonaws.com"), &err));
}

static void test_other_hosts_get_the_systems_bundle(void **state)
{
    struct error err = {.message = ""};
    X509_STORE *store = http_roots_for(*state, SLICE("example.org"), &err);
    assert_non_null(store);
    assert_true(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) > 50);
    assert_ptr_equal(store, http_roots_for(*state, SLICE("s3.cn-north-1.amazonaws.com.cn"), &err));
}

static void test_a_named_file_is_for_all(void **state)
{
    struct error err = {.message = ""};
    (void)setenv("SSL_CERT_FILE", "/nonexistent", 1);
    (void)setenv("AWS_CA_BUNDLE", "layers/certs/amazon-roots.pem", 1);
    X509_STORE *store = http_roots_for(*state, SLICE("example.org"), &err);
    assert_non_null(store);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(store)), 5);
    assert_ptr_equal(store, http_roots_for(*state, SLICE("s3.amazonaws.com"), &err));
}

static void test_a_named_file_that_is_none(void **state)
{
    struct error err = {.message = ""};
    const struct {
        const char *variable, *path, *message;
    } cases[] = {
        {"SSL_CERT_FILE", "/nonexistent",
         "SSL_CERT_FILE: cannot read /nonexistent: No such file or directory"},
        {"AWS_CA_BUNDLE", "README.md", "AWS_CA_BUNDLE: "},
        {"AWS_CA_BUNDLE", "/dev/null",
         "AWS_CA_BUNDLE: /dev/null holds no readable PEM certificates"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)setenv(cases[i].variable, cases[i].path, 1);
        assert_null(http_roots_for(*state, SLICE("s3.amazonaws.com"), &err));
        assert_int_equal(err.kind, ERROR_CONFIGURATION);
        assert_memory_equal(err.message, cases[i].message, strlen(cases[i].message));
    }
}

/* One certificate that cannot be read spoils the file: half a bundle is no bundle. */
static void test_a_damaged_file(void **state)
{
    char path[] = "/tmp/test_http_roots.XXXXXX";
    struct error err = {.message = ""};
    char pem[8192];
    FILE *good = fopen("layers/certs/amazon-roots.pem", "r");
    FILE *bad = fdopen(mkstemp(path), "w");
    size_t size = fread(pem, 1, sizeof(pem), good);
    char *second = strstr(strstr(pem, "BEGIN") + 5, "BEGIN CERTIFICATE-----\n");
    second[strlen("BEGIN CERTIFICATE-----\n") + 40] = '!';
    assert_int_equal(fwrite(pem, 1, size, bad), size);
    (void)fclose(good);
    (void)fclose(bad);
    (void)setenv("SSL_CERT_FILE", path, 1);
    assert_null(http_roots_for(*state, SLICE("example.org"), &err));
    assert_says(err.message, "holds no readable PEM certificates");
    (void)unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_which_hosts_are_aws),
        TEST(test_aws_hosts_get_amazons_five_roots),
        TEST(test_other_hosts_get_the_systems_bundle),
        TEST(test_a_named_file_is_for_all),
        TEST(test_a_named_file_that_is_none),
        TEST(test_a_damaged_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

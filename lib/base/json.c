#include "base/json.h"

#include "base/json_scan.h"

#include <cjson/cJSON.h>

#include "base/banned.h"

/* --- parsing --- */

/* Where cJSON's memory comes from while it parses; its hooks have no argument for it. */
static struct arena *parsing_into;

static void *allocate(size_t size)
{
    return arena_alloc(parsing_into, size);
}

/* The arena frees. */
static void free_nothing(void *memory)
{
    (void)memory;
}

static cJSON *build(struct arena *arena, struct slice text)
{
    cJSON_Hooks hooks = {.malloc_fn = allocate, .free_fn = free_nothing};
    cJSON_InitHooks(&hooks);
    parsing_into = arena;
    cJSON *root = cJSON_ParseWithLength(text.data, text.size);
    parsing_into = NULL;
    return root;
}

/* Gives every number among `value`, its siblings and all below them its text, as valuestring. The
 * tree is walked in the order of the text, so the next number there is the one. */
static void keep_numbers(struct arena *arena, cJSON *value, struct slice text, size_t *position)
{
    for (; value != NULL; value = value->next) {
        if (json_type(value) == JSON_NUMBER) {
            value->valuestring = arena_text(arena, json_scan_number(text, position));
        }
        keep_numbers(arena, value->child, text, position);
    }
}

const json *json_parse(struct arena *arena, struct slice text, size_t size_limit, struct error *err)
{
    if (text.size > size_limit) {
        (void)error_set(err, ERROR_LIMIT, "JSON: %zu bytes; %zu are allowed", text.size,
                        size_limit);
        return NULL;
    }
    if (json_scan(text, err) != 0) {
        return NULL;
    }
    cJSON *root = build(arena, text);
    if (root == NULL) { /* a rule that the scan does not know; the fuzzer has found none */
        (void)error_set(err, ERROR_INVALID, "JSON: cJSON refused it");
        return NULL;
    }
    size_t position = 0;
    keep_numbers(arena, root, text, &position);
    return root;
}

/* --- the tree --- */

enum json_type json_type(const json *value)
{
    if (value == NULL) {
        return JSON_ABSENT;
    }
    switch (value->type & 0xFF) { /* the rest are flags */
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    case cJSON_NULL:
    default:
        return JSON_NULL;
    }
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_ABSENT] = "absent",    [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean",
        [JSON_NUMBER] = "a number",  [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
        [JSON_OBJECT] = "an object",
    };
    return names[type];
}

const json *json_first(const json *value)
{
    return value == NULL ? NULL : value->child;
}

const json *json_next(const json *element)
{
    return element == NULL ? NULL : element->next;
}

size_t json_count(const json *value)
{
    size_t count = 0;
    for (const json *item = json_first(value); item != NULL; item = json_next(item)) {
        count++;
    }
    return count;
}

struct slice json_name(const json *member)
{
    return slice_from(member == NULL ? NULL : member->string);
}

/* Not cJSON's own, because part of a path does not end in NUL. */
static const json *find(const json *value, struct slice name)
{
    const json *member = json_type(value) == JSON_OBJECT ? json_first(value) : NULL;
    while (member != NULL && !slice_equal(json_name(member), name)) {
        member = json_next(member);
    }
    return member;
}

const json *json_get(const json *value, const char *name)
{
    return find(value, slice_from(name));
}

const json *json_at(const json *value, const char *path)
{
    struct slice names = slice_from(path);
    bool more = true;
    while (more && value != NULL) {
        struct slice name;
        more = slice_cut(names, '.', &name, &names);
        value = find(value, name);
    }
    return value;
}

/* --- values --- */

bool json_string(const json *value, struct slice *text)
{
    if (json_type(value) != JSON_STRING) {
        return false;
    }
    *text = slice_from(value->valuestring);
    return true;
}

struct slice json_text(const json *object, const char *name)
{
    struct slice text = SLICE("");
    (void)json_string(json_get(object, name), &text);
    return text;
}

bool json_number_text(const json *value, struct slice *text)
{
    if (json_type(value) != JSON_NUMBER) {
        return false;
    }
    *text = slice_from(value->valuestring);
    return true;
}

/* The text of a whole number up to its fraction of zeros. */
static bool whole_number(const json *value, struct slice *digits)
{
    struct slice text;
    struct slice whole;
    struct slice fraction;
    if (!json_number_text(value, &text)) {
        return false;
    }
    (void)slice_cut(text, '.', &whole, &fraction);
    for (size_t i = 0; i < fraction.size; i++) {
        if (fraction.data[i] != '0') {
            return false;
        }
    }
    *digits = whole;
    return true;
}

bool json_i64(const json *value, int64_t *number)
{
    struct slice digits;
    return whole_number(value, &digits) && slice_to_i64(digits, number);
}

bool json_u64(const json *value, uint64_t *number)
{
    struct slice digits;
    if (!whole_number(value, &digits)) {
        return false;
    }
    return slice_to_u64(slice_equal(digits, SLICE("-0")) ? SLICE("0") : digits, number);
}

bool json_double(const json *value, double *number)
{
    if (json_type(value) != JSON_NUMBER) {
        return false;
    }
    *number = value->valuedouble;
    return true;
}

bool json_bool(const json *value, bool *truth)
{
    if (json_type(value) != JSON_BOOL) {
        return false;
    }
    *truth = (value->type & cJSON_True) != 0;
    return true;
}

/* --- members that must be there --- */

static int fail_member(const json *member, const char *name, struct error *err)
{
    if (member == NULL) {
        return error_set(err, ERROR_INVALID, "member \"%s\" is missing", name);
    }
    return error_set(err, ERROR_INVALID, "member \"%s\" must be a string, not %s", name,
                     json_type_name(json_type(member)));
}

int json_require_string(const json *object, const char *name, struct slice *text, struct error *err)
{
    const json *member = json_get(object, name);
    return json_string(member, text) ? 0 : fail_member(member, name, err);
}

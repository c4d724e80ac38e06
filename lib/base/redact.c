#include "base/redact.h"

#include "base/array.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <stdlib.h>

#include "base/banned.h"

#define SECRETS_LIMIT 32
#define SHORT_SECRET 8       /* characters: shorter ones are redacted as whole words only */
#define SHORTEST_BEGINNING 6 /* bytes: what a cut leaves of a secret is redacted from here on */
#define MARK SLICE("[redacted]")

struct secret {
    char *data; /* owned */
    size_t size;
    bool starts_word; /* no letter may stand before it */
    bool ends_word;   /* no letter may follow it */
};

static struct {
    struct secret secrets[SECRETS_LIMIT]; /* the one that was registered last stands last */
    size_t count;
    bool begins[256]; /* can a secret begin with this byte, in any of its forms? */
} known;

/* --- words --- */

static bool is_foreign_letter(uint32_t character)
{
    bool is_latin = character >= 0xC0 && character <= 0x2AF && character != 0xD7 /* times */ &&
                    character != 0xF7 /* divided by */;
    bool is_greek = character >= 0x386 && character <= 0x3FF &&
                    character != 0x387 /* raised dot */ &&
                    character != 0x3F6 /* a sign of mathematics */;
    bool is_cyrillic =
        (character >= 0x400 && character <= 0x481) ||
        (character >= 0x48A && character <= 0x52F);            /* between them: signs and marks */
    bool is_accent = character >= 0x300 && character <= 0x36F; /* of the letter before it */
    return is_latin || is_greek || is_cyrillic || is_accent;
}

/*
 * Does the character belong to a word? ASCII letters, digits and '_' do, and the letters of Latin,
 * Greek and Cyrillic. Of all others, and of bytes that are not UTF-8, this is not known: they end a
 * word, so that no secret is left because of them.
 */
static bool is_word(uint32_t character)
{
    bool is_ascii = (character >= 'a' && character <= 'z') ||
                    (character >= 'A' && character <= 'Z') ||
                    (character >= '0' && character <= '9') || character == '_';
    return is_ascii || is_foreign_letter(character);
}

static bool starts_with_word(struct slice text)
{
    size_t length = 0;
    return text.size > 0 && is_word(utf8_next(text, &length));
}

/* What belongs to a word has one or two bytes. */
static bool ends_with_word(struct slice text)
{
    size_t length = 0;
    if (text.size > 0 && is_word(utf8_next(slice_skip(text, text.size - 1), &length))) {
        return true;
    }
    return text.size > 1 && is_word(utf8_next(slice_skip(text, text.size - 2), &length)) &&
           length == 2;
}

/* --- the secrets --- */

static void forget(struct secret *secret)
{
    explicit_bzero(secret->data, secret->size);
    free(secret->data);
    *secret = (struct secret){.data = NULL};
}

/* The place of a value that is known already, or known.count. */
static size_t find(struct slice value)
{
    size_t place = 0;
    while (place < known.count &&
           !slice_equal(slice_of(known.secrets[place].data, known.secrets[place].size), value)) {
        place++;
    }
    return place;
}

static struct secret copy(struct slice value)
{
    bool is_short = utf8_count(value) < SHORT_SECRET;
    struct secret secret = {
        .data = memory_allocate(value.size),
        .size = value.size,
        .starts_word = is_short && starts_with_word(value),
        .ends_word = is_short && ends_with_word(value),
    };
    memcpy(secret.data, value.data, value.size);
    return secret;
}

/* Takes a secret out of its place, which those behind it close up to. */
static struct secret take_out(size_t place)
{
    struct secret taken = known.secrets[place];
    known.count--;
    memmove(&known.secrets[place], &known.secrets[place + 1],
            (known.count - place) * sizeof(taken));
    return taken;
}

/* Kept bytes of forgotten secrets cost a comparison now and then, no more. */
static void note_beginnings(char first)
{
    known.begins[(unsigned char)first] = true;
    known.begins['\\'] = true;
    known.begins['%'] = true;
    known.begins['+'] = true;
}

void redact_register(struct slice secret)
{
    if (secret.size == 0) {
        return;
    }
    size_t place = find(secret);
    struct secret newest = place < known.count ? take_out(place) : copy(secret);
    if (known.count == SECRETS_LIMIT) {
        struct secret oldest = take_out(0);
        forget(&oldest);
    }
    known.secrets[known.count++] = newest;
    note_beginnings(secret.data[0]);
}

void redact_forget_all(void)
{
    for (size_t i = 0; i < known.count; i++) {
        forget(&known.secrets[i]);
    }
    memset(&known, 0, sizeof(known));
}

/* --- its forms --- */

/* `count` hexadecimal digits at the front of `text` as a number, or UTF8_INVALID. */
static uint32_t hex_number(struct slice text, size_t count)
{
    uint32_t number = 0;
    if (text.size < count) {
        return UTF8_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        int digit = hex_value(text.data[i]);
        if (digit < 0) {
            return UTF8_INVALID;
        }
        number = number * 16 + (uint32_t)digit;
    }
    return number;
}

static size_t count_backslashes(struct slice text)
{
    size_t count = 0;
    while (count < text.size && text.data[count] == '\\') {
        count++;
    }
    return count;
}

/* The letter that stands for `byte` after a backslash, or 0. */
static char escape_letter(char byte)
{
    static const char pairs[][2] = {
        {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (pairs[i][0] == byte) {
            return pairs[i][1];
        }
    }
    return '\0';
}

/* What one step of a comparison takes from the text and from the secret; text 0: they differ. */
struct step {
    size_t text;
    size_t secret;
};

#define NO_STEP ((struct step){0, 0})

/* "u00e9", or "ud83d\ude00" with any number of backslashes between, against a character. */
static struct step match_code_point(struct slice text, struct slice secret)
{
    size_t length = 0;
    uint32_t wanted = utf8_next(secret, &length);
    uint32_t unit = text.data[0] == 'u' ? hex_number(slice_skip(text, 1), 4) : UTF8_INVALID;
    if (wanted == UTF8_INVALID || unit == UTF8_INVALID) {
        return NO_STEP;
    }
    if (unit == wanted) {
        return (struct step){5, length};
    }
    struct slice rest = slice_skip(text, 5);
    size_t backslashes = count_backslashes(rest);
    rest = slice_skip(rest, backslashes);
    uint32_t low = slice_starts_with(rest, SLICE("u")) ? hex_number(slice_skip(rest, 1), 4) : 0;
    if (unit < 0xD800 || unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF || backslashes == 0 ||
        wanted != 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)) {
        return NO_STEP;
    }
    return (struct step){5 + backslashes + 5, length};
}

/*
 * One character as it is or JSON-escaped, however deep. Escaping only ever adds backslashes, so a
 * run of them stands for any shorter run, or for none before a character that may be escaped. This
 * also finds a few texts that only resemble the secret, which does no harm.
 */
static struct step match_escaped(struct slice text, struct slice secret)
{
    size_t run = count_backslashes(text);
    size_t secret_run = count_backslashes(secret);
    if (run < secret_run) {
        return NO_STEP;
    }
    struct slice text_rest = slice_skip(text, run);
    struct slice secret_rest = slice_skip(secret, secret_run);
    if (secret_rest.size == 0 || text_rest.size == 0) {
        return (struct step){run, secret_run};
    }
    char wanted = secret_rest.data[0];
    struct step step = NO_STEP;
    if (text_rest.data[0] == wanted || (run > 0 && text_rest.data[0] == escape_letter(wanted))) {
        step = (struct step){1, 1};
    } else if (run > 0) {
        step = match_code_point(text_rest, secret_rest);
    }
    return step.text == 0 ? NO_STEP : (struct step){run + step.text, secret_run + step.secret};
}

/* One byte as it is, as %XX, or a blank as '+'. */
static struct step match_percent(struct slice text, struct slice secret)
{
    unsigned char wanted = (unsigned char)secret.data[0];
    if (text.data[0] == '%' && hex_number(slice_skip(text, 1), 2) == wanted) {
        return (struct step){3, 1};
    }
    bool same = text.data[0] == secret.data[0] || (text.data[0] == '+' && wanted == ' ');
    return same ? (struct step){1, 1} : NO_STEP;
}

/* Has the text ended, perhaps inside an escape, perhaps with the mark that error.h puts at a cut?
 */
static bool is_cut_here(struct slice text)
{
    struct slice mark = SLICE("...");
    struct slice rest =
        slice_ends_with(text, mark) ? slice_take(text, text.size - mark.size) : text;
    size_t whole_escape = 0;
    if (slice_starts_with(rest, SLICE("%"))) {
        whole_escape = sizeof("%41") - 1;
    } else if (slice_starts_with(rest, SLICE("\\"))) {
        whole_escape = sizeof("\\u0041") - 1;
    }
    return rest.size == 0 || rest.size < whole_escape;
}

/* How many bytes at the front of `text` are the secret, or what a cut left of it; 0: none. */
static size_t match_length(struct slice text, struct slice secret,
                           struct step (*match)(struct slice text, struct slice secret))
{
    struct slice text_rest = text;
    struct slice secret_rest = secret;
    while (secret_rest.size > 0 && text_rest.size > 0) {
        struct step step = match(text_rest, secret_rest);
        if (step.text == 0) {
            break;
        }
        text_rest = slice_skip(text_rest, step.text);
        secret_rest = slice_skip(secret_rest, step.secret);
    }
    if (secret_rest.size == 0) {
        return text.size - text_rest.size;
    }
    bool cut = secret.size - secret_rest.size >= SHORTEST_BEGINNING && is_cut_here(text_rest);
    return cut ? text.size : 0;
}

/* Is the last character an escape: %3D, \n or \u0022? Its last letter is none of the text then. */
static bool ends_with_escape(struct slice text)
{
    struct slice percent = slice_skip(text, text.size - 3);
    struct slice code_point = slice_skip(text, text.size - 6);
    struct slice letter = slice_skip(text, text.size - 2);
    bool is_percent = text.size >= 3 && percent.data[0] == '%' &&
                      hex_number(slice_skip(percent, 1), 2) != UTF8_INVALID;
    bool is_code_point = text.size >= 6 && slice_starts_with(code_point, SLICE("\\u")) &&
                         hex_number(slice_skip(code_point, 2), 4) != UTF8_INVALID;
    bool is_letter = text.size >= 2 && letter.data[0] == '\\' &&
                     slice_find(SLICE("bfnrt"), letter.data[1]) != SLICE_NONE;
    return is_percent || is_code_point || is_letter;
}

/* Is what was found between `before` and `after` a whole word, if the secret has to be one? */
static bool stands_alone(const struct secret *secret, struct slice before, struct slice after)
{
    bool is_joined_before =
        secret->starts_word && ends_with_word(before) && !ends_with_escape(before);
    bool is_joined_after = secret->ends_word && starts_with_word(after);
    return !is_joined_before && !is_joined_after;
}

/* How many bytes at `start` of the text are to be redacted for this secret, written in one way. */
static size_t match_at(struct slice text, size_t start, const struct secret *secret,
                       struct step (*match)(struct slice text, struct slice secret))
{
    size_t length =
        match_length(slice_skip(text, start), slice_of(secret->data, secret->size), match);
    bool is_found = length > 0 &&
                    stands_alone(secret, slice_take(text, start), slice_skip(text, start + length));
    return is_found ? length : 0;
}

/* A backslash after another one: what can be read as escaped from here was found where the run
 * begins, and looking again for the end of a long run at each of its bytes would take the square of
 * its length. */
static size_t longest_match(struct slice text, size_t start)
{
    bool in_run = start > 0 && text.data[start - 1] == '\\' && text.data[start] == '\\';
    size_t longest = 0;
    for (size_t i = 0; i < known.count; i++) {
        const struct secret *secret = &known.secrets[i];
        size_t escaped = in_run ? 0 : match_at(text, start, secret, match_escaped);
        size_t percent = match_at(text, start, secret, match_percent);
        size_t length = escaped > percent ? escaped : percent;
        longest = length > longest ? length : longest;
    }
    return longest;
}

void redact_append(struct strbuf *out, struct slice text)
{
    size_t plain = 0;   /* where what was not yet appended begins */
    size_t covered = 0; /* where the present match ends; another may begin inside it */
    for (size_t i = 0; known.count > 0 && i < text.size; i++) {
        if (!known.begins[(unsigned char)text.data[i]]) {
            continue;
        }
        size_t length = longest_match(text, i);
        if (length == 0 || i + length <= covered) {
            continue;
        }
        if (i >= covered) {
            strbuf_append(out, slice_of(text.data + plain, i - plain));
            strbuf_append(out, MARK);
        }
        covered = i + length;
        plain = covered;
    }
    strbuf_append(out, slice_skip(text, plain));
}

/* Does the name, without '-' and '_' and in lower case, end in `word`? *whole: is it all of it? */
static bool name_ends_with(struct slice name, struct slice word, bool *whole)
{
    size_t left = word.size;
    while (name.size > 0) {
        char byte = name.data[name.size - 1];
        name.size--;
        if (byte == '-' || byte == '_') {
            continue;
        }
        if (left == 0) {
            *whole = false;
            return true;
        }
        if (!slice_equal_nocase(slice_of(&byte, 1), slice_of(word.data + left - 1, 1))) {
            return false;
        }
        left--;
    }
    *whole = true;
    return left == 0;
}

bool redact_is_secret_name(struct slice name)
{
    /* `whole` ones are part of harmless names too: ClientToken, NextToken, secret_postgres. */
    static const struct {
        struct slice word;
        bool whole;
    } words[] = {
        {SLICE_INIT("password"), false},        {SLICE_INIT("passwd"), false},
        {SLICE_INIT("passphrase"), false},      {SLICE_INIT("pwd"), true},
        {SLICE_INIT("authorization"), false},   {SLICE_INIT("cookie"), false},
        {SLICE_INIT("secretaccesskey"), false}, {SLICE_INIT("secretkey"), false},
        {SLICE_INIT("privatekey"), false},      {SLICE_INIT("apikey"), false},
        {SLICE_INIT("clientsecret"), false},    {SLICE_INIT("secret"), true},
        {SLICE_INIT("secretstring"), false},    {SLICE_INIT("secretbinary"), false},
        {SLICE_INIT("securitytoken"), false},   {SLICE_INIT("sessiontoken"), false},
        {SLICE_INIT("secretstoken"), false},    {SLICE_INIT("accesstoken"), false},
        {SLICE_INIT("xamzsignature"), false},   {SLICE_INIT("token"), true},
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        bool whole = false;
        if (name_ends_with(name, words[i].word, &whole) && (whole || !words[i].whole)) {
            return true;
        }
    }
    return false;
}

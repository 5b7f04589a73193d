/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines. Each is put together in one array on the stack, whose size covers the longest line that the
 * bounded message and fields can become, and written with one write(). */
#include "core/base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/utf8.h"

enum {
    MESSAGE_MAX = 256,
    FIELDS_MAX = 2048,
    QUOTE_MAX = 128,
    /* an escaped byte takes 6; a one-byte field without a value, the worst, 14 for its two with the blank */
    LINE_MAX_BYTES = 6 * MESSAGE_MAX + 8 * FIELDS_MAX + 128
};

static enum log_level max_level = LOG_INFO;
static enum log_format line_format = LOG_TEXT;

struct line {
    size_t n;
    char p[LINE_MAX_BYTES];
};

void log_setup(enum log_level level, enum log_format format)
{
    max_level = level;
    line_format = format;
}

bool log_enabled(enum log_level level)
{
    return level <= max_level;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many bytes at the beginning of s can go into a JSON string as they are: 0, or one whole character. */
static size_t plain_length(struct slice s)
{
    unsigned char c = (unsigned char)s.p[0];
    if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F)
        return 0;
    if (c < 0x80)
        return 1;
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    return n <= s.n && utf8_valid((struct slice){s.p, n}) ? n : 0;
}

/* One byte that is not plain, as an escape of at most 6 bytes. Bytes that are not UTF-8 appear as if they
 * were Latin-1. */
static size_t escape_byte(char *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = {['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    out[0] = '\\';
    if (c < sizeof named && named[c]) {
        out[1] = named[c];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

/* Writes s as the inside of a JSON string: at most 6 * s.n bytes. */
static size_t escape(char *out, struct slice s)
{
    size_t n = 0;
    while (s.n > 0) {
        size_t plain = plain_length(s);
        if (plain > 0)
            memcpy(out + n, s.p, plain);
        n += plain > 0 ? plain : escape_byte(out + n, (unsigned char)s.p[0]);
        s = slice_from(s, plain > 0 ? plain : 1);
    }
    return n;
}

const char *log_quote(struct slice s)
{
    static char ring[4][6 * QUOTE_MAX + sizeof "\"...\""];
    static unsigned turn;
    char *z = ring[turn++ % 4];
    bool cut = s.n > QUOTE_MAX;
    if (cut) {
        size_t keep = QUOTE_MAX;
        while (keep > QUOTE_MAX - 3 && ((unsigned char)s.p[keep] & 0xC0) == 0x80)
            keep--;
        s.n = keep;
    }
    size_t n = 0;
    z[n++] = '"';
    n += escape(z + n, s);
    if (cut) {
        memcpy(z + n, "...", 3);
        n += 3;
    }
    z[n++] = '"';
    z[n] = '\0';
    return z;
}

static void put(struct line *l, struct slice s)
{
    assert(s.n <= sizeof l->p - l->n);
    if (s.n > 0)
        memcpy(l->p + l->n, s.p, s.n);
    l->n += s.n;
}

static void puts_line(struct line *l, const char *z)
{
    put(l, slice_of(z));
}

static void put_escaped(struct line *l, struct slice s)
{
    assert(6 * s.n <= sizeof l->p - l->n);
    l->n += escape(l->p + l->n, s);
}

/* A line stays a line: control characters of a careless field become blanks in text. */
static void put_text(struct line *l, struct slice s)
{
    size_t from = l->n;
    put(l, s);
    for (; from < l->n; from++) {
        if ((unsigned char)l->p[from] < 0x20 || l->p[from] == 0x7F)
            l->p[from] = ' ';
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)? with at most 15 digits: what a double keeps. */
static bool is_number(struct slice s)
{
    size_t i = s.n > 0 && s.p[0] == '-', digits = 0, whole = i;
    while (i < s.n && is_digit(s.p[i]))
        i++, digits++;
    if (digits == 0 || (s.p[whole] == '0' && digits > 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        size_t point = i++;
        while (i < s.n && is_digit(s.p[i]))
            i++, digits++;
        if (i == point + 1)
            return false;
    }
    return i == s.n && digits <= 15;
}

static bool is_literal(struct slice s)
{
    return is_number(s) || slice_is(s, "true") || slice_is(s, "false");
}

/* The length of an escape sequence as escape_byte() makes them, or 0. */
static size_t escape_length(struct slice s)
{
    if (s.n < 2)
        return 0;
    if (s.p[1] != 'u')
        return strchr("\"\\nrt", s.p[1]) && s.p[1] ? 2 : 0;
    return s.n >= 6 && s.p[2] == '0' && s.p[3] == '0' && is_hex(s.p[4]) && is_hex(s.p[5]) ? 6 : 0;
}

/* The length of a value that log_quote() made, quotes included; 0 when it is something else. */
static size_t quoted_length(struct slice s)
{
    if (s.n == 0 || s.p[0] != '"')
        return 0;
    size_t i = 1;
    while (i < s.n && s.p[i] != '"') {
        struct slice rest = slice_from(s, i);
        size_t n = s.p[i] == '\\' ? escape_length(rest) : plain_length(rest);
        if (n == 0)
            return 0;
        i += n;
    }
    if (i >= s.n || (i + 1 < s.n && s.p[i + 1] != ' '))
        return 0;
    return i + 1;
}

static size_t length_to(struct slice s, const char *stop)
{
    size_t n = 0;
    while (n < s.n && !strchr(stop, s.p[n]))
        n++;
    return n;
}

/* The pair at the beginning of s as a member; returns its length. */
static size_t put_member(struct line *l, struct slice s)
{
    size_t key = length_to(s, "= ");
    puts_line(l, ",\"");
    put_escaped(l, (struct slice){s.p, key});
    puts_line(l, "\":");
    if (key == s.n || s.p[key] != '=') {
        puts_line(l, "true");
        return key;
    }
    struct slice value = slice_from(s, key + 1);
    size_t n = quoted_length(value);
    bool as_it_is = n > 0;
    if (!as_it_is) {
        n = length_to(value, " ");
        as_it_is = is_literal((struct slice){value.p, n});
    }
    value.n = n;
    if (as_it_is) {
        put(l, value);
    } else {
        puts_line(l, "\"");
        put_escaped(l, value);
        puts_line(l, "\"");
    }
    return key + 1 + n;
}

static void put_json(struct line *l, const char *level, struct slice message, struct slice fields)
{
    puts_line(l, "\",\"level\":\"");
    puts_line(l, level);
    puts_line(l, "\",\"message\":\"");
    put_escaped(l, message);
    puts_line(l, "\"");
    while (fields.n > 0) {
        if (fields.p[0] == ' ')
            fields = slice_from(fields, 1);
        else
            fields = slice_from(fields, put_member(l, fields));
    }
    puts_line(l, "}");
}

/* RFC 3339 in UTC with milliseconds. */
static void put_time(struct line *l)
{
    struct timespec now;
    struct tm tm;
    char z[64];
    int got = clock_gettime(CLOCK_REALTIME, &now);
    assert(got == 0);
    if (gmtime_r(&now.tv_sec, &tm) == NULL)
        return;
    size_t n = strftime(z, sizeof z, "%Y-%m-%dT%H:%M:%S", &tm);
    int more = snprintf(z + n, sizeof z - n, ".%03ldZ", now.tv_nsec / 1000000);
    assert(more > 0);
    puts_line(l, z);
}

static void put_line(struct line *l, enum log_level level, struct slice message, struct slice fields)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if (line_format == LOG_JSON) {
        puts_line(l, "{\"time\":\"");
        put_time(l);
        put_json(l, names[level], message, fields);
    } else {
        put_time(l);
        char z[16];
        snprintf(z, sizeof z, " %-5s ", names[level]);
        puts_line(l, z);
        put_text(l, message);
        puts_line(l, fields.n > 0 ? " " : "");
        put_text(l, fields);
    }
    puts_line(l, "\n");
}

void log_write(enum log_level level, const char *message, const char *fields, ...)
{
    if (!log_enabled(level))
        return;
    char text[FIELDS_MAX + 1] = "";
    size_t n = 0;
    if (fields) {
        va_list ap;
        va_start(ap, fields);
        int want = vsnprintf(text, sizeof text, fields, ap);
        va_end(ap);
        assert(want >= 0);
        n = min_size((size_t)want, FIELDS_MAX);
        if ((size_t)want > n)
            memcpy(text + n - 3, "...", 3);
    }
    struct line l;
    l.n = 0;
    struct slice m = {message, strnlen(message, MESSAGE_MAX)};
    put_line(&l, level, m, (struct slice){text, n});
    if (write(STDERR_FILENO, l.p, l.n) < 0) {
        /* the log is where it would be told */
    }
}

bool log_limit(struct log_limit *l, uint64_t now_ms, uint64_t *suppressed)
{
    uint64_t second = now_ms / 1000 + 1; /* 0: never logged */
    if (l->second == second) {
        l->suppressed++;
        return false;
    }
    *suppressed = l->suppressed;
    *l = (struct log_limit){.second = second};
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers: the head at once, the body as it comes. */
#include "loadtest/wire/http_answer.h"

#include <stdio.h>
#include <strings.h>

#include "core/base/err.h"
#include "loadtest/format.h"

#define MAX_SHOWN 120 /* bytes of a status line or a body in a message */

static size_t find(struct slice text, const char *what)
{
    const char *at = text.n > 0 ? memmem(text.p, text.n, what, strlen(what)) : NULL;
    return at ? (size_t)(at - text.p) : text.n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice trim(struct slice text)
{
    while (text.n > 0 && is_blank(text.p[0]))
        text = slice_from(text, 1);
    while (text.n > 0 && is_blank(text.p[text.n - 1]))
        text.n--;
    return text;
}

struct slice http_answer_header(struct slice head, const char *name)
{
    size_t n = strlen(name);
    for (struct slice rest = head; rest.n > 0;) {
        size_t end = find(rest, "\r\n");
        if (end > n && rest.p[n] == ':' && strncasecmp(rest.p, name, n) == 0)
            return trim((struct slice){rest.p + n + 1, end - n - 1});
        rest = slice_from(rest, end + 2 <= rest.n ? end + 2 : rest.n);
    }
    return SLICE_NONE;
}

long http_answer_head_size(struct slice got, char *why, size_t size)
{
    size_t end = find(got, "\r\n\r\n");
    if (got.n > 0 && memcmp(got.p, "HTTP/", got.n < 5 ? got.n : 5) != 0) {
        snprintf(why, size, "the server does not speak HTTP");
        return -1;
    }
    if (end < got.n && end + 4 <= HTTP_ANSWER_MAX_HEAD)
        return (long)end + 4;
    if (got.n < HTTP_ANSWER_MAX_HEAD)
        return 0;
    snprintf(why, size, "the headers of the answer are longer than %d bytes", HTTP_ANSWER_MAX_HEAD);
    return -1;
}

void http_answer_refusal(char *why, size_t size, struct slice line, struct slice body)
{
    size_t shown = body.n < MAX_SHOWN ? body.n : MAX_SHOWN;
    snprintf(why, size, "the server answered \"%.*s\"%s%.*s", (int)(line.n < MAX_SHOWN ? line.n : MAX_SHOWN),
             line.p, shown > 0 ? ": " : "", (int)shown, shown > 0 ? body.p : "");
    format_line(why);
}

/* Whether a header that is a list has this word. */
static bool has_word(struct slice list, const char *word)
{
    while (list.n > 0) {
        size_t end = find(list, ",");
        struct slice item = trim((struct slice){list.p, end});
        if (item.n == strlen(word) && strncasecmp(item.p, word, item.n) == 0)
            return true;
        list = slice_from(list, end < list.n ? end + 1 : end);
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_number(struct slice text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i]) || i >= 18)
            return false;
        *number = *number * 10 + (uint64_t)(text.p[i] - '0');
    }
    return text.n > 0;
}

static unsigned idle_seconds(struct slice header)
{
    size_t at = find(header, "timeout=");
    unsigned seconds = 0;
    for (size_t i = at + 8; i < header.n && is_digit(header.p[i]) && seconds < 100000; i++)
        seconds = seconds * 10 + (unsigned)(header.p[i] - '0');
    return seconds;
}

static bool read_framing(struct http_answer *answer, struct slice head)
{
    struct slice length = http_answer_header(head, "Content-Length");
    if (answer->status == 204 || answer->status == 304 || answer->status == 101) {
        answer->framing = HTTP_NO_BODY;
    } else if (has_word(http_answer_header(head, "Transfer-Encoding"), "chunked")) {
        answer->framing = HTTP_CHUNKED;
    } else if (length.p) {
        answer->framing = HTTP_LENGTH;
        return read_number(length, &answer->left);
    } else {
        answer->framing = HTTP_UNTIL_CLOSE;
    }
    return true;
}

/* "HTTP/1.1 200 OK" */
static bool read_status(struct http_answer *answer, struct slice line)
{
    uint64_t status;
    if (line.n < 12 || !slice_starts(line, "HTTP/1.") || !is_digit(line.p[7]) || line.p[8] != ' ' ||
        !read_number((struct slice){line.p + 9, 3}, &status) || status < 100 ||
        (line.n > 12 && line.p[12] != ' '))
        return false;
    answer->status = (int)status;
    answer->keep_alive = line.p[7] != '0';
    snprintf(answer->line, sizeof answer->line, "%.*s", SLICE_FMT(line));
    return true;
}

int http_answer_head(struct http_answer *answer, struct slice *rest, char *why, size_t size)
{
    do {
        long n = http_answer_head_size(*rest, why, size);
        if (n <= 0)
            return (int)n;
        struct slice head = {rest->p, (size_t)n - 2}, line = {rest->p, find(*rest, "\r\n")};
        *answer = (struct http_answer){0};
        if (!read_status(answer, line) || !read_framing(answer, head)) {
            http_answer_refusal(why, size, line, SLICE_LIT("which is malformed"));
            return -1;
        }
        if (has_word(http_answer_header(head, "Connection"), "close") || answer->framing == HTTP_UNTIL_CLOSE)
            answer->keep_alive = false;
        answer->event_stream = slice_starts(http_answer_header(head, "Content-Type"), "text/event-stream");
        answer->idle_s = idle_seconds(http_answer_header(head, "Keep-Alive"));
        *rest = slice_from(*rest, (size_t)n);
    } while (answer->status < 200 && answer->status != 101);
    return 1;
}

static int chunked_body(struct http_answer *answer, struct slice *rest, struct slice *part)
{
    size_t used = 0, made = 0;
    int got = http_chunks_decode(&answer->chunks, (char *)(uintptr_t)rest->p, rest->n, &used, &made);
    *part = (struct slice){rest->p, made};
    *rest = slice_from(*rest, used);
    return got;
}

int http_answer_body(struct http_answer *answer, struct slice *rest, struct slice *part)
{
    *part = SLICE_NONE;
    switch (answer->framing) {
    case HTTP_NO_BODY:
        return 1;
    case HTTP_CHUNKED:
        return chunked_body(answer, rest, part);
    case HTTP_LENGTH:
        part->p = rest->p;
        part->n = rest->n < answer->left ? rest->n : (size_t)answer->left;
        answer->left -= part->n;
        *rest = slice_from(*rest, part->n);
        return answer->left == 0;
    case HTTP_UNTIL_CLOSE:
        *part = *rest;
        *rest = slice_from(*rest, rest->n);
        return 0;
    }
    return ERR_PARSE;
}

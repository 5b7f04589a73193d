/* SPDX-License-Identifier: Apache-2.0 */
/* Matches addresses with the blocks of trusted_proxies. */
#include "gateway/server/proxies.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/xalloc.h"
#include "core/codec/http.h"

/* Reads an address as it stands in settings and headers; "[::1]", "1.2.3.4:567" and zones are not understood
 * on purpose: a proxy that we trust does not write them, and what is not understood is not trusted. */
static bool parse_address(struct slice text, uint8_t out[16], bool *v4)
{
    char z[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memcpy(out, mapped, sizeof mapped);
    *v4 = inet_pton(AF_INET, z, out + 12) == 1;
    return *v4 || inet_pton(AF_INET6, z, out) == 1;
}

static bool parse_bits(struct slice text, unsigned most, unsigned *bits)
{
    if (text.n == 0 || text.n > 3)
        return false;
    *bits = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *bits = *bits * 10 + (unsigned)(text.p[i] - '0');
    }
    return *bits <= most;
}

static bool parse_block(struct slice text, struct proxy_block *block)
{
    bool v4;
    const char *slash = memchr(text.p, '/', text.n);
    struct slice address = {text.p, slash == NULL ? text.n : (size_t)(slash - text.p)};
    if (!parse_address(address, block->address, &v4))
        return false;
    block->bits = v4 ? 32 : 128;
    if (slash != NULL && !parse_bits(slice_from(text, address.n + 1), block->bits, &block->bits))
        return false;
    if (v4)
        block->bits += 96;
    return true;
}

static int add_block(struct proxies *p, struct slice text, char *why, size_t why_size)
{
    p->blocks = xrealloc(p->blocks, (p->count + 1) * sizeof *p->blocks);
    if (parse_block(text, &p->blocks[p->count])) {
        p->count++;
        return 0;
    }
    snprintf(why, why_size, "trusted_proxies: expected addresses or blocks such as 10.0.0.0/8, got \"%.*s\"",
             (int)(text.n < 64 ? text.n : 64), text.p);
    return ERR_BAD_REQUEST;
}

int proxies_compile(struct proxies *p, const char *text, char *why, size_t why_size)
{
    struct slice rest = slice_of(text), element;
    int err = 0;
    proxies_free(p);
    while (err == 0 && http_list_next(&rest, &element))
        err = add_block(p, element, why, why_size);
    if (err != 0)
        proxies_free(p);
    else
        p->text = xstrndup(slice_of(text));
    return err;
}

void proxies_free(struct proxies *p)
{
    free(p->text);
    free(p->blocks);
    *p = (struct proxies){0};
}

static bool inside(const struct proxy_block *block, const uint8_t address[16])
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;
    if (memcmp(block->address, address, whole) != 0)
        return false;
    return rest == 0 || (block->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool proxies_trust(const struct proxies *p, struct slice address)
{
    uint8_t bytes[16];
    bool v4;
    if (p->count == 0 || !parse_address(address, bytes, &v4))
        return false;
    for (size_t i = 0; i < p->count; i++)
        if (inside(&p->blocks[i], bytes))
            return true;
    return false;
}

static bool take_last(struct slice *list, struct slice *element)
{
    while (list->n > 0) {
        const char *comma = memrchr(list->p, ',', list->n);
        struct slice tail = slice_from(*list, comma == NULL ? 0 : (size_t)(comma - list->p) + 1);
        list->n = comma == NULL ? 0 : (size_t)(comma - list->p);
        if (http_list_next(&tail, element))
            return true;
    }
    return false;
}

struct slice proxies_client(const struct proxies *p, struct slice peer, struct slice forwarded_for)
{
    struct slice said;
    uint8_t bytes[16];
    bool v4;
    while (proxies_trust(p, peer) && take_last(&forwarded_for, &said) && parse_address(said, bytes, &v4))
        peer = said;
    return peer;
}

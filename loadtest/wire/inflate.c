/* SPDX-License-Identifier: Apache-2.0 */
/* One zlib stream, begun anew for each message. */
#include "loadtest/wire/inflate.h"

#include <stdlib.h>

#include "core/base/err.h"

void inflater_init(struct inflater *inflater, size_t max)
{
    *inflater = (struct inflater){.max = max};
}

void inflater_free(struct inflater *inflater)
{
    if (inflater->out)
        inflateEnd(&inflater->z);
    free(inflater->out);
    inflater->out = NULL;
}

static int begin(struct inflater *inflater)
{
    if (inflater->out)
        return inflateReset(&inflater->z) == Z_OK ? 0 : ERR_NOMEM;
    if (inflateInit2(&inflater->z, -MAX_WBITS) != Z_OK)
        return ERR_NOMEM;
    inflater->out = malloc(inflater->max + 1); /* one more, so that a message of max bytes does not fill it */
    if (inflater->out)
        return 0;
    inflateEnd(&inflater->z);
    return ERR_NOMEM;
}

static int feed(z_stream *z, struct slice in)
{
    z->next_in = (unsigned char *)(uintptr_t)in.p;
    z->avail_in = (unsigned)in.n;
    int got = in.n > 0 ? inflate(z, Z_SYNC_FLUSH) : Z_OK;
    if (z->avail_out == 0)
        return ERR_TOO_LARGE;
    return (got == Z_OK || got == Z_BUF_ERROR || got == Z_STREAM_END) && z->avail_in == 0 ? 0 : ERR_PARSE;
}

int inflater_message(struct inflater *inflater, struct slice message, struct slice *text)
{
    /* What the sender took off the end (RFC 7692, section 7.2.1). */
    static const struct slice tail = {"\x00\x00\xff\xff", 4};
    int err = begin(inflater);
    if (err != 0)
        return err;
    z_stream *z = &inflater->z;
    z->next_out = (unsigned char *)inflater->out;
    z->avail_out = (unsigned)(inflater->max + 1);
    err = feed(z, message);
    if (err == 0)
        err = feed(z, tail);
    *text = (struct slice){inflater->out, inflater->max + 1 - z->avail_out};
    return err;
}

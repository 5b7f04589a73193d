/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes Engine.IO v4 packets in their text form, alone or joined in a polling payload. */
#include "core/codec/engineio.h"

#include <assert.h>

#include "core/base/err.h"

int eio_decode(struct slice text, struct eio_packet *packet)
{
    if (text.n == 0)
        return ERR_PARSE;
    char c = text.p[0];
    bool base64 = c == 'b'; /* a binary message has no type digit */
    if (!base64 && (c < '0' || c > '0' + EIO_NOOP))
        return ERR_PARSE;
    packet->type = base64 ? EIO_MESSAGE : (enum eio_type)(c - '0');
    packet->binary = packet->base64 = base64;
    packet->data = slice_from(text, 1);
    return 0;
}

/* After a packet its separator stays in *rest: so an empty packet after the last separator, which is an
 * error, differs from the end. */
int eio_payload_next(struct slice *rest, bool *first, struct eio_packet *packet)
{
    if (*first) {
        *first = false;
    } else {
        if (rest->n == 0)
            return 0;
        assert(rest->p[0] == EIO_SEPARATOR);
        *rest = slice_from(*rest, 1);
    }
    const char *separator = rest->n == 0 ? NULL : memchr(rest->p, EIO_SEPARATOR, rest->n);
    struct slice text = {rest->p, separator == NULL ? rest->n : (size_t)(separator - rest->p)};
    int rc = eio_decode(text, packet);
    if (rc != 0)
        return rc;
    *rest = slice_from(*rest, text.n);
    return 1;
}
